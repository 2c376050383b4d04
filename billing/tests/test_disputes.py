"""Disputes: what is disputed waits, is answered once with a letter, and what is granted was put right before."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.domain import money
from billing.domain.errors import Code
from billing.models import Dispute, Invoice
from billing.selectors import balances, invoices, run_checks
from billing.selectors import disputes as selector
from billing.selectors.credits import Asked
from billing.services import credit_notes, disputes, write_offs
from billing.services.disputes import DisputeRefused
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, issued, rate_all, session, tariff
from charging.models import ChargingSession
from tenants.models import Account

pytestmark = pytest.mark.usefixtures("in_north")
TODAY = date(2026, 12, 24)


@pytest.fixture
def charged():
    tariff()
    made = session(connector(), driver())
    rate_all()
    return made


def raised(fina, charged=None, invoice=None):
    of = invoice.account if invoice else Account.objects.get(driver=charged.driver)
    said = {"about": "energy", "text": "Det var 5 kWh.", "by": fina, "at": NOVEMBER}
    return disputes.raise_(of, charged or invoice, driver=charged and charged.driver, **said)


def refused(act, *args, **more):
    with pytest.raises(DisputeRefused) as refusal:
        act(*args, **more)
    return refusal.value.code


def test_a_session_that_is_not_billed_waits_until_somebody_decided_and_answered(charged, fina):
    row = raised(fina, charged)
    assert row.due_on == NOVEMBER.date() + timedelta(days=14)
    charged.refresh_from_db()
    assert (charged.review, charged.flags) == ("pending", ["disputed"])
    assert drafted().invoices.count() == 0
    assert refused(disputes.answer, row, state="refused", text="Nej", by=fina, at=NOVEMBER) == Code.DISPUTE_IN_REVIEW
    ChargingSession.objects.update(review="approved")
    answered = disputes.answer(row, state="refused", text="Mätaren stämmer.", by=fina, at=NOVEMBER)
    assert (answered.state, answered.closed_by) == ("refused", fina)
    assert refused(disputes.answer, row, state="granted", text="Jo", by=fina, at=NOVEMBER) == Code.DISPUTE_CLOSED


def test_a_drafted_session_stays_and_the_run_tells(charged, fina):
    run = drafted()
    raised(fina, charged)
    charged.refresh_from_db()
    assert charged.review == ""
    assert {finding.code for finding in run_checks.findings(run)} == {Code.RUN_DISPUTED}


@pytest.mark.parametrize("by_session", [True, False])
def test_what_stands_on_an_invoice_is_not_overdue_while_it_is_disputed(charged, fina, by_session):
    issued()
    invoice = Invoice.objects.get()

    def overdue():
        return invoices.listing(state=invoices.OVERDUE, today=TODAY)

    assert overdue().get() == invoice
    row = raised(fina, charged) if by_session else raised(fina, invoice=invoice)
    assert not overdue().exists()
    assert invoices.listing(state=invoices.DISPUTED, today=TODAY).get() == invoice
    assert [each.overdue for each in balances.of_account(invoice.account, today=TODAY)] == [0]
    assert selector.of_invoice(invoice, most=2) == [row]
    disputes.answer(row, state="refused", text="Mätaren stämmer.", by=fina, at=NOVEMBER)
    assert overdue().get() == invoice


def test_it_is_granted_once_something_was_credited(charged, fina):
    issued()
    invoice = Invoice.objects.get()
    row = raised(fina, charged)
    assert refused(disputes.answer, row, state="granted", text="Ja", by=fina, at=NOVEMBER) == Code.DISPUTE_NOT_CREDITED
    some = Asked({invoice.lines.get().position: Decimal(5)})
    credit_notes.credit(invoice, reason="Fel energi", by=fina, at=NOVEMBER, asked=some)
    assert selector.credited_since(row) == 5
    assert disputes.answer(row, state="granted", text="Vi krediterar.", by=fina, at=NOVEMBER).state == "granted"


def test_it_is_granted_once_the_invoice_was_written_off_since_and_that_was_not_taken_back(charged, fina, monkeypatch):
    """What is written off cannot be credited any more."""
    issued()
    invoice = Invoice.objects.get()
    given_up = {"why": "waived", "reason": "Kulans", "by": fina}
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOVEMBER - timedelta(days=1))
    write_offs.write_off(invoice, Decimal(1), **given_up, at=NOVEMBER)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOVEMBER)
    row = raised(fina, charged)
    answered = {"state": "granted", "text": "Ja", "by": fina, "at": NOVEMBER}
    assert refused(disputes.answer, row, **answered) == Code.DISPUTE_NOT_CREDITED
    since = write_offs.write_off(invoice, Decimal(5), **given_up, at=NOVEMBER)
    assert selector.given_up_since(row) == 5_00
    back = write_offs.undo(since, reason="Nej", by=fina, at=NOVEMBER)
    assert refused(disputes.answer, row, **answered) == Code.DISPUTE_NOT_CREDITED
    write_offs.write_off(invoice, -money.from_minor(back.amount, "SEK"), **given_up, at=NOVEMBER)
    assert disputes.answer(row, **answered).state == "granted"


def test_one_dispute_of_a_thing_at_a_time(charged, fina):
    row = raised(fina, charged)
    assert refused(raised, fina, charged) == Code.DISPUTED_ALREADY
    disputes.withdraw(row, by=fina, at=NOVEMBER)
    assert raised(fina, charged).pk != row.pk


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
def test_it_needs_words(charged, fina, text):
    account = Account.objects.get(driver=charged.driver)
    said = {"about": "other", "text": text, "by": fina, "at": NOVEMBER}
    assert refused(disputes.raise_, account, charged, **said) == Code.DISPUTE_WITHOUT_WORDS
    assert not Dispute.objects.exists()


def test_the_desk_shows_the_least_time_first_and_counts_the_late(charged, fina):
    first = raised(fina, charged)
    later = session(connector(), charged.driver, start=OCTOBER + timedelta(days=3))
    second = disputes.raise_(first.account, later, about="price", text="?", by=fina, at=NOVEMBER + timedelta(days=2))
    assert list(selector.waiting().order_by("due_on")) == [first, second]
    assert selector.late(first.due_on) == 0
    assert selector.late(first.due_on + timedelta(days=1)) == 1
