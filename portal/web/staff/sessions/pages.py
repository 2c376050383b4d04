"""Charging sessions: the list with its filters and totals, its export, and the page of one session."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from billing.selectors import day_sums, session_ledger
from billing.selectors.day_sums import Place
from billing.selectors.session_ledger import Row, Totals
from charging.models import ChargingSession
from charging.selectors import sessions
from charging.site_scope import in_site_scope
from portal.files import streamed
from portal.gate.access import SignedInRequest, operator_view
from portal.gate.events import Event
from portal.web import lists
from portal.web.chosen import chosen
from portal.web.staff.sessions import story as session_story
from portal.web.staff.sessions.filter import SessionFilter
from tenants.log import audit
from tenants.models import Operator
from tenants.permissions import Permission

COLUMNS = (
    "session", "portal_id", "source", "site", "station", "connector", "customer_number", "card", "time_zone",
    "started_local", "ended_local", "started_utc", "ended_utc", "duration_s", "energy_kwh", "state", "stop_reason",
    "review", "remarks", "billing", "currency", "amount_excl_vat", "amount_incl_vat", "invoice",
)  # fmt: skip


@operator_view(Permission.VIEW_SESSIONS)
def session_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """List sessions, newest first; the totals are asked for by the page once it stands."""
    filters = _filter(request, operator)
    found: dict[str, Any] = {"filters": filters, "totals": _totals(filters) if "totals" in request.GET else None}
    if request.htmx and found["totals"]:
        return render(request, "staff/sessions/_totals.html", found)
    page = lists.page(sessions.shown(_within_reach(filters, request)), request, by="started_at")
    found |= {"nav": "sessions", "page": page, "entries": session_ledger.entries(page.rows), "now": timezone.now()}
    return render(request, "staff/sessions/list.html", found)


def _totals(filters: SessionFilter) -> Totals:
    wanted = filters.by_day()
    return session_ledger.totals(filters.rows) if wanted is None else day_sums.totals(wanted)


def _within_reach(filters: SessionFilter, request: SignedInRequest) -> QuerySet[ChargingSession]:
    """The rows, or of a status that may be rare those of this page alone: sums by day know where they are."""
    wanted = filters.by_day()
    if wanted is None or wanted.statuses is None:
        return filters.rows
    keys = day_sums.find(wanted, rows=lists.PAGE_SIZE + 1, place=_place(request))
    return filters.rows if keys is None else filters.rows.filter(pk__in=keys)


def _place(request: SignedInRequest) -> Place | None:
    for name in ("before", "after"):
        if (position := lists.position(request, name)) is not None:
            return Place(*position, newer=name == "before")
    return None


@operator_view(Permission.VIEW_SESSIONS, takes_out=True)
def session_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the filtered list as CSV, however long it is."""
    filters = _filter(request, operator)
    if not filters.is_valid():
        return redirect(f"{reverse('staff:session_list', args=[operator.slug])}?{filters.query()}")
    audit.record(Event.SESSIONS_EXPORTED, query=urlencode(chosen(filters)))
    return streamed.csv_file(
        f"sessions-{operator.slug}-{timezone.now():%Y-%m-%d}.csv",
        header=COLUMNS,
        lines=lambda: _lines(filters),
        operator=operator,
    )


@operator_view(Permission.VIEW_SESSIONS)
def session_detail(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Tell everything about one session: what happened, what it costs and why, who decided what."""
    session = get_object_or_404(sessions.whole(ChargingSession.objects.all()), public_id=public_id)
    story = session_story.of(session, may_see_audit=request.access.may(Permission.VIEW_AUDIT))
    return render(request, "staff/sessions/detail.html", {"nav": "sessions", **story, **_around(session, operator)})


def _filter(request: SignedInRequest, operator: Operator) -> SessionFilter:
    may_see_drivers = request.access.may(Permission.VIEW_DRIVERS)
    return SessionFilter(request.GET, operator=operator, may_see_drivers=may_see_drivers)


def _around(session: ChargingSession, operator: Operator) -> dict[str, Any]:
    earlier, later = sessions.neighbours(session)
    crumbs = [(_("Sessions"), reverse("staff:session_list", args=[operator.slug]))]
    return {
        "crumbs": crumbs,
        "earlier": earlier,
        "later": later,
        "station_in_sight": in_site_scope(session.station.site_id),
    }


def _lines(filters: SessionFilter) -> Iterator[tuple[object, ...]]:
    return map(_line, session_ledger.stream(filters.rows))


def _line(row: Row) -> tuple[object, ...]:
    """Write one session in the order of `COLUMNS`. Amounts are exact, so that the column adds up to the total."""
    zone = ZoneInfo(row.time_zone)
    currency, excl_vat, incl_vat = (
        (row.currency, row.amount_excl_vat, row.amount_incl_vat) if row.is_priced else ("", "", "")
    )
    return (
        row.external_id, row.public_id, row.source, row.site, row.station, row.connector, row.customer_number,
        row.card_number or (f"…{row.card_uid[-4:]}" if row.card_uid else ""), row.time_zone,
        _moment(row.started_at, zone), _moment(row.ended_at, zone), _moment(row.started_at), _moment(row.ended_at),
        int((row.ended_at - row.started_at).total_seconds()) if row.ended_at else "",
        "" if row.energy_wh is None else Decimal(row.energy_wh).scaleb(-3),
        row.state, row.stop_reason, row.review, " ".join(row.flags), row.status.value,
        currency, excl_vat, incl_vat, f"{row.invoice_series}{row.invoice_number}" if row.invoice_number else "",
    )  # fmt: skip


def _moment(moment: datetime | None, zone: tzinfo = UTC) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""
