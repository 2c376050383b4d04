"""Charging sessions: the list with its filters and totals, its export, and the page of one session."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.selectors import session_ledger
from billing.selectors.session_ledger import Entry
from charging.models import ChargingSession
from charging.selectors import sessions
from portal.web import downloads, lists
from portal.web.access import SignedInRequest, operator_view
from portal.web.staff import session_story
from portal.web.staff.session_filter import SessionFilter
from tenants import audit
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
    filters = SessionFilter(request.GET, operator=operator)
    page = lists.page(sessions.shown(filters.rows), request, by="started_at")
    return render(
        request,
        "staff/sessions/list.html",
        {
            "nav": "sessions",
            "filters": filters,
            "page": page,
            "entries": session_ledger.entries(page.rows),
            "totals": session_ledger.totals(filters.rows) if "totals" in request.GET else None,
            "now": timezone.now(),
        },
    )


@operator_view(Permission.VIEW_SESSIONS)
def session_export(request: SignedInRequest, operator: Operator) -> HttpResponseBase:
    """Send exactly the filtered list as CSV, however long it is."""
    filters = SessionFilter(request.GET, operator=operator)
    if not filters.is_valid():
        return redirect(f"{reverse('staff:session_list', args=[operator.slug])}?{filters.query()}")
    audit.record("sessions.exported", query=filters.query())
    return downloads.csv_file(
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


def _around(session: ChargingSession, operator: Operator) -> dict[str, Any]:
    earlier, later = sessions.neighbours(session)
    crumbs = [(_("Sessions"), reverse("staff:session_list", args=[operator.slug]))]
    return {"crumbs": crumbs, "earlier": earlier, "later": later}


def _lines(filters: SessionFilter) -> Iterator[tuple[object, ...]]:
    return (_line(entry) for entry in session_ledger.stream(filters.rows))


def _line(entry: Entry) -> tuple[object, ...]:
    """Write one session in the order of `COLUMNS`. Amounts are exact, so that the column adds up to the total."""
    session, price = entry.session, entry.price if entry.amount is not None else None
    zone = session.site.zone
    return (
        session.external_id, session.public_id, session.source, session.site.name, session.station.identifier,
        session.connector.number, session.driver or "", session.token or "", session.site.time_zone,
        _moment(session.started_at, zone), _moment(session.ended_at, zone),
        _moment(session.started_at), _moment(session.ended_at), entry.duration_s, _kwh(session.energy_wh),
        session.state, session.stop_reason, session.review, " ".join(session.flags), entry.standing.value,
        price.currency if price else "", price.amount_excl_vat if price else "",
        price.amount_incl_vat if price else "", entry.invoice or "",
    )  # fmt: skip


def _moment(moment: datetime | None, zone: tzinfo = UTC) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds") if moment else ""


def _kwh(energy_wh: int | None) -> Decimal | str:
    return "" if energy_wh is None else Decimal(energy_wh).scaleb(-3)
