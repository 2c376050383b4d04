"""The audit log: what happened at the operator, newest first, in sentences; one entry; the history of one thing."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from portal.files import audit_log as audit_log_file
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web import lists, tables
from portal.web.chosen import chosen
from portal.web.staff.audit.columns import AUDIT, usual
from portal.web.staff.audit.filter import AuditFilter
from portal.words.log import lines as audit_lines
from portal.words.log import objects as audit_objects
from tenants.log import audit
from tenants.log import reading as audit_log
from tenants.models import AuditEntry, Operator
from tenants.permissions import Permission

SAME_REQUEST_SHOWN = 50


@operator_view(Permission.VIEW_AUDIT)
def audit_log_page(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List what happened, newest first unless sorted otherwise."""
    if tidy := lists.untidy(request):
        return tidy
    filters, shown = AuditFilter(request.GET, operator=operator), tables.shown(AUDIT, request)
    page = shown.page(filters.rows, request)
    lines = audit_lines.lines(page.rows, zone=operator.zone)
    context = {"nav": "audit", "filters": filters, "shown": shown, "page": page, "lines": lines}
    return render(request, "staff/audit/list.html", context)


@operator_view(Permission.VIEW_AUDIT)
def audit_entry(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Show everything one entry holds, and what else the same request did."""
    entry = audit_log.entry(public_id)
    if entry is None:
        raise Http404
    others = audit_log.entries(request=entry.cid).exclude(pk=entry.pk) if entry.cid else AuditEntry.objects.none()
    context = {
        "nav": "audit",
        "crumbs": [(_("Audit log"), _log(operator))],
        "entry": entry,
        "shown": usual(),
        "line": audit_lines.lines([entry], zone=operator.zone)[0],
        "may_see_people": request.access.may(Permission.VIEW_PEOPLE),
        "others": audit_lines.lines(
            list(others.order_by("-timestamp", "-pk")[:SAME_REQUEST_SHOWN]), zone=operator.zone
        ),
        "object_url": audit_objects.url(
            audit_lines.model_of(entry), entry.object_id, operator=operator, may=request.access.permissions
        ),
    }
    return render(request, "staff/audit/entry.html", context)


@operator_view(Permission.VIEW_AUDIT, step_up=True, takes_out=True)
def audit_csv(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the filtered log as CSV, however long it is."""
    return _file(request, operator, "csv")


@operator_view(Permission.VIEW_AUDIT, step_up=True, takes_out=True)
def audit_jsonl(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the filtered log as JSON lines, however long it is."""
    return _file(request, operator, "jsonl")


@operator_view(Permission.VIEW_AUDIT)
def history(request: SignedInRequest, operator: Operator, public_id: UUID, *, word: str) -> HttpResponse:
    """Tell what happened to one thing and to what belongs to it, newest first."""
    thing = next(thing for thing in audit_objects.THINGS if thing.word == word)
    row = audit_objects.find(thing, public_id, operator=operator)
    if row is None:
        raise Http404
    back = audit_objects.url(thing.model, row.pk, operator=operator, may=request.access.permissions)
    rows = audit_log.entries(objects=[(thing.model, row.pk), *thing.related([row])])
    return _history(request, operator, rows, title=_name(row), back=back)


@operator_view(Permission.VIEW_AUDIT)
def history_settings(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Tell how the operator's settings came to be as they are: changes alone, as most events are about the operator."""
    rows = audit_log.entries(act="changed", kind="tenants.operator")
    back = audit_objects.url(Operator, operator.pk, operator=operator, may=request.access.permissions)
    return _history(request, operator, rows, title=_("Settings"), back=back)


HISTORIES: list[URLPattern] = [
    *(
        path(f"history/{thing.word}/<uuid:public_id>/", history, {"word": thing.word}, name=f"history_{thing.word}")
        for thing in audit_objects.THINGS
    ),
    path("history/settings/", history_settings, name="history_settings"),
]


def _history(request: SignedInRequest, operator: Operator, rows: Any, *, title: str, back: str) -> HttpResponse:
    page = lists.page(rows, request, by="timestamp")
    lines = audit_lines.lines(page.rows, zone=operator.zone)
    context = {"nav": "audit", "page": page, "lines": lines, "shown": usual(), "title": title, "back": back}
    return render(request, "staff/audit/history.html", context)


def _file(request: SignedInRequest, operator: Operator, form: str) -> HttpResponseBase:
    filters = AuditFilter(request.GET, operator=operator)
    if not filters.is_valid():
        return redirect(f"{_log(operator)}?{filters.query()}")
    narrowed = {name: value for name, value in chosen(filters).items() if value}
    facts: dict[str, Any] = {"query": narrowed} if narrowed else {}
    audit.record(Event.AUDIT_EXPORTED, form=form, **facts)
    return audit_log_file.answer(operator, form, filters.criteria())


def _log(operator: Operator) -> str:
    return reverse("staff:audit_log", args=[operator.slug])


def _name(row: Any) -> str:
    return str(getattr(row, "user", None) or row) if type(row).__name__ == "Membership" else str(row)
