"""The forms of the desk for incidents. Times are typed by the operator's clock."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.web.sensible_days import sensible_moment
from portal.words import incidents as words
from portal.words import regions
from tenants.breach import Clock
from tenants.log import reading
from tenants.models import ApiKey, Incident, Operator, User
from tenants.selectors import people

_FORM = "%Y-%m-%dT%H:%M"
KNOWN_DAYS = timedelta(days=7)


def _moment(label: Any, **more: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_FORM)
    return forms.DateTimeField(label=label, widget=widget, validators=[sensible_moment], **more)


def _words(label: Any, rows: int = 4, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=5000, widget=forms.Textarea(attrs={"rows": rows}), **more)


class OpenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new incident."""

    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What was harmed"), choices=Incident.Kind.choices, widget=forms.CheckboxSelectMultiple
    )
    known_at = _moment(
        gettext_lazy("Known since"),
        help_text=gettext_lazy("When the first of you knew. The clocks count from then, and it cannot be changed."),
    )
    began_at = _moment(gettext_lazy("It began"), required=False)
    ended_at = _moment(gettext_lazy("It ended"), required=False)
    text = _words(gettext_lazy("What is known now"))

    class Meta:
        model = Incident
        fields = ("title", "kinds", "known_at", "began_at", "ended_at", "risk", "is_significant")
        help_texts = {
            "is_significant": gettext_lazy(
                "It disturbs the service or costs much, or could, or harms others: then the cyber security authority is"
                " told (NIS2 art. 23(3))."
            ),
        }

    def facts(self) -> dict[str, Any]:
        """The fields of the incident."""
        return {name: value for name, value in self.cleaned_data.items() if name != "text"}


class NoteForm(forms.Form):
    """What became known, or was done."""

    text = _words(gettext_lazy("What is known, or was done"), rows=3)
    happened_at = _moment(gettext_lazy("When"))


class ReportForm(forms.Form):
    """Who was told."""

    clock = forms.ChoiceField(label=gettext_lazy("Who was told"))
    told_at = _moment(gettext_lazy("When"))
    reference = forms.CharField(label=gettext_lazy("Reference number"), max_length=100, required=False)
    late_reason = forms.CharField(
        label=gettext_lazy("Why it comes late"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Only where its time is over."),
    )

    def __init__(self, *args: Any, waiting: Sequence[Clock], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(clock.value, words.CLOCKS[clock][0]) for clock in waiting]
        self.fields["clock"] = forms.ChoiceField(label=_("Who was told"), choices=choices)


class JudgeForm(forms.Form):
    """The risk, anew."""

    risk = forms.ChoiceField(
        label=gettext_lazy("Risk to people"), choices=Incident.Risk.choices, widget=forms.RadioSelect
    )
    is_significant = forms.BooleanField(label=gettext_lazy("Significant under NIS2"), required=False)
    reason = _words(gettext_lazy("Why"), rows=2)


class FindForm(forms.Form):
    """A question to the audit log: whose data was seen or changed, by whom, from where, when."""

    since = _moment(gettext_lazy("From"))
    until = _moment(gettext_lazy("Until"))
    who = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    address = forms.GenericIPAddressField(
        label=gettext_lazy("Address"), required=False, help_text=gettext_lazy("Such as 192.0.2.7.")
    )
    is_everybody = forms.BooleanField(
        label=gettext_lazy("Everybody, as a whole register went"),
        required=False,
        help_text=gettext_lazy("Every driver there was by then, whoever looked at whom."),
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        users = {place.user_id: place.user for place in people.staff(operator)}
        users |= people.named(reading.seen("actor_id"))
        self._who: dict[str, dict[str, int]] = {}
        choices: list[Any] = [("", _("anybody"))]
        choices.append((_("People"), [self._person(user) for user in sorted(users.values(), key=str)]))
        choices.append((_("Keys"), [self._key(key) for key in ApiKey.objects.order_by("name", "pk")]))
        self.fields["who"] = forms.ChoiceField(label=_("Who"), required=False, choices=choices)

    def _person(self, user: User) -> tuple[str, str]:
        self._who[f"person-{user.public_id}"] = {"person_id": user.pk}
        return f"person-{user.public_id}", str(user)

    def _key(self, key: ApiKey) -> tuple[str, str]:
        self._who[f"key-{key.public_id}"] = {"key_id": key.pk}
        return f"key-{key.public_id}", str(key)

    def question(self) -> dict[str, Any]:
        """The question as the service takes it; who and from where say nothing where everybody is meant."""
        given = self.cleaned_data
        span = {"since": given["since"], "until": given["until"]}
        if given["is_everybody"]:
            return {**span, "is_everybody": True}
        return {**span, "address": given["address"] or None, **self._who.get(given["who"], {})}


class LetterForm(forms.Form):
    """What the affected are told, in each language."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, _name in settings.LANGUAGES:
            self.fields[f"text_{language}"] = forms.CharField(
                label=_("What you tell them, %(language)s") % {"language": regions.language(language)},
                max_length=5000,
                widget=forms.Textarea(attrs={"rows": 6, "lang": language}),
            )

    def texts(self) -> dict[str, str]:
        """What was written, by language."""
        return {code: self.cleaned_data[f"text_{code}"].replace("\r\n", "\n") for code, _name in settings.LANGUAGES}


class CloseForm(forms.Form):
    """What was learnt."""

    text = _words(gettext_lazy("What was learnt, and what is done so that it does not happen again"), rows=3)


def now_typed() -> str:
    """Now, as a field of time writes it."""
    return timezone.localtime().strftime(_FORM)
