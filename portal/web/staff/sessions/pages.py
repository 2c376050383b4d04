"""Charging sessions: the list with its filters and totals, its export, and the page of one session."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.selectors import day_sums, session_ledger
from billing.selectors.day_sums import Position
from billing.selectors.session_ledger import Totals
from charging.models import ChargingSession
from charging.selectors import late_charges, sessions
from charging.site_scope import in_site_scope
from portal.gate.access import SignedInRequest, operator_view
from portal.web import list_files, lists, signed_values, tables
from portal.web.staff.sessions import story as session_story
from portal.web.staff.sessions.columns import SESSIONS, file_columns
from portal.web.staff.sessions.filter import SessionFilter
from portal.web.tables import Shown
from tenants.models import Operator
from tenants.permissions import Permission


@operator_view(Permission.VIEW_SESSIONS)
def session_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List sessions, newest first unless sorted otherwise; the totals are asked for by the page once it stands."""
    if tidy := lists.untidy(request):
        return tidy
    filters, shown = _filter(request, operator), tables.shown(SESSIONS, request)
    found: dict[str, Any] = {"filters": filters, "shown": shown, **_totals(filters, request)}
    if request.htmx and found["totals"]:
        return render(request, "staff/sessions/_totals.html", found)
    rows = _within_reach(filters, request, shown)
    found["shown"] = shown = shown.within(rows)
    page = shown.page(sessions.shown(rows), request)
    found |= {"nav": "sessions", "page": page, "entries": session_ledger.entries(page.rows), "now": timezone.now()}
    return render(request, "staff/sessions/list.html", found)


def _totals(filters: SessionFilter, request: SignedInRequest) -> dict[str, Totals | None]:
    """The totals of the list, and of what it would hold besides if it were kept one by one still."""
    if "totals" not in request.GET:
        return {"totals": None}
    wanted, past = filters.by_day(), filters.past()
    listed = session_ledger.totals(filters.rows) if wanted is None else day_sums.totals(replace(wanted, is_past=False))
    besides = None if past is None else day_sums.totals(past)
    return {"totals": listed, "past": besides if besides and besides.sessions else None}


def _within_reach(filters: SessionFilter, request: SignedInRequest, shown: Shown) -> QuerySet[ChargingSession]:
    """The rows, or of a status that may be rare those of this page alone: sums by day know where they are."""
    wanted = filters.by_day()
    if wanted is None or wanted.statuses is None or shown.order != SESSIONS.order:
        return filters.rows
    keys = day_sums.find(wanted, rows=lists.PAGE_SIZE + 1, after=_position(request))
    return filters.rows if keys is None else filters.rows.filter(pk__in=keys)


def _position(request: SignedInRequest) -> Position | None:
    for name in ("before", "after"):
        begin = lists.position(request, name, ChargingSession.objects.all(), by="started_at")
        if begin is not None:
            return Position(*begin, newer=name == "before")
    return None


@operator_view(Permission.VIEW_SESSIONS, step_up=True, takes_out=True)
def session_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the filtered list as a file, in its order, with the names and the language of the reader."""
    filters, shown = _filter(request, operator), tables.shown(SESSIONS, request)
    return list_files.answer(
        request,
        shown,
        filters.rows,
        filters=filters,
        columns=file_columns(sees_people=request.access.may(Permission.VIEW_DRIVERS)),
        back=reverse("staff:session_list", args=[operator.slug]),
        read=session_ledger.stream,
    )


@operator_view(Permission.VIEW_SESSIONS)
def session_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Tell everything about one session: what happened, what it costs and why, who decided what."""
    session = get_object_or_404(sessions.whole(ChargingSession.objects.all()), public_id=public_id)
    story = session_story.of(session, operator, may_see_audit=request.access.may(Permission.VIEW_AUDIT))
    return render(request, "staff/sessions/detail.html", {"nav": "sessions", **story, **_around(session, operator)})


@operator_view(Permission.VIEW_DRIVERS, takes_out=True)
def session_signed(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Send what the meter signed about the session, as it came: the whole number of the card may stand in it."""
    session = get_object_or_404(ChargingSession.objects.select_related("site"), public_id=public_id)
    return signed_values.answer(session)


def _filter(request: SignedInRequest, operator: Operator) -> SessionFilter:
    may_see_drivers = request.access.may(Permission.VIEW_DRIVERS)
    return SessionFilter(request.GET, operator=operator, may_see_drivers=may_see_drivers)


def _around(session: ChargingSession, operator: Operator) -> dict[str, Any]:
    earlier, later = sessions.neighbours(session)
    crumbs = [(_("Sessions"), reverse("staff:session_list", args=[operator.slug]))]
    return {
        "crumbs": crumbs,
        "came_late_at": late_charges.came_at(session),
        "earlier": earlier,
        "later": later,
        "station_in_sight": in_site_scope(session.station.site_id),
    }
