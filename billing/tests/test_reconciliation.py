"""Every session stands in exactly one of eleven compartments, and the sums agree."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from billing.models import DaySum, Dispute, Invoice, SessionPrice
from billing.selectors import compartments, prices, reconciliation, revenue
from billing.selectors.compartments import Compartment
from billing.selectors.credits import Asked
from billing.services import credit_notes, day_sums, disputes, tariffs, write_offs
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
from charging.models import ChargingSession, Site
from tenants.models import Account

pytestmark = pytest.mark.usefixtures("in_north")
Review = ChargingSession.Review


def counts(month: date | None = None, site: Site | None = None) -> dict[str, int]:
    """What the page shows, which is what is counted and adds up."""
    check = reconciliation.check(month, site)
    assert check.adds_up
    return {row.compartment: row.sessions for row in check.rows if row.sessions}


def listed() -> dict[ChargingSession, str]:
    """The sessions that the list has of each compartment; none is in two."""
    found: dict[ChargingSession, str] = {}
    for compartment in Compartment:
        for one in compartments.having(ChargingSession.objects.all(), compartment):
            assert found.setdefault(one, compartment.value) == compartment
    return found


@pytest.fixture
def all_compartments(fina) -> dict[ChargingSession, str]:
    """A session in every compartment, October being issued; of some compartments one for each way into it."""
    at, payer, guest, small = connector(), driver(), driver(), driver()
    tariff()
    tariff(flat("0"), driver=guest)
    Account.objects.filter(driver=small).update(least_amount=Decimal(1000))
    found = {session(at, payer): Compartment.INVOICED, session(at, small): Compartment.CARRIED_OVER}
    disputed, by_invoice, credited = session(at, payer), session(at, driver()), session(at, driver())
    found |= {disputed: Compartment.DISPUTED, by_invoice: Compartment.DISPUTED, credited: Compartment.CREDITED}
    lost = session(at, driver())
    found[lost] = Compartment.LOST
    issued()
    invoices = {one: Invoice.objects.get(account__driver=one.driver) for one in (disputed, by_invoice, credited)}
    said = {"about": "energy", "text": "?", "by": fina, "at": NOVEMBER}
    disputes.raise_(invoices[disputed].account, disputed, driver=payer, **said)
    disputes.raise_(invoices[by_invoice].account, invoices[by_invoice], **said)
    credit_notes.credit(invoices[credited], reason="Fel", by=None, at=NOVEMBER, then=Review.WRITTEN_OFF)
    bill = Invoice.objects.get(account__driver=lost.driver)
    write_offs.write_off(bill, bill.amount_due, why="bankruptcy", reason="K 1", by=None, at=NOVEMBER)
    found |= {
        session(at, guest): Compartment.FREE,
        session(at, payer, review=Review.WRITTEN_OFF): Compartment.WRITTEN_OFF,
        session(at, payer, review=Review.PENDING): Compartment.UNDER_REVIEW,
        session(at, None): Compartment.UNDER_REVIEW,
        session(at, payer): Compartment.LATE,
        session(at, payer, start=NOVEMBER): Compartment.NOT_YET,
        session(at, payer, state="ACTIVE", ended_at=None): Compartment.NOT_YET,
    }
    rate_all()
    return {**found, session(at, payer): Compartment.LATE}  # not rated


def test_a_part_that_is_given_up_loses_no_session_wholly_and_each_bears_its_share(fina):
    """75.00 of three sessions at two sites, 15.00 of it VAT, given up by and by, and taken back."""
    tariff()
    payer, here, there = driver(), connector(), connector()
    one = session(here, payer)
    for day in range(1, 3):
        session(there, payer, start=OCTOBER + timedelta(days=day))
    issued()
    bill = Invoice.objects.get()
    assert bill.amount_due == Decimal(75)
    first = write_offs.write_off(bill, Decimal(30), why="waived", reason="?", by=None, at=NOVEMBER)
    assert counts() == {"lost_in_part": 3}
    assert set(listed().values()) == {"lost_in_part"}
    assert reconciliation.given_up() == Decimal(24)
    of_site = [reconciliation.given_up(site=at.station.site) for at in (here, there)]
    assert of_site == [Decimal(8), Decimal(16)]
    assert reconciliation.given_up(date(2026, 9, 1)) == 0
    assert counts(site=here.station.site) == {"lost_in_part": 1}
    disputes.raise_(bill.account, one, driver=payer, about="energy", text="?", by=fina, at=NOVEMBER)
    assert counts() == {"disputed": 1, "lost_in_part": 2}
    assert reconciliation.given_up() == Decimal(16), "what is disputed stands elsewhere"
    Dispute.objects.all().delete()
    rest = write_offs.write_off(bill, Decimal(45), why="bankruptcy", reason="K 1", by=None, at=NOVEMBER)
    assert (counts(), reconciliation.given_up()) == ({"lost": 3}, Decimal(0))
    write_offs.undo(first, reason="?", by=None, at=NOVEMBER)
    assert (counts(), reconciliation.given_up()) == ({"lost_in_part": 3}, Decimal(36))
    write_offs.undo(rest, reason="?", by=None, at=NOVEMBER)
    assert counts() == {"invoiced": 3}
    credit_notes.credit(bill, reason="Fel", by=None, at=NOVEMBER, asked=Asked({1: Decimal(20)}))
    write_offs.write_off(bill, Decimal(10), why="waived", reason="?", by=None, at=NOVEMBER)
    assert reconciliation.given_up() == Decimal(8), "each line bears it by what is left of it"


def test_each_session_is_in_one_compartment_counted_shown_and_listed(all_compartments):
    assert listed() == all_compartments
    assert counts() == Counter(compartment.value for compartment in all_compartments.values())
    october = {one: compartment for one, compartment in all_compartments.items() if one.started_at < NOVEMBER}
    assert counts(date(2026, 10, 5)) == Counter(compartment.value for compartment in october.values())
    assert counts(date(2026, 9, 1)) == {}
    check = reconciliation.check(date(2026, 10, 1))
    assert (check.sessions, check.energy_wh) == (len(october), 10_000 * len(october))
    reasons = {(row.compartment, row.reason): (row.sessions, int(row.amount)) for row in check.reasons}
    assert reasons == {
        ("invoiced", ""): (1, 20),
        ("disputed", ""): (2, 40),
        ("lost", ""): (1, 20),
        ("credited", ""): (1, 20),  # as its invoice had asked
        ("carried_over", ""): (1, 20),
        ("late", "waiting_for_run"): (1, 20),
        ("late", "unrated"): (1, 0),
        ("free", ""): (1, 0),
        ("written_off", ""): (1, 0),
        ("under_review", "pending"): (1, 0),
        ("under_review", "no_driver"): (1, 0),
        ("not_yet", "active"): (1, 0),
    }
    assert (check.ledger_excl_vat, check.amount) == (Decimal(80), Decimal(140))


def test_it_is_told_apart_by_site(all_compartments):
    elsewhere = session(connector(), driver(), start=NOVEMBER)
    here = next(iter(all_compartments)).site
    assert counts(site=elsewhere.site) == {"not_yet": 1}
    assert sum(counts(site=here).values()) == len(all_compartments)
    assert sum(counts().values()) == len(all_compartments) + 1


def test_sums_by_day_say_the_same_once_they_are_counted(all_compartments):
    before = reconciliation.by_reason()
    while day_sums.refresh():
        pass
    assert reconciliation.by_reason() == before
    assert reconciliation.uneven() == []
    DaySum.objects.filter(status="zero_price").update(sessions=2)
    (cell,) = reconciliation.uneven()
    assert (cell.month, cell.status, cell.kept, cell.counted) == (
        OCTOBER.date(),
        "zero_price",
        (2, 10_000),
        (1, 10_000),
    )
    assert not reconciliation.check().adds_up


def test_what_waits_is_late_once_its_month_is_issued_and_carried_over_if_that_left_it_out():
    tariff()
    payer = driver()
    Account.objects.filter(driver=payer).update(least_amount=Decimal(1000))
    one = session(connector(), payer)
    assert listed() == {one: Compartment.NOT_YET}
    issued()
    assert listed() == {one: Compartment.CARRIED_OVER}
    later = session(connector(), driver())
    assert listed() == {one: Compartment.CARRIED_OVER, later: Compartment.LATE}


def test_a_draft_is_not_an_invoice_and_a_credited_session_goes_to_a_person():
    tariff()
    one = session(connector(), driver())
    drafted()
    assert listed() == {one: Compartment.NOT_YET}
    issued()
    assert listed() == {one: Compartment.INVOICED}
    credit_notes.credit(Invoice.objects.get(), reason="Wrong price", by=None, at=NOVEMBER)
    assert listed() == {one: Compartment.UNDER_REVIEW}
    assert reconciliation.check().adds_up


def test_what_is_credited_in_part_stands_on_its_invoice_and_is_told(fina):
    tariff()
    session(connector(), driver())
    issued()
    invoice = Invoice.objects.get()
    credit_notes.credit(
        invoice, reason="Fel", by=fina, at=NOVEMBER, asked=Asked({invoice.lines.get().position: Decimal(5)})
    )
    check = reconciliation.check()
    assert (check.adds_up, check.credited_in_part, check.left_of_released) == (True, Decimal(5), Decimal(0))
    assert counts() == {"invoiced": 1}
    credit_notes.credit(invoice, reason="Fel", by=fina, at=NOVEMBER)
    check = reconciliation.check()
    assert (check.adds_up, check.credited_in_part, check.left_of_released) == (True, Decimal(0), Decimal(0))
    assert not replace(check, left_of_released=Decimal("0.01")).adds_up


def ids_go_on_from(number: int) -> None:
    """Have the next billed session take this id, as that of a worker which had taken its thousand before."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(f"ALTER TABLE billing_billedsession ALTER COLUMN id SET CACHE 1 RESTART {number}")
        cursor.execute("SET ROLE wattledger_app")


