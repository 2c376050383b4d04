"""Imports of session files: the list, the upload, the look before anything is written, progress, and the result."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from charging import tasks
from charging.domain.errors import ChargingError
from charging.domain.reasons import Reject
from charging.ingest.layout import Layout
from charging.ingest.previewing import Preview
from charging.ingest.profiles import ready_made
from charging.models import FileImport
from charging.selectors import imports
from charging.services import imports as services
from charging.services.imports import Options
from portal.files import streamed, uploads
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from portal.web.acts import attempted
from portal.web.staff.imports.layout import LayoutForm
from portal.words.imports import PROFILES
from portal.words.say import why
from tenants.log import audit
from tenants.models import Operator
from tenants.permissions import Permission

State = FileImport.State
ROWS_SHOWN = 8


class UploadForm(forms.Form):
    """The file, and what is known about its kind."""

    file = forms.FileField(label=gettext_lazy("File"), max_length=200)
    profile = forms.ChoiceField(
        label=gettext_lazy("Profile"),
        required=False,
        help_text=gettext_lazy("How such files are read. Without one the columns are guessed and shown to you."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["profile"]
        field.choices = profile_choices()

    def clean_file(self) -> Any:
        """Refuse a file that is larger than what is taken."""
        file = self.cleaned_data["file"]
        if uploads.is_too_large(file.size):
            raise forms.ValidationError(uploads.too_large(file.size))
        return file


@dataclass(frozen=True, slots=True)
class Look:
    """A file looked at before it is imported: the trial reading or why there is none, and the form about it."""

    preview: Preview | None
    problem: str
    form: LayoutForm | None


@operator_view(Permission.IMPORT_SESSIONS)
def import_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the imports, newest first."""
    page = lists.numbered(imports.listing(), request)
    return render(request, "staff/imports/list.html", {"nav": "imports", "page": page})


@operator_view(Permission.IMPORT_SESSIONS)
def import_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Take a file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        file = form.cleaned_data["file"]
        if row := attempted(form, services.upload, file, name=file.name, by=request.user):
            return redirect(f"{_url(operator, row)}?profile={form.cleaned_data['profile']}")
    return render(request, "staff/imports/new.html", {"nav": "imports", "form": form, "crumbs": _crumbs(operator)})


@operator_view(Permission.IMPORT_SESSIONS)
def import_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show an import where it is: questions and a preview, progress, or the result."""
    row = _row(public_id)
    if row.state in (State.QUEUED, State.RUNNING):
        return _page(request, operator, row, "running")
    if row.state == State.DONE:
        return _page(request, operator, row, "result", **_result(request, row))
    return _look_page(request, operator, row, _look(row, request.GET.get("profile", "")))


@operator_view(Permission.IMPORT_SESSIONS)
@require_POST
def import_start(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Look again with what the person says now, or start the import."""
    row = _row(public_id)
    look = _look(row, request.POST.get("profile", ""), answers=request.POST)
    if look.form and look.form.is_valid() and "start" in request.POST and _started(row, look.form):
        return redirect(_url(operator, row))
    return _look_page(request, operator, row, look)


@operator_view(Permission.IMPORT_SESSIONS, takes_out=True)
def import_rejected(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponseBase:
    """Send the rejected rows with their reasons, to be corrected and imported again."""
    row = _row(public_id)
    audit.record("import.rejected_downloaded", about=row, rows=row.rejected)
    return streamed.sent(
        f"rejected-{row.public_id}.csv",
        lambda: imports.rejected_file(operator_id=operator.pk, import_id=row.pk),
        operator=operator,
    )


def profile_choices() -> list[tuple[Any, Any]]:
    """The profiles to choose from: none, the operator's own, those that come with the product."""
    own = [(profile.name, profile.name) for profile in imports.profiles()]
    known = [(profile.name, str(PROFILES.get(profile.name, profile.title))) for profile in ready_made().values()]
    groups = [(_("Yours"), own)] if own else []
    return [("", _("Guess the columns")), *groups, (_("Ready-made"), known)]


def _look(row: FileImport, profile: str, answers: Any = None) -> Look:
    """Read the file on trial, by a profile or by guessing, or as the person says in `answers`."""
    try:
        preview = _preview(row, services.profile_named(profile)[0] if profile else None)
        if answers is None:
            return Look(preview, "", LayoutForm(None, layout=preview.layout, header=preview.header))
    except ChargingError as problem:
        return Look(None, why(problem), None)
    form = LayoutForm(answers, layout=preview.layout, header=preview.header)
    return _look_as_said(row, form, preview) if form.is_valid() else Look(preview, "", form)


def _look_as_said(row: FileImport, form: LayoutForm, before: Preview) -> Look:
    try:
        return Look(_preview(row, form.said(), form.options()), "", form)
    except ChargingError as problem:
        return Look(before, why(problem), form)


def _preview(row: FileImport, layout: Layout | None, options: Options | None = None) -> Preview:
    with row.file.open("rb") as stored:
        return services.preview(stored.file, layout, options=options, at=timezone.now())


def _started(row: FileImport, form: LayoutForm) -> bool:
    """Keep the profile if asked to, and queue the import."""
    name = form.cleaned_data["save_as"]
    profile = attempted(form, services.save_profile, name, layout=form.said()) if name else None
    if form.errors:
        return False
    queued = attempted(form, services.start, row, form.said(), options=form.options(), profile=profile)
    if queued:
        tasks.hurry_import(queued)
    return queued is not None


def _look_page(request: SignedInRequest, operator: Operator, row: FileImport, look: Look) -> HttpResponse:
    context = {
        "look": look,
        "form": look.form,
        "preview": look.preview,
        "questions": look.form.questions(look.preview) if look.form else [],
        "settings": look.form.settings(look.preview) if look.form else [],
        "profile": request.POST.get("profile", request.GET.get("profile", "")),
        "profiles": profile_choices(),
        "earlier": imports.earlier(row).first(),
        "rows_shown": ROWS_SHOWN,
    }
    return _page(request, operator, row, "look", **context)


def _result(request: SignedInRequest, row: FileImport) -> dict[str, Any]:
    asked = request.GET.get("reason", "")
    reason = asked if asked in set(Reject) else ""
    return {
        "reasons": imports.reasons(row),
        "reason": reason,
        "flags": imports.flags(row) if row.flagged else [],
        "page": lists.numbered(imports.rejected_rows(row, reason=reason), request),
    }


def _page(request: SignedInRequest, operator: Operator, row: FileImport, name: str, **context: Any) -> HttpResponse:
    base = {"nav": "imports", "row": row, "crumbs": _crumbs(operator)}
    return render(request, f"staff/imports/{name}.html", base | context)


def _row(public_id: UUID) -> FileImport:
    return get_object_or_404(FileImport.objects.select_related("uploaded_by", "profile"), public_id=public_id)


def _url(operator: Operator, row: FileImport) -> str:
    return reverse("staff:import_detail", args=[operator.slug, row.public_id])


def _crumbs(operator: Operator) -> list[tuple[str, str]]:
    return [(_("Imports"), reverse("staff:import_list", args=[operator.slug]))]
