"""Privacy notices and wordings of consents: what holds, writing in every language, and publishing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from portal.web.addresses import whole
from portal.words import notice_text, regions
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import ConsentNotice, ConsentPurpose, NoticeDraft, Operator, PrivacyNotice
from tenants.permissions import Permission
from tenants.selectors import consents, notices
from tenants.services import mail
from tenants.services.people import notices as services
from tenants.services.people.consents import Words
from tenants.services.people.notices import NOTICE


@dataclass(frozen=True, slots=True)
class Subject:
    """What has words: the privacy notice, or something drivers are asked."""

    code: str
    purpose: ConsentPurpose | None
    notice: PrivacyNotice | ConsentNotice | None
    has_draft: bool

    @property
    def title(self) -> str:
        """What it is called."""
        if self.purpose is None:
            return _("Privacy notice")
        return self.notice.title if self.notice else self.code


class WordsForm(forms.Form):
    """A title and a text in each language."""

    def __init__(self, *args: Any, texts: Mapping[str, Words], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, _name in settings.LANGUAGES:
            words, what = texts.get(language, Words("", "")), {"language": regions.language(language)}
            self.fields[f"title_{language}"] = forms.CharField(
                label=_("Title, %(language)s") % what, max_length=100, required=False, initial=words.title
            )
            self.fields[f"text_{language}"] = forms.CharField(
                label=_("Text, %(language)s") % what,
                max_length=50_000,
                required=False,
                initial=words.text,
                widget=forms.Textarea(attrs={"rows": 14, "lang": language}),
            )

    def clean(self) -> dict[str, Any]:
        """Refuse a text without its title, and the other way round, and no words at all."""
        super().clean()
        texts = self.texts()
        for language, words in texts.items():
            if bool(words.title) != bool(words.text):
                missing = "title" if words.text else "text"
                self.add_error(f"{missing}_{language}", _("Write a title and a text, or neither."))
        if not any(words.text for words in texts.values()):
            raise forms.ValidationError(_("Write the words in at least one language."))
        return self.cleaned_data

    def texts(self) -> dict[str, Words]:
        """What was written, by language."""
        said = {name: value.replace("\r\n", "\n") for name, value in self.cleaned_data.items()}
        return {
            language: Words(said.get(f"title_{language}", ""), said.get(f"text_{language}", ""))
            for language, _name in settings.LANGUAGES
        }

    def languages(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the name of their language."""
        return [(str(name), [self[f"title_{code}"], self[f"text_{code}"]]) for code, name in settings.LANGUAGES]


class PurposeForm(forms.Form):
    """Something else that drivers are to be asked."""

    code = forms.SlugField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("What programs and files call it, such as newsletter. It never changes."),
    )


