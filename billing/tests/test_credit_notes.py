"""Credit notes: what they take back of an invoice, what is left of it, and what becomes of its sessions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum

from billing.models import BilledSession, Invoice, InvoiceLine
from billing.selectors import credits
from billing.selectors.credits import Asked, Left
from billing.services import credit_notes, runs, tariffs
from billing.services.credit_notes import CreditRefused, credit
from billing.sql import credit_notes as sql
from billing.tests.factories import (
    DAY_NIGHT,
    NOVEMBER,
    OCTOBER,
    connector,
    drafted,
    driver,
    flat,
    issued,
    session,
    tariff,
)
from charging.models import ChargingSession
from tenants.services.people import operators

pytestmark = pytest.mark.usefixtures("in_north")


@pytest.fixture
def invoice() -> Invoice:
    tariff(DAY_NIGHT)
    session(connector(), driver())
    issued()
    return Invoice.objects.get()


def test_it_cancels_the_invoice_to_the_ore(invoice):
    note = credit(invoice, reason="The meter was wrong", by=None, at=NOVEMBER)
    assert (note.kind, note.state, note.number, note.credits) == ("credit_note", "issued", 2, invoice)
    assert note.amount_due == -invoice.amount_due
    sums = InvoiceLine.objects.aggregate(amount=Sum("amount_excl_vat"), quantity=Sum("quantity"))
    assert set(sums.values()) == {0}
    assert note.lines.count() == invoice.lines.count() == 2


def test_its_sessions_wait_for_a_person_and_can_then_be_billed_again(invoice):
    credit(invoice, reason="The meter was wrong", by=None, at=NOVEMBER)
    released = ChargingSession.objects.get()
    assert (released.review, released.flags, released.review_note) == (
        "pending",
        ["credited"],
        "The meter was wrong",
    )
    november, december = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    run = drafted(november, december)
    assert run.invoices.count() == 0
    runs.discard(run, by=None)
    ChargingSession.objects.update(review="approved")
    assert issued(november, december).invoices.get().amount_due == invoice.amount_due
    assert BilledSession.objects.count() == 2


def test_what_is_billed_again_is_priced_by_the_corrected_tariff():
    wrong = tariff(flat("20.00"))
    session(connector(), driver())
    issued()
    corrected = tariffs.save_draft(wrong, document=flat("2.00"))
    tariffs.publish(corrected, valid_from=OCTOBER, by=None, at=NOVEMBER)
    credit(Invoice.objects.get(), reason="The tariff was wrong", by=None, at=NOVEMBER)
    ChargingSession.objects.update(review="approved")
    november, december = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    assert issued(november, december).invoices.get().amount_excl_vat == 20


def test_twice_is_one_credit_note(invoice):
    first = credit(invoice, reason="Once", by=None, at=NOVEMBER)
    assert credit(invoice, reason="Twice", by=None, at=NOVEMBER) == first


@pytest.fixture
def of_three() -> Invoice:
    """An invoice of three sessions at 2.56 a kWh: the example of `docs/rounding.md`."""
    tariff(flat("2.56"))
    payer, at = driver(), connector()
    for hours, watt_hours in enumerate((7412, 1050, 330)):
        slots = [watt_hours - 3 * (watt_hours // 4)] + [watt_hours // 4] * 3
        session(at, payer, start=OCTOBER + timedelta(hours=2 * hours), energy_wh=watt_hours, series_wh=slots)
    return issued().invoices.get()


def part(invoice: Invoice, lines: dict[int, str | None], **more: str) -> Invoice:
    asked = Asked({place: None if amount is None else Decimal(amount) for place, amount in lines.items()})
    return credit(invoice, reason="A part", by=None, at=NOVEMBER, asked=asked, **more)


def test_some_sessions_are_credited_and_only_they_are_released(of_three):
    note = part(of_three, {2: None})
    assert (note.amount_excl_vat, note.amount_due, note.leaves_rest) == (Decimal("-2.69"), Decimal("-3.36"), True)
    assert (note.session_count, note.energy_wh) == (1, -1050)
    (released,) = ChargingSession.objects.filter(review="pending")
    assert (released.energy_wh, released.flags) == (1050, ["credited"])
    assert BilledSession.objects.filter(released_by=note).count() == 1
    assert credits.left(of_three).amount_due == Decimal("24.77")


def test_the_vat_of_the_parts_is_that_of_the_whole_as_the_page_on_rounding_says(of_three):
    notes = [part(of_three, {place: None}) for place in (1, 2, 3)]
    assert [note.vat for note in notes] == [Decimal("-4.74"), Decimal("-0.68"), Decimal("-0.21")]
    assert [note.leaves_rest for note in notes] == [True, True, False]
    assert credits.left(of_three) == Left(Decimal(0), Decimal(0))


def test_an_amount_of_a_line_leaves_its_session_invoiced_until_nothing_is_left_of_it(of_three):
    note = part(of_three, {1: "10.00"})
    (line,) = note.lines.all()
    assert (line.quantity, line.unit, line.unit_price, line.is_part) == (Decimal(-1), "1", Decimal(10), True)
    assert (line.amount_excl_vat, note.amount_due, note.energy_wh) == (Decimal(-10), Decimal("-12.50"), 0)
    assert not BilledSession.objects.filter(released_by__isnull=False).exists()
    last = part(of_three, {1: None}, then="written_off")
    assert last.lines.get().amount_excl_vat == Decimal("-8.97")
    assert ChargingSession.objects.get(review="written_off").energy_wh == 7412


@pytest.mark.parametrize("then", ["approved", "written_off"])
def test_what_becomes_of_the_sessions_is_decided_with_the_credit(of_three, then):
    part(of_three, {1: None}, then=then)
    november, december = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    again = issued(november, december).invoices.first()
    assert (again.amount_excl_vat if again else None) == (Decimal("18.97") if then == "approved" else None)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ({1: "18.98"}, "credit_above_rest"),
        ({1: "0"}, "credit_no_amount"),
        ({1: "-1"}, "credit_no_amount"),
        ({1: "1.001"}, "credit_no_amount"),
        ({4: None}, "line_not_on_invoice"),
    ],
)
def test_what_cannot_be_credited_is_refused_with_what_is_wrong(of_three, lines, code):
    with pytest.raises(CreditRefused, match=code):
        part(of_three, lines)
    assert Invoice.objects.count() == 1


def test_nothing_is_credited_twice(of_three):
    part(of_three, {1: "10.00", 2: None})
    refused: list[tuple[dict[int, str | None], str]] = [({1: "8.98"}, "credit_above_rest"), ({2: None}, "nothing_left")]
    for lines, code in refused:
        with pytest.raises(CreditRefused, match=code):
            part(of_three, lines)
    rest = credit(of_three, reason="The rest", by=None, at=NOVEMBER)
    assert not rest.leaves_rest
    with pytest.raises(CreditRefused, match="nothing_left"):
        part(of_three, {3: None})
    assert credit(of_three, reason="Again", by=None, at=NOVEMBER) == rest


def test_what_reduces_a_session_is_credited_with_it():
    """A session that was lowered to its greatest price: its lines alone would be more than it came to."""
    tariff({**flat("2.00"), "max_price": {"excl_vat": "5.00"}})
    session(connector(), driver())
    invoice = issued().invoices.get()
    energy = invoice.lines.get(component="ENERGY").position
    with pytest.raises(CreditRefused, match="credit_above_invoice"):
        part(invoice, {energy: None})
    assert credit(invoice, reason="All", by=None, at=NOVEMBER).amount_due == -invoice.amount_due


def test_whole_kronor_are_mirrored_part_by_part(north):
    operators.change(north, rounds_to_crowns=True)
    tariff(flat("1.00"))
    payer, at = driver(), connector()
    for hours in range(3):
        session(at, payer, start=OCTOBER + timedelta(hours=2 * hours), kwh=33)
    invoice = issued().invoices.get()
    assert (invoice.rounding, invoice.amount_due) == (Decimal("0.25"), Decimal(124))
    operators.change(north, rounds_to_crowns=False)
    notes = [part(invoice, {place: None}) for place in (1, 2, 3)]
    assert [note.amount_due for note in notes] == [-41, -42, -41]
    assert sum(note.rounding for note in notes) == -invoice.rounding
    assert sum(note.vat for note in notes) == -invoice.vat


@pytest.mark.parametrize("at_first", [True, False])
def test_an_invoice_of_whole_kronor_stays_what_its_first_note_took_it_for(north, at_first):
    """Its amount does not tell whether it was rounded: once the setting changed, a part came to less than nothing."""
    operators.change(north, rounds_to_crowns=at_first)
    tariff(flat("1.00"))
    payer, at = driver(), connector()
    for hours in range(2):
        session(at, payer, start=OCTOBER + timedelta(hours=2 * hours), kwh=40)
    invoice = issued().invoices.get()
    assert (invoice.rounding, invoice.amount_due) == (Decimal(0), Decimal(100))
    first = part(invoice, {1: "1.25" if at_first else "1.13"})
    assert first.amount_due == (Decimal(-2) if at_first else Decimal("-1.41"))
    operators.change(north, rounds_to_crowns=not at_first)
    second = part(invoice, {1: "0.04"})
    assert second.amount_due == (0 if at_first else Decimal("-0.05"))
    assert (
        first.amount_due + second.amount_due + credit(invoice, reason="Rest", by=None, at=NOVEMBER).amount_due == -100
    )


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_reason_is_needed(invoice, reason):
    with pytest.raises(CreditRefused, match="credit_needs_reason"):
        credit(invoice, reason=reason, by=None, at=NOVEMBER)


def test_drafts_and_credit_notes_are_refused(invoice):
    note = credit(invoice, reason="Wrong", by=None, at=NOVEMBER)
    with pytest.raises(CreditRefused, match="credit_note_stays"):
        credit(note, reason="Wrong", by=None, at=NOVEMBER)
    session(connector(), driver(), start=datetime(2026, 11, 5, tzinfo=UTC))
    drafted(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC))
    with pytest.raises(CreditRefused, match="draft_not_credited"):
        credit(Invoice.objects.get(state="draft"), reason="Wrong", by=None, at=NOVEMBER)


def refused_by_the_database(act: Callable[[], object], fault: str) -> None:
    @transaction.atomic
    def attempt():
        act()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match=fault):
        attempt()


def unchecked(monkeypatch, **instead: Any) -> None:
    """As if the service asked nothing, and said this of what it found."""

    def found(invoice, reason, asked, then):
        return replace(credits.comes_to(invoice, asked), **instead)

    monkeypatch.setattr(credit_notes, "check", found)


def test_the_database_refuses_more_of_a_line_than_is_left_of_it(of_three, monkeypatch):
    part(of_three, {1: "10.00"})
    unchecked(monkeypatch)
    refused_by_the_database(lambda: part(of_three, {1: "8.98"}), "more of a line than is left")


def test_the_database_refuses_a_line_that_is_not_one_of_the_invoice(of_three, monkeypatch):
    monkeypatch.setattr(sql, "LINES", sql.LINES.replace("%(note)s, l.position,", "%(note)s, l.position + 7,"))
    refused_by_the_database(lambda: part(of_three, {1: None}), "a line is not one of its invoice")


@pytest.mark.parametrize(("lines", "leaves_rest"), [({1: None}, False), ({1: None, 2: None, 3: None}, True)])
def test_the_database_refuses_a_note_that_says_otherwise_what_is_left(of_three, monkeypatch, lines, leaves_rest):
    unchecked(monkeypatch, leaves_rest=leaves_rest)
    refused_by_the_database(lambda: part(of_three, lines), "says otherwise what is left")


def test_the_database_refuses_that_a_note_releases_a_session_it_does_not_name(of_three):
    note = part(of_three, {1: None})
    other = BilledSession.objects.get(session__energy_wh=330)
    with pytest.raises(DatabaseError, match="only its credit note"), transaction.atomic():
        BilledSession.objects.filter(pk=other.pk).update(released_by=note)
