"""Sums by day say what the sessions say, whatever changes them, and find the sessions that a walk through all finds."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from billing.models import BilledSession, DaySum, Invoice, InvoiceRun, SessionPrice, StaleDay, StaleMonth
from billing.models.billing_status import BillingStatus, Bucket
from billing.selectors import day_sums, invoice_sums, invoices, revenue, session_ledger
from billing.selectors.day_sums import Position, Wanted
from billing.services import credit_notes, runs
from billing.services import day_sums as services
from billing.tests import factories
from charging.models import ChargingSession
from charging.site_scope import limited_to
from tenants.models import Operator

pytestmark = pytest.mark.django_db
WHERE = ["", *BillingStatus.values, *Bucket.values]


@pytest.fixture
def sites(in_north):
    """Two sites with sessions of every standing on either side of many midnights."""
    places = [factories.connector(), factories.connector()]
    factories.tariff()
    payer = factories.driver()
    chance = random.Random(4)
    for number in range(36):
        at = places[number % 2]
        start = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(hours=11 * number + chance.random())
        end = start + timedelta(hours=chance.choice([1, 5, 30]))
        session = factories.session(at, payer if number % 9 else None, start=start, ended_at=end)
        changes: dict[int, dict[str, Any]] = {
            3: {"review": "pending"},
            4: {"review": "written_off"},
            5: {"state": "ACTIVE", "ended_at": None},
        }
        ChargingSession.objects.filter(pk=session.pk).update(**changes.get(number % 12, {"review": ""}))
    return [after.station.site for after in places]


def plain(wanted, where):
    rows = session_ledger.having(ChargingSession.objects.all(), where)
    operator = Operator.objects.get()
    if wanted.first:
        rows = rows.filter(started_at__gte=day_sums.midnight(wanted.first, operator.zone))
    if wanted.last:
        rows = rows.filter(started_at__lt=day_sums.midnight(wanted.last + timedelta(days=1), operator.zone))
    if wanted.site:
        rows = rows.filter(site=wanted.site)
    return rows


def agree(sites):
    """Every filter comes to the same, by the sums and by the sessions."""
    for first, last in ((None, None), (date(2026, 10, 5), date(2026, 10, 9)), (date(2026, 10, 8), None)):
        for site in (None, *sites):
            for where in WHERE if first is None and site is None else ("", "not_yet"):
                wanted = Wanted(first=first, last=last, site=site, statuses=day_sums.statuses_of(where))
                rows = plain(wanted, where)
                told, counted = day_sums.totals(wanted), session_ledger.totals(rows)
                assert (told.sessions, told.energy_wh, told.duration_s) == (
                    counted.sessions, counted.energy_wh, counted.duration_s,
                ), (wanted, where)  # fmt: skip
                assert list(told.amounts) == list(counted.amounts), (wanted, where)
                if wanted.statuses is not None:
                    _finds(wanted, rows)


def _finds(wanted, rows):
    listed = list(rows.order_by("-started_at", "-pk"))
    keys = [row.pk for row in listed]
    assert day_sums.find(wanted, rows=5) in (keys[:5], None)
    for number, row in enumerate(listed):
        if number % 6 == 1:
            older = day_sums.find(wanted, rows=3, after=Position(row.started_at, row.pk))
            newer = day_sums.find(wanted, rows=3, after=Position(row.started_at, row.pk, newer=True))
            assert older in (keys[number + 1 : number + 4], None)
            assert newer in (keys[max(0, number - 3) : number][::-1], None)


def first_issued():
    return Invoice.objects.filter(kind="invoice", state="issued").earliest("pk")


def count():
    while services.refresh(limit=3):
        pass
    assert not StaleDay.objects.exists()


def test_the_sums_are_those_of_the_sessions_before_and_after_they_are_counted(sites):
    assert not DaySum.objects.exists()
    agree(sites)
    services.refresh(limit=3)
    assert DaySum.objects.exists()
    assert StaleDay.objects.exists()
    agree(sites)
    count()
    agree(sites)


def test_every_change_is_seen_at_once_and_kept_when_it_is_counted(sites):
    count()
    changes = [
        factories.rate_all,
        lambda: ChargingSession.objects.filter(review="pending").update(review="approved"),
        factories.rate_all,
        lambda: SessionPrice.objects.earliest("pk").delete(),
        factories.rate_all,
        factories.issued,
        lambda: credit_notes.credit(first_issued(), reason="x", by=None, at=timezone.now()),
        lambda: ChargingSession.objects.filter(billings__isnull=True).update(energy_wh=77),
        lambda: Operator.objects.update(time_zone="Pacific/Auckland"),
        lambda: ChargingSession.objects.filter(billings=None, prices=None, state="COMPLETED").earliest("pk").delete(),
    ]
    for change in changes:
        change()
        assert StaleDay.objects.exists(), change
        agree(sites)
        count()
        agree(sites)
    assert BilledSession.objects.exists()


def test_a_day_is_one_of_the_operators_clock(sites):
    count()
    Operator.objects.update(time_zone="Asia/Kathmandu")
    agree(sites)
    count()
    agree(sites)


def test_only_the_sites_in_sight_count(sites):
    count()
    with limited_to([sites[1].pk]):
        agree([sites[1]])
        assert day_sums.totals(Wanted(site=sites[0])).sessions == 0
        assert day_sums.totals(Wanted()).sessions == ChargingSession.objects.count() > 0
    with limited_to([]):
        assert day_sums.totals(Wanted()).sessions == 0
        assert day_sums.find(Wanted(statuses=BillingStatus.values), rows=5) == []


def test_revenue_is_by_the_day_on_which_sessions_started(sites):
    factories.rate_all()
    count()
    zone = Operator.objects.get().zone
    days = revenue.by_day(first=date(2026, 10, 1), last=date(2026, 10, 31))
    told = {day.day: (day.sessions, day.energy_wh) for day in days}
    counted = {day: [0, 0] for day in told}
    for session in ChargingSession.objects.all():
        day = session.started_at.astimezone(zone).date()
        if day in counted:
            counted[day][0] += 1
            counted[day][1] += session.energy_wh or 0
    assert told == {day: tuple(values) for day, values in counted.items()}


def test_a_statement_that_moves_the_scope_leaves_its_marks_all_the_same(sites, in_north):
    count()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE charging_chargingsession SET energy_wh = energy_wh + 1 WHERE id = %s "
            "RETURNING set_config('app.operator_id', '', true)",
            [ChargingSession.objects.filter(state="COMPLETED", review="").earliest("pk").pk],
        )
        cursor.execute("SELECT set_config('app.operator_id', %s, true)", [str(in_north.pk)])
    assert StaleDay.objects.exists()
    agree(sites)


def test_sums_of_months_are_those_of_the_documents_whatever_changes_them(sites, in_north):
    def agree_months():
        for kind in ("", "invoice", "credit_note"):
            for state in ("", "draft", "issued"):
                for month in (None, date(2026, 10, 1), date(2026, 11, 1)):
                    rows = invoices.listing(kind=kind, state=state, month=month)
                    told = invoice_sums.of_all(kind=kind, state=state, month=month)
                    assert told == invoice_sums.of(rows), (kind, state, month)

    factories.rate_all()
    changes = [
        factories.drafted,
        lambda: runs.issue(InvoiceRun.objects.get(), by=None, at=factories.NOVEMBER),
        lambda: credit_notes.credit(Invoice.objects.earliest("pk"), reason="x", by=None, at=timezone.now()),
    ]
    for change in changes:
        change()
        assert StaleMonth.objects.exists(), change
        agree_months()
        while services.refresh_months():
            pass
        assert not StaleMonth.objects.exists()
        agree_months()