class PublishForm(forms.Form):
    """Whether the words say something new, and which draft was read."""

    asks_again = forms.TypedChoiceField(
        label=gettext_lazy("What is new"),
        choices=[("yes", gettext_lazy("They say something new")), ("no", gettext_lazy("They say the same, better"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def clean_seen(self) -> datetime:
        """The moment at which the draft was changed that was shown."""
        try:
            return datetime.fromisoformat(self.cleaned_data["seen"])
        except ValueError:
            raise forms.ValidationError(_("Read the words again.")) from None


@operator_view(Permission.VIEW_PRIVACY)
def notice_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the notice and the consents with the words that hold."""
    return _list(request, operator, PurposeForm())


def _list(request: SignedInRequest, operator: Operator, form: PurposeForm) -> HttpResponse:
    language = get_language() or operator.language
    drafts = set(NoticeDraft.objects.values_list("purpose", flat=True))
    notice = notices.in_force(language)
    purposes = list(ConsentPurpose.objects.order_by("-is_active", "code"))
    words = consents.notices_in(purposes, language)
    context = {
        "nav": "privacy",
        "notice": Subject(NOTICE, None, notice, None in drafts),
        "consents": [Subject(each.code, each, words.get(each.pk), each.pk in drafts) for each in purposes],
        "public": whole(request, reverse("public_notice", args=[operator.slug])) if notice else "",
        "form": form,
    }
    return render(request, "staff/privacy/notices.html", context, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def notice_add(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Add something that drivers are to be asked, and go on to its words."""
    form = PurposeForm(request.POST)
    if form.is_valid() and (purpose := attempted(form, services.add_purpose, form.cleaned_data["code"])):
        return redirect("staff:notice_write", operator.slug, purpose.code)
    return _list(request, operator, form)


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def notice_ask(request: SignedInRequest, operator: Operator, code: str) -> HttpResponse:
    """Ask drivers for this consent, or no more."""
    purpose = get_object_or_404(ConsentPurpose, code=code)
    is_asked = request.POST.get("ask") == "yes"
    services.ask_for(purpose, is_asked=is_asked)
    done = _("Drivers are asked now.") if is_asked else _("Drivers are no longer asked. What they answered stays.")
    messages.success(request, done)
    return redirect("staff:notice_list", operator.slug)


@operator_view(Permission.MANAGE_PRIVACY)
def notice_write(request: SignedInRequest, operator: Operator, code: str) -> HttpResponse:
    """Write the words in every language; they are kept as a draft until they are published."""
    subject = _subject(operator, code)
    form = WordsForm(request.POST if request.method == "POST" else None, texts=_beginning(operator, subject))
    if request.method == "POST" and form.is_valid():
        services.write(subject.purpose, form.texts(), by=request.user, at=timezone.now())
        return redirect("staff:notice_publish", operator.slug, code)
    context = {"nav": "privacy", "crumbs": _crumbs(operator), "subject": subject, "form": form}
    return render(request, "staff/privacy/notice_write.html", context, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_PRIVACY)
def notice_publish(request: SignedInRequest, operator: Operator, code: str) -> HttpResponse:
    """Show the draft as it will be read and whom it concerns; publish it."""
    subject = _subject(operator, code)
    draft = notices.draft_of(subject.purpose)
    if draft is None:
        return redirect("staff:notice_write", operator.slug, code)
    version = (subject.notice.version if subject.notice else 0) + 1
    form = PublishForm(request.POST or None, initial={"seen": draft.changed_at.isoformat(), "asks_again": "yes"})
    if request.method == "POST" and form.is_valid() and (told := _published(request, operator, subject, form)):
        messages.success(request, told)
        return redirect("staff:notice_list", operator.slug)
    context = {
        "nav": "privacy",
        "crumbs": [*_crumbs(operator), (subject.title, reverse("staff:notice_write", args=[operator.slug, code]))],
        "subject": subject,
        "version": version,
        "words": [(code, str(name), draft.words.get(code)) for code, name in settings.LANGUAGES],
        "reached": notices.reached_by(subject.purpose, version).count(),
        "can_send": mail.can_send(),
        "form": form,
    }
    return render(request, "staff/privacy/notice_publish.html", context, status=400 if form.errors else 200)


def _published(request: SignedInRequest, operator: Operator, subject: Subject, form: PublishForm) -> str:
    """Publish, and return what to say; empty when it was refused, with the reason on the form."""
    page = reverse("driver:privacy", args=[operator.slug])
    if subject.purpose is None:
        page = reverse("public_notice", args=[operator.slug])
    try:
        version = services.publish(
            subject.purpose,
            seen=form.cleaned_data["seen"],
            asks_again=form.cleaned_data["asks_again"],
            by=request.user,
            at=timezone.now(),
            link=whole(request, page),
        )
    except Refused as refusal:
        form.add_error(None, why(refusal))
        return ""
    return _("Version %(version)d has been published.") % {"version": version}


def _subject(operator: Operator, code: str) -> Subject:
    language = get_language() or operator.language
    if code == NOTICE:
        return Subject(code, None, notices.in_force(language), has_draft=False)
    purpose = get_object_or_404(ConsentPurpose, code=code)
    return Subject(code, purpose, consents.notice_in(purpose, language), has_draft=False)


def _beginning(operator: Operator, subject: Subject) -> dict[str, Words]:
    """What the form begins with: the draft, else the words that hold, else a notice made of the record."""
    draft = notices.draft_of(subject.purpose)
    if draft is not None:
        return {language: Words(**words) for language, words in draft.words.items()}
    held = _held(subject)
    if held or subject.purpose is not None:
        return held
    return {language: notice_text.beginning(operator, language) for language, _name in settings.LANGUAGES}


def _held(subject: Subject) -> dict[str, Words]:
    if subject.notice is None:
        return {}
    rows: Any = PrivacyNotice.objects if subject.purpose is None else subject.purpose.notices
    return {row.language: Words(row.title, row.text) for row in rows.filter(version=subject.notice.version)}


def _crumbs(operator: Operator) -> list[tuple[str, str]]:
    return [(_("Notices and consents"), reverse("staff:notice_list", args=[operator.slug]))]
