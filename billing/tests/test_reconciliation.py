"""Every session stands in exactly one of four buckets, and the sums agree."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.models import Invoice
from billing.models.billing_status import Bucket
from billing.selectors import prices, reconciliation, revenue, session_ledger
from billing.services import credit_notes
from billing.tests.factories import (
    NOVEMBER,
    OCTOBER,
    connector,
    drafted,
    driver,
    flat,
    issued,
    rate_all,
    session,
    tariff,
)
from charging.models import ChargingSession

pytestmark = pytest.mark.usefixtures("in_north")
Review = ChargingSession.Review


def counts(month: date | None = None) -> dict[str, int]:
    return {row.bucket: row.sessions for row in reconciliation.check(month).rows}


def bucket_of(one: ChargingSession) -> Bucket:
    one.refresh_from_db()
    return session_ledger.entries([one])[0].bucket


def test_each_session_is_in_one_bucket():
    at, payer, guest = connector(), driver(), driver()
    tariff()
    tariff(flat("0"), driver=guest)
    invoiced = session(at, payer)
    issued()
    expected = {
        invoiced: Bucket.INVOICED,
        session(at, guest): Bucket.FREE,
        session(at, payer, review=Review.WRITTEN_OFF): Bucket.FREE,
        session(at, payer, review=Review.PENDING): Bucket.UNDER_REVIEW,
        session(at, None): Bucket.UNDER_REVIEW,
        session(at, payer): Bucket.NOT_YET,
        session(at, payer, state="ACTIVE", ended_at=None): Bucket.NOT_YET,
    }
    rate_all()
    expected[session(at, payer)] = Bucket.NOT_YET  # not rated
    assert {one: bucket_of(one) for one in expected} == expected
    assert counts() == {"invoiced": 1, "free": 2, "under_review": 2, "not_yet": 3}
    assert counts(date(2026, 10, 1)) == counts()
    assert set(counts(date(2026, 9, 1)).values()) == {0}
    check = reconciliation.check(date(2026, 10, 5))
    assert check.adds_up
    assert (check.sessions, check.energy_wh, check.ledger_excl_vat) == (8, 80_000, Decimal(20))
    reasons = {(row.bucket, row.reason): row.sessions for row in check.reasons}
    assert reasons == {
        ("invoiced", ""): 1,
        ("free", "zero_price"): 1,
        ("free", "written_off"): 1,
        ("under_review", "pending"): 1,
        ("under_review", "no_driver"): 1,
        ("not_yet", "waiting_for_run"): 1,
        ("not_yet", "active"): 1,
        ("not_yet", "unrated"): 1,
    }


def test_a_draft_is_not_an_invoice_and_a_credited_session_goes_to_a_person():
    tariff()
    one = session(connector(), driver())
    drafted()
    assert bucket_of(one) == Bucket.NOT_YET
    issued()
    assert bucket_of(one) == Bucket.INVOICED
    credit_notes.credit(Invoice.objects.get(), reason="Wrong price", by=None, at=NOVEMBER)
    assert bucket_of(one) == Bucket.UNDER_REVIEW
    assert reconciliation.check().adds_up


def test_rounding_to_the_ore_is_told_and_anything_else_is_found(monkeypatch):
    tariff(flat("0.3333"))
    session(connector(), driver(), kwh=1)
    issued()
    check = reconciliation.check()
    assert (check.rounding, check.tolerance, check.adds_up) == (Decimal("-0.003300"), Decimal("0.005"), True)
    lost = reconciliation._JOINED + " AND i.id IS NULL "
    monkeypatch.setattr(reconciliation, "_JOINED", lost)
    assert not reconciliation.check().adds_up


def test_half_an_ore_a_line_is_rounding_and_more_is_not():
    """Two lines of 0.335 say 0.34 each: a whole öre together, which is all that rounding can add to two lines."""
    tariff(flat("0.335"))
    at, payer = connector(), driver()
    for day in range(2):
        session(at, payer, start=OCTOBER + timedelta(days=day), kwh=1)
    issued()
    check = reconciliation.check()
    assert (check.rounding, check.tolerance, check.adds_up) == (Decimal("0.010000"), Decimal("0.010"), True)
    for excess in (Decimal("0.000001"), Decimal("0.01")):
        assert not replace(check, ledger_excl_vat=check.ledger_excl_vat + excess).adds_up
        assert not replace(check, ledger_excl_vat=check.ledger_excl_vat - 2 * check.rounding - excess).adds_up
    assert not replace(check, tolerance=Decimal("0.009999")).adds_up


def test_what_rounding_may_add_follows_the_smallest_coin():
    """10.4 kronur on Iceland's invoices are 10: 0.4 on one line is rounding there, where nobody pays with aurar."""
    tariff(flat("1.04"), currency="ISK")
    session(connector(), driver())
    issued()
    check = reconciliation.check()
    assert (check.ledger_excl_vat, check.rounding, check.tolerance) == (Decimal(10), Decimal("-0.4"), Decimal("0.5"))
    assert check.adds_up


def test_the_month_is_the_one_of_the_end_in_the_operators_zone():
    at, payer = connector(), driver()
    midnight = datetime(2026, 10, 31, 23, tzinfo=UTC)
    session(at, payer, start=midnight - timedelta(minutes=30), ended_at=midnight)
    assert (counts(date(2026, 10, 1))["not_yet"], counts(date(2026, 11, 1))["not_yet"]) == (0, 1)


def test_revenue_lists_every_day():
    at, payer = connector(), driver()
    tariff()
    session(at, payer, start=OCTOBER + timedelta(days=1, hours=12))
    session(connector(), payer, start=datetime(2026, 10, 2, 22, 30, tzinfo=UTC))
    rate_all()
    days = revenue.by_day(first=date(2026, 10, 1), last=date(2026, 10, 3))
    assert [(day.day.day, day.sessions, day.amount_incl_vat) for day in days] == [
        (1, 0, Decimal(0)),
        (2, 1, Decimal(25)),
        (3, 1, Decimal(25)),
    ]
    here = revenue.by_day(first=date(2026, 10, 1), last=date(2026, 10, 3), site=at.station.site)
    assert [day.sessions for day in here] == [0, 1, 0]


def test_a_price_is_explained_slice_by_slice():
    tariff()
    one = session(connector(), driver())
    assert prices.explained(one) is None
    rate_all()
    told = prices.explained(one)
    assert told is not None
    assert (told.total.excl_vat, told.total.incl_vat, len(told.slices)) == (Decimal(20), Decimal(25), 1)