def test_what_a_session_billed_twice_had_asked_last_is_told_whatever_ids_its_rows_have():
    """Each worker takes its ids by the thousand, so that the later row may have the smaller one."""
    one = session(connector(), driver(), kwh=10)
    tariff(flat("2"), name="First")
    ids_go_on_from(1000000)
    issued()
    credit_notes.credit(Invoice.objects.get(), reason="Fel", by=None, at=NOVEMBER, then=Review.APPROVED)
    tariff(flat("3"), name="Second", driver=one.driver)
    SessionPrice.objects.all().delete()  # priced anew by the next run
    ids_go_on_from(1)
    issued(NOVEMBER.replace(day=1), datetime(2026, 12, 2, tzinfo=UTC))
    again = Invoice.objects.filter(kind="invoice").order_by("-pk")[0]
    credit_notes.credit(again, reason="Fel", by=None, at=NOVEMBER, then=Review.WRITTEN_OFF)
    amounts = {row.compartment: row.amount for row in reconciliation.check().rows if row.sessions}
    assert amounts == {"credited": Decimal(30)}


def test_rounding_to_the_ore_is_told_and_anything_else_is_found(monkeypatch):
    tariff(flat("0.3333"))
    session(connector(), driver(), kwh=1)
    issued()
    check = reconciliation.check()
    assert (check.rounding, check.tolerance, check.adds_up) == (Decimal("-0.003300"), Decimal("0.005"), True)
    monkeypatch.setattr(
        reconciliation, "_STANDING", reconciliation._STANDING.replace("{where}", "{where} AND i.id IS NULL")
    )
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


def test_what_rounding_may_add_follows_the_smallest_coin(monkeypatch):
    """10.4 kronur on Iceland's invoices are 10: 0.4 on one line is rounding there, where nobody pays with aurar.

    No tariff can be made in them; the statements know no list of currencies.
    """
    monkeypatch.setattr(tariffs, "BILLED", ("ISK",))
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
    assert (counts(date(2026, 10, 1)), counts(date(2026, 11, 1))) == ({}, {"not_yet": 1})


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
