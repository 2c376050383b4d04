"""Credit notes: the mirror of an invoice, and what becomes of its sessions."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum

from billing.models import BilledSession, Invoice, InvoiceLine
from billing.services import runs, tariffs
from billing.services.credit_notes import CreditRefused, credit
from billing.sql import invoices
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


def test_the_database_refuses_a_credit_note_that_is_no_mirror(invoice, monkeypatch):
    spoiled = invoices.MIRRORED_LINES.replace("-quantity", "-quantity - 0.001")
    monkeypatch.setattr(invoices, "MIRRORED_LINES", spoiled)

    @transaction.atomic
    def attempt():
        credit(invoice, reason="Wrong", by=None, at=NOVEMBER)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="does not mirror"):
        attempt()
