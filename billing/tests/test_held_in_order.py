"""Whoever disputes, reminds of, credits or gives up one invoice at the same moment: one waits, none is thrown out."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from billing.models import Dispute, Invoice, Receivable, Reminder, ReminderStep
from billing.selectors.credits import Asked
from billing.services import credit_notes, disputes, late_charges, reminders, write_offs
from billing.tests.factories import connector, driver, flat, issued, session, tariff
from charging.models import ChargingSession
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db(transaction=True)
OCTOBER, NOVEMBER = datetime(2024, 10, 1, tzinfo=UTC), datetime(2024, 11, 2, 9, tzinfo=UTC)
LATE = datetime(2024, 12, 12, 9, tzinfo=UTC)


@pytest.fixture
def bill(north):
    """An invoice of 1,875 and 625 kronor, reminded of with costs after five days."""
    with tenant_scope(north.pk):
        tariff(flat("2.00"))
        ada = driver("Ada Ek")
        for day, kwh in enumerate((750, 250)):
            session(connector(), ada, start=OCTOBER + timedelta(days=day, hours=9), kwh=kwh)
        issued(OCTOBER, NOVEMBER)
        reminders.keep_steps([ReminderStep(days=5, asks_costs=True)])
        reminders.keep_terms(None, fee_since=date(2024, 1, 1), due_day_agreed=True)
        return Invoice.objects.select_related("account").get()


@pytest.fixture
def at_once(north, monkeypatch):
    """Let `one` pause where it calls this, and `other` come meanwhile and wait until `one` is through."""

    def run(module, name, one, other):
        real, held, go_on = getattr(module, name), threading.Event(), threading.Event()

        def paused(*args, **kwargs):
            held.set()
            go_on.wait(20)
            return real(*args, **kwargs)

        def done(act):
            try:
                with tenant_scope(north.pk):
                    return act()
            finally:
                connection.close()

        monkeypatch.setattr(module, name, paused)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(done, one)
            assert held.wait(20)
            second = pool.submit(done, other)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
            go_on.set()
            return first.result(20), second.result(20)

    return run


def small():
    return ChargingSession.objects.get(energy_wh=250_000)


def credit(bill):
    positions = bill.lines.filter(session=small()).values_list("position", flat=True)
    asked = Asked(dict.fromkeys(positions))
    return credit_notes.credit(bill, reason="Fel", by=None, at=LATE, asked=asked, then="written_off")


def give_up(bill):
    return write_offs.write_off(bill, Decimal(100), why="waived", reason="-", by=None, at=LATE)


def dispute(bill, of, by):
    return disputes.raise_(bill.account, of, about=Dispute.About.ENERGY, text="Fel", by=by, at=LATE)


def owed():
    """Of the first invoice: unpaid, and disputed of that."""
    row = Receivable.objects.earliest("pk")
    return row.rest, row.waits


def test_what_is_credited_while_its_invoice_is_disputed(north, bill, fina, at_once):
    at_once(credit_notes, "check", lambda: credit(bill), lambda: dispute(bill, bill, fina))
    with tenant_scope(north.pk):
        assert owed() == (1875_00, 1875_00)


def test_what_is_credited_while_its_session_is_disputed(north, bill, fina, at_once):
    """The prices are dropped after what is open is changed."""
    at_once(credit_notes, "_noted", lambda: credit(bill), lambda: dispute(bill, small(), fina))
    with tenant_scope(north.pk):
        assert owed() == (1875_00, 0)
        assert Dispute.objects.get().state == "open"


def test_what_is_given_up_while_it_is_disputed(north, bill, fina, at_once):
    at_once(write_offs, "check", lambda: give_up(bill), lambda: dispute(bill, bill, fina))
    with tenant_scope(north.pk):
        assert owed() == (2400_00, 2400_00)


def test_what_is_credited_while_it_is_reminded_of(north, bill, at_once):
    _note, (sent,) = at_once(
        credit_notes, "check", lambda: credit(bill), lambda: reminders.send([bill], by=None, at=LATE)
    )
    assert sent.rest == 1875_00
    with tenant_scope(north.pk):
        assert Reminder.objects.get().charge.amount_due == 60


def test_what_is_reminded_of_while_it_is_credited(north, bill, at_once):
    (sent,), _note = at_once(
        late_charges, "issue", lambda: reminders.send([bill], by=None, at=LATE), lambda: credit(bill)
    )
    assert sent.rest == 2500_00
    with tenant_scope(north.pk):
        assert owed() == (1875_00, 0)
