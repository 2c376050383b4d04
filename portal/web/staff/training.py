"""Training in security and privacy: one's own page, who has confirmed it, and the operator's own words."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import REFUSALS, attempted
from portal.words import regions
from portal.words import training as words
from portal.words.say import why
from tenants.models import Operator
from tenants.permissions import Permission
from tenants.selectors import training as selector
from tenants.services.people import training as services
from tenants.training import Course, State, read, written


class AnswerForm(forms.Form):
    """The questions of a course, each with its answers."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, data: Any, *, course: Course) -> None:
        super().__init__(data, initial={"seen": course.sha256})
        for at, question in enumerate(course.questions):
            self.fields[f"question_{at}"] = forms.TypedChoiceField(
                label=question.text,
                choices=list(enumerate(question.answers)),
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose an answer.")},
            )

    def answers(self) -> list[int | None]:
        """What was chosen, question by question."""
        return [self.cleaned_data.get(name) for name in self.fields if name != "seen"]

    def mark(self, wrong: list[int]) -> None:
        """Say at each question that is answered wrongly that it is."""
        for at in wrong:
            self.add_error(f"question_{at}", _("That is not right. Read again, and choose another answer."))


class WordsForm(forms.Form):
    """A title, a text and questions in each language, and whether they say something new."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=1_000_000)
    asks_again = forms.TypedChoiceField(
        label=gettext_lazy("What is new"),
        choices=[
            ("no", gettext_lazy("The same content, better worded: whoever has confirmed does so again next year")),
            ("yes", gettext_lazy("Something new: everybody confirms again within thirty days")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        initial="no",
    )

    def __init__(self, *args: Any, courses: Mapping[str, Course], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, _name in settings.LANGUAGES:
            course, what = courses.get(language), {"language": regions.language(language)}
            self.fields[f"title_{language}"] = forms.CharField(
                label=_("Title, %(language)s") % what,
                max_length=100,
                required=False,
                initial=course.title if course else "",
            )
            for part, label, rows, initial in (
                ("text", _("Text, %(language)s"), 14, course.text if course else ""),
                ("questions", _("Questions, %(language)s"), 20, written(course.questions) if course else ""),
            ):
                self.fields[f"{part}_{language}"] = forms.CharField(
                    label=label % what,
                    max_length=20_000,
                    required=False,
                    initial=initial,
                    widget=forms.Textarea(attrs={"rows": rows, "lang": language}),
                )
        self.courses: dict[str, Course] = {}

    def clean(self) -> dict[str, Any]:
        """Read the questions of each language that has words; refuse a language with only some of the three."""
        super().clean()
        for language, _name in settings.LANGUAGES:
            self._read(language)
        if not self.errors and not self.courses:
            raise forms.ValidationError(_("Write the words in at least one language."))
        return self.cleaned_data

    def _read(self, language: str) -> None:
        names = [f"{part}_{language}" for part in ("title", "text", "questions")]
        said = [self.cleaned_data.get(name, "").replace("\r\n", "\n").strip() for name in names]
        if not any(said):
            return
        for name, value in zip(names, said, strict=True):
            if not value and name not in self.errors:
                self.add_error(name, _("Write a title, a text and questions, or none of them."))
        if not all(said):
            return
        try:
            self.courses[language] = Course(0, language, said[0], said[1], read(said[2]))
        except REFUSALS as refusal:
            self.add_error(names[2], why(refusal))

    def languages(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the name of their language."""
        return [
            (str(name), [self[f"{part}_{code}"] for part in ("title", "text", "questions")])
            for code, name in settings.LANGUAGES
        ]


@operator_view(Permission.VIEW_OVERVIEW, without_people=True)
def training(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the training with its questions, and confirm it when all are answered rightly."""
    course = words.in_force(get_language() or operator.language)
    form = AnswerForm(request.POST if request.method == "POST" else None, course=course)
    standing = selector.of_member(request.user, operator, at=timezone.now())
    if request.method == "POST" and standing is None:  # a visitor of the platform, who does not work here
        raise PermissionDenied
    if request.method == "POST" and form.is_valid() and _is_confirmed(request, form, course):
        messages.success(request, _("Confirmed. Thank you. You are asked again in a year."))
        return redirect("staff:overview", operator.slug)
    context = {
        "nav": "privacy" if request.access.may(Permission.VIEW_PRIVACY) else "training",
        "course": course,
        "form": form,
        "standing": standing,
        "is_done": standing is not None and standing.state == State.DONE,
    }
    return render(request, "staff/training/read.html", context, status=400 if form.errors else 200)


def _is_confirmed(request: SignedInRequest, form: AnswerForm, course: Course) -> bool:
    facts = {"seen": form.cleaned_data["seen"], "answers": form.answers(), "at": timezone.now()}
    wrong = attempted(form, services.confirm, request.user, course, **facts)
    form.mark(wrong or [])
    return not form.errors


@operator_view(Permission.VIEW_PEOPLE)
def training_people(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show who has confirmed the training and who is late, and the words that hold."""
    course = words.in_force(get_language() or operator.language)
    lines = selector.of_everybody(operator, at=timezone.now())
    context = {
        "nav": "privacy",
        "lines": [(line, *words.STATES[line.standing.state]) for line in lines],
        "overdue": sum(line.standing.state == State.OVERDUE for line in lines),
        "course": course,
        "history": selector.history(),
    }
    return render(request, "staff/training/people.html", context)


@operator_view(Permission.MANAGE_SECURITY, step_up=True)
@require_POST
def training_rule(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Make opening personal data depend on the training, or no more."""
    is_on = request.POST.get("rule") == "on"
    services.open_data_by_it(operator, is_on=is_on)
    on = _("From now on only those who have confirmed the training can open personal data.")
    messages.success(request, on if is_on else _("Personal data can be opened without the training again."))
    return redirect("staff:training_people", operator.slug)


@operator_view(Permission.MANAGE_PRIVACY)
def training_write(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Write the operator's own training, and publish it as the next version."""
    held = words.in_force(get_language() or operator.language)
    courses = selector.of_version(held.version) or {
        language: words.portals_own(language) for language, _name in settings.LANGUAGES
    }
    form = WordsForm(request.POST or None, courses=courses, initial={"seen": held.version})
    if request.method == "POST" and form.is_valid():
        facts = {"seen": form.cleaned_data["seen"], "asks_again": form.cleaned_data["asks_again"]}
        version = attempted(form, services.publish, form.courses, at=timezone.now(), **facts)
        if version is not None:
            messages.success(request, _("Version %(version)d has been published.") % {"version": version})
            return redirect("staff:training", operator.slug)
    crumbs = [(_("Training"), reverse("staff:training", args=[operator.slug]))]
    context = {"nav": "privacy", "crumbs": crumbs, "form": form}
    return render(request, "staff/training/write.html", context, status=400 if form.errors else 200)
