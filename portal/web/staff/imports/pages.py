"""Imports of session files: the list, the upload, the look before anything is written, progress, and the result."""

from datetime import datetime, timedelta
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

from billing.selectors import differences
from billing.services import import_undo as undoing
from charging.domain.reasons import Reject
from charging.ingest import template
from charging.ingest.layout import Field, Layout
from charging.ingest.previewing import Preview
from charging.ingest.profiles import ready_made
from charging.models import FileImport, ImportLook, RejectedRow
from charging.selectors import imports
from charging.services import imports as services
from charging.services import looks
from portal.files import streamed, uploads
from portal.files import tables as files
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web import list_files, lists, tables
from portal.web.acts import attempted, told
from portal.web.staff.imports.columns import IMPORTS, ImportFilter, file_columns
from portal.web.staff.imports.layout import CONCLUDED, RARE, LayoutForm
from portal.words import measures
from portal.words.imports import FACTS, HELP, PROFILES
from portal.words.say import say, why
from tenants.log import audit
from tenants.models import Operator
from tenants.permissions import Permission

State = FileImport.State
LABELS = dict(FACTS)
ROWS_SHOWN = 8
COLUMNS_SHOWN = 40
#: An import that waits for longer than this has others before it.
SOON = timedelta(seconds=15)


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


@operator_view(Permission.IMPORT_SESSIONS)
def import_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List the imports, newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters = ImportFilter(request.GET, operator=operator)
    rows = filters.rows
    shown = tables.shown(IMPORTS, request).within(rows)
    context = {"nav": "imports", "filters": filters, "shown": shown, "page": shown.page(rows, request)}
    return render(request, "staff/imports/list.html", {**context, "sums": imports.sums(rows)})


@operator_view(Permission.IMPORT_SESSIONS, takes_out=True)
def import_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the listed imports as a file."""
    filters = ImportFilter(request.GET, operator=operator)
    return list_files.answer(
        request,
        tables.shown(IMPORTS, request),
        filters.rows,
        filters=filters,
        columns=file_columns(operator),
        back=reverse("staff:import_list", args=[operator.slug]),
    )


@operator_view(Permission.IMPORT_SESSIONS)
@uploads.takes_files
def import_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Take a file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        file = form.cleaned_data["file"]
        if row := attempted(form, services.upload, file, name=file.name, by=request.user):
            looks.ask(row, by=request.user, at=timezone.now(), profile=form.cleaned_data["profile"])
            return redirect(_url(operator, row))
    helpful = [(heading, HELP[fact], template.COLUMNS[fact]) for heading, fact in _template(operator)]
    others = [label for fact, label in FACTS if fact in RARE]
    context = {"nav": "imports", "form": form, "helpful": helpful, "others": others, "crumbs": _crumbs(operator)}
    return render(request, "staff/imports/new.html", context)


@operator_view(Permission.IMPORT_SESSIONS, takes_out=True)
def import_template(request: SignedInRequest, operator: Operator, kind: str) -> HttpResponseBase:
    """Send an empty file with the headings of the columns that help, in the reader's language."""
    columns = [files.FileColumn(heading, lambda _row: None) for heading, _fact in _template(operator)]
    name = _("template-for-sessions")
    return files.table_file(name, kind=files.kind(kind), columns=columns, rows=list, operator=operator)


@operator_view(Permission.IMPORT_SESSIONS)
def import_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show an import where it is: questions and a preview, progress, or the result."""
    row = _row(public_id)
    if row.state in (State.QUEUED, State.RUNNING):
        return _page(request, operator, row, "running", waits_for=_waits_for(operator, row, at=timezone.now()))
    if row.state == State.UNDONE:
        return _page(request, operator, row, "undone")
    undo = undoing.latest(row)
    if undo is not None and undo.is_open:
        return _page(request, operator, row, "undoing")
    if row.state == State.DONE:
        return _page(request, operator, row, "result", undo=undo, **_result(request, row))
    look = looks.newest(row)
    if look is not None and look.is_open:
        looks.remind(look, at=timezone.now())
        return _page(request, operator, row, "reading", look=look)
    return _look_page(request, operator, row, look, _form(look))


@operator_view(Permission.IMPORT_SESSIONS)
@require_POST
def import_start(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Have the file looked at again as the person says now, or imported if that leaves nothing open."""
    row = _row(public_id)
    look = looks.newest(row)
    form = None if "profile_only" in request.POST else _form(look, request.POST)
    if form is None:
        profile = request.POST.get("profile", "")
        told(request, "", looks.ask, row, by=request.user, at=timezone.now(), profile=profile)
    elif not (form.is_valid() and _asked(request, row, form, look)):
        return _look_page(request, operator, row, look, form)
    return redirect(_url(operator, row))


@operator_view(Permission.IMPORT_SESSIONS)
@require_POST
def import_discard(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Remove a file of which nothing was imported."""
    row = _row(public_id)
    told(request, _("The file was discarded."), looks.discard, row)
    return redirect("staff:import_list", operator.slug)


@operator_view(Permission.IMPORT_SESSIONS)
@require_POST
def import_undo(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take an import back: its sessions, and what it added and nobody else uses."""
    row = _row(public_id)
    told(request, _("The import is being undone."), undoing.ask, row, by=request.user)
    return redirect(_url(operator, row))


@operator_view(Permission.IMPORT_SESSIONS, takes_out=True)
def import_rejected(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponseBase:
    """Send the rejected rows with their reasons, to be corrected and imported again."""
    row = _row(public_id)
    audit.record(Event.IMPORT_REJECTED_DOWNLOADED, about=row, rows=row.rejected)
    return streamed.sent(
        f"rejected-{row.public_id}.csv",
        lambda: imports.rejected_file(operator_id=operator.pk, import_id=row.pk),
        operator=operator,
    )


def _waits_for(operator: Operator, row: FileImport, *, at: datetime) -> str:
    """Say why an import has not begun; nothing once it has."""
    if row.state != State.QUEUED:
        return ""
    if row.leased_until and row.leased_until > at:
        clock = measures.local_clock(row.leased_until, operator.zone)
        said = _("It could not be finished at the last try: %(why)s It is tried again at %(clock)s.")
        return said % {"why": say(row.error, row.error_facts), "clock": clock}
    if first := imports.ahead(row).first():
        return _("“%(file)s” is imported first: files go in one after the other, in the order they came.") % {
            "file": first.file_name
        }
    if at - row.queued_at > SOON:
        return _("Files of others are being imported; yours begins as soon as one of them is done.")
    return _("It begins in a moment.")


def _template(operator: Operator) -> list[tuple[str, Field]]:
    """The headings of the template, in the reader's language."""
    words = {fact: str(label) for fact, label in FACTS}
    return [(heading, fact) for fact, heading in template.headings(words, zone=operator.time_zone).items()]


def profile_choices(header: list[str] | None = None) -> list[tuple[Any, Any]]:
    """The profiles to choose from: none, the operator's own, and those that come with the product and fit the file."""
    own = [(profile.name, profile.name) for profile in imports.profiles()]
    fitting = [profile for profile in ready_made().values() if header and profile.layout.fits(header)]
    known = [(profile.name, str(PROFILES.get(profile.name, profile.title))) for profile in fitting]
    groups = [(_("Yours"), own), (_("Ready-made"), known)]
    return [("", _("Guess the columns")), *((name, group) for name, group in groups if group)]


def _form(look: ImportLook | None, data: Any = None) -> LayoutForm | None:
    """The form about the file, as it was last read or last asked to be; None while it never could be read."""
    preview = looks.shown_by(look) if look else None
    if look is None or preview is None:
        return None
    said = looks.said_in(look)
    failed = looks.problem_of(look) is not None
    layout = (said if failed else None) or preview.layout
    options = {**look.options, "creates": [thing.value for thing in preview.creates]}
    return LayoutForm(data, layout=layout, said=said, header=preview.header, options=options)


def _asked(request: SignedInRequest, row: FileImport, form: LayoutForm, look: ImportLook | None) -> bool:
    """Keep the profile if asked to, and have the file looked at or imported; False when that is refused."""
    name = form.cleaned_data["save_as"]
    kept = _to_keep(form.said(), looks.shown_by(look) if look else None)
    profile = attempted(form, services.save_profile, name, layout=kept) if name else None
    if form.errors:
        return False
    asked = attempted(
        form,
        looks.ask,
        row,
        by=request.user,
        at=timezone.now(),
        layout=form.said(),
        profile=profile.name if profile else request.POST.get("profile", ""),
        options=form.options(),
        starts="start" in request.POST,
    )
    return asked is not None


def _to_keep(said: Layout, preview: Preview | None) -> Layout:
    """The layout with what the file proved of the very columns that are said, so that the next file proves it not."""
    if preview is None or preview.layout.columns != said.columns:
        return said
    proved = {name: getattr(preview.layout, name) for name in CONCLUDED if getattr(said, name) is None}
    return said.saying(**proved)


def _look_page(
    request: SignedInRequest, operator: Operator, row: FileImport, look: ImportLook | None, form: LayoutForm | None
) -> HttpResponse:
    preview = looks.shown_by(look) if look else None
    problem = looks.problem_of(look) if look else None
    context = {
        "problem": why(problem) if problem else "",
        "form": form,
        "preview": preview,
        "questions": form.questions(preview) if form else [],
        "settings": form.settings(preview) if form else [],
        "news": form.news(preview) if form and preview and not preview.questions else [],
        "held_up": bool(look and preview and look.starts and not preview.questions and looks.is_open(look, preview)),
        "columns": form.columns(preview) if form else [],
        "unused": _unused(preview) if preview else [],
        "placeholders": [(LABELS[one.fact], one) for one in preview.placeholders] if preview else [],
        "no_card": preview is not None and not preview.layout.names(Field.TOKEN),
        "profile": look.profile if look else "",
        "profiles": profile_choices(preview.header if preview else None),
        "earlier": imports.earlier(row).first(),
        "rows_shown": ROWS_SHOWN,
        "columns_shown": f":{COLUMNS_SHOWN}",
    }
    return _page(request, operator, row, "look", **context)


def _unused(preview: Preview) -> list[str]:
    used = {name for names in preview.layout.columns.values() for name in names}
    return [name for name in preview.header if name not in used]


def _result(request: SignedInRequest, row: FileImport) -> dict[str, Any]:
    asked, is_settled = request.GET.get("reason", ""), bool(request.GET.get("settled"))
    reason = asked if asked in set(Reject) else ""
    reasons, settled = imports.reasons(row), imports.settled_counts(row)
    return {
        "reasons": reasons,
        "reason": reason,
        "differences": differences.open_ones(row).count() if row.rejected else 0,
        "waiting": sum(rows for _reason, rows, _energy in reasons),
        "settled": sum(settled.values()),
        "left_out": settled.get(RejectedRow.Settled.LEFT, 0),
        "is_settled": is_settled,
        "flags": imports.flags(row) if row.flagged else [],
        "in_vain": imports.attempts_in_vain(row),
        "page": lists.numbered(imports.rejected_rows(row, reason=reason, settled=is_settled), request),
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
