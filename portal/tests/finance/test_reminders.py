"""Reminders on the pages: what is due, sent by who may, shown to the payer, taken to the agency as a file."""

import csv
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core import mail

from billing.models import Invoice, Reminder, ReminderStep, ReminderTerms
from billing.services import fees, reminders
from billing.services.approved import ISSUE
from billing.services.fees import Agreed
from billing.tests import factories
from charging.models import ChargingSession
from tenants.models import Approval, Membership, Operator

OCTOBER = datetime(2024, 10, 1, tzinfo=UTC)
STEPS = {
    "step0-days": "5",
    "step0-what": "reminder",
    "step0-asks_costs": "on",
    "step0-text_sv": "Betala {unpaid} nu.",
    "fee_since": "2024-01-01",
    "due_day_agreed": "on",
    "least": "10",
}


def text(response):
    """The page's words and tags, but for those around times."""
    return re.sub(r"</?time[^>]*>", "", response.content.decode().replace("\xa0", " "))


@pytest.fixture
def url(north):
    return lambda path: f"/o/{north.slug}/{path}"


@pytest.fixture
def invoice(danas_driver, in_north):
    factories.tariff(factories.flat("2.00"))
    factories.session(factories.connector(), danas_driver, start=OCTOBER, kwh=1000)
    return Invoice.objects.get(run=factories.issued(OCTOBER, datetime(2024, 11, 2, 9, tzinfo=UTC)))


@pytest.fixture
def agreed(in_north):
    reminders.keep_steps([ReminderStep(days=5, asks_costs=True), ReminderStep(days=30, what="collection")])
    reminders.keep_terms(None, fee_since=date(2024, 1, 1), due_day_agreed=True)


@pytest.fixture
def clock(monkeypatch):
    """Let the pages' clock show the tenth of December 2024 and so many days."""

    def show(days=0):
        monkeypatch.setattr(
            "django.utils.timezone.now", lambda: datetime(2024, 12, 10, 9, tzinfo=UTC) + timedelta(days)
        )

    show()
    return show


@pytest.fixture
def fina_browser(fina, sign_in):
    return sign_in(fina)


def test_an_owner_sets_up_the_steps(sign_in, olga, url, in_north):
    browser = sign_in(olga)
    assert "räntelagen" in text(browser.get(url("settings/reminders/")))
    assert browser.post(url("settings/reminders/"), STEPS).status_code == 302
    step, terms = ReminderStep.objects.get(), ReminderTerms.objects.get()
    assert (step.days, step.asks_costs, step.texts) == (5, True, {"sv": "Betala {unpaid} nu."})
    assert (terms.fee_since, terms.due_day_agreed, terms.least) == (date(2024, 1, 1), True, Decimal(10))
    refused = browser.post(url("settings/reminders/"), {**STEPS, "step0-text_sv": "Hej {name}"})
    assert refused.status_code == 400
    assert "stands in braces and means nothing here" in text(refused)
    assert browser.post(url("settings/reminders/"), {"least": "0"}).status_code == 302
    assert not ReminderStep.objects.exists()


def test_what_is_due_is_looked_at_and_sent_and_the_payer_sees_it(
    fina_browser, url, invoice, agreed, clock, dana, sign_in, in_north
):
    page = text(fina_browser.get(url("finance/reminders/")))
    assert "Reminder fee: <span" in page
    assert "SEK 60.00" in page
    done = fina_browser.post(url("finance/reminders/send/"), {"invoice": str(invoice.public_id)}, follow=True)
    assert "1 reminder is sent." in text(done)
    assert "Nobody to remind" in text(done)
    charge = Reminder.objects.get().charge
    shown = text(fina_browser.get(url(f"finance/invoices/{invoice.public_id}/")))
    assert "Reminded on 10 Dec 2024" in shown
    assert str(charge) in shown
    assert f"What paying invoice {invoice} late costs" in text(
        fina_browser.get(url(f"finance/invoices/{charge.public_id}/"))
    )
    balance = text(fina_browser.get(url(f"finance/accounts/{invoice.account.public_id}/balance/")))
    assert "Reminded on 10 Dec 2024" in balance
    own = text(sign_in(dana).get(url("my/invoices/")))
    assert "Reminded on 10 Dec 2024" in own
    assert "Påminnelseavgift, faktura F1" in own


def test_what_was_not_ticked_is_not_sent(fina_browser, url, invoice, agreed, clock):
    for ticked in ({}, {"invoice": "x"}, {"invoice": "00000000-0000-4000-8000-000000000000"}):
        fina_browser.post(url("finance/reminders/send/"), ticked)
    assert not Reminder.objects.exists()


def test_an_auditor_looks_and_does_not_send(sign_in, axel, url, invoice, agreed, clock):
    browser = sign_in(axel)
    assert "Send those ticked" not in text(browser.get(url("finance/reminders/")))
    assert browser.post(url("finance/reminders/send/"), {"invoice": str(invoice.public_id)}).status_code == 403


def test_where_two_are_wanted_it_is_asked_for(fina_browser, url, invoice, agreed, clock, north, olga):
    Operator.objects.filter(pk=north.pk).update(four_eyes=[ISSUE])
    Membership.objects.update(held_since=factories.EPOCH)
    page = text(fina_browser.get(url("finance/reminders/")))
    assert "Ask for approval" in page
    asked = fina_browser.post(url("finance/reminders/send/"), {"invoice": str(invoice.public_id)}, follow=True)
    assert "Send reminders" in text(asked)
    assert "F1" in text(asked)
    assert (Approval.objects.get().state, Reminder.objects.exists()) == ("waiting", False)
    assert mail.outbox == []


def test_the_file_for_the_agency_has_who_owes_what(fina_browser, url, invoice, agreed, clock, north):
    send = {"invoice": str(invoice.public_id)}
    fina_browser.post(url("finance/reminders/send/"), send)
    clock(40)
    assert "To the collection agency" in text(fina_browser.get(url("finance/reminders/")))
    fina_browser.post(url("finance/reminders/send/"), send)
    answer = fina_browser.get(url("finance/reminders/sent/export/?what=collection&only_open=on&format=semicolon"))
    (row,) = csv.DictReader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";")
    assert (row["Invoice"], row["Payer"], row["Unpaid now"]) == ("F1", "Dana Driver", "2500.00")


def test_one_payers_terms_count_instead(fina_browser, url, invoice, agreed, clock):
    address = url(f"finance/accounts/{invoice.account.public_id}/late/")
    assert fina_browser.post(address, {"is_own": "on", "fee_since": ""}).status_code == 302
    assert "Reminder fee: <span" not in text(fina_browser.get(url("finance/reminders/")))
    assert "checked" in text(fina_browser.get(address))
    fina_browser.post(address, {})
    assert "Reminder fee: <span" in text(fina_browser.get(url("finance/reminders/")))


def test_what_is_disputed_stands_apart_everywhere(
    fina, url, invoice, agreed, clock, danas_driver, dana, sign_in, in_north, north
):
    january = datetime(2025, 1, 2, 9, tzinfo=UTC)
    for kwh in (100, 400):
        factories.session(factories.connector(), danas_driver, start=january.replace(year=2024, month=11), kwh=kwh)
    fees.add(
        invoice.account,
        Agreed(kind="once", text="Key tag", price=Decimal(80), reason="Lost", since=date(2024, 11, 1)),
        today=date(2024, 11, 1),
    )
    bill = Invoice.objects.get(run=factories.issued(january.replace(year=2024, month=11, day=1), january))
    clock(60)
    browser, fina_browser, form = sign_in(dana), sign_in(fina), {"about": "price", "text": "For much."}
    address = url(f"my/invoices/{bill.public_id}/dispute/")
    assert "Key tag · 1 Nov 2024" in text(browser.get(address))
    assert browser.post(address, {**form, "of": "0"}).status_code == 400
    fee = bill.billed_fees.get()
    assert browser.post(address, {**form, "of": fee.pk}).status_code == 302
    assert "Key tag" not in text(browser.get(address))
    of = ChargingSession.objects.get(energy_wh=100_000)
    browser.post(url(f"my/sessions/{of.public_id}/dispute/"), form)
    own = text(browser.get(url("my/invoices/")))
    assert "SEK 350.00 is disputed; you need not pay that until we have answered" in own
    assert "<dd>SEK 1,000.00</dd>" in own
    mine = text(browser.get(url("my/disputes/")))
    assert "Key tag" in mine
    to_remind = text(fina_browser.get(url("finance/reminders/")))
    assert "beside SEK 350.00 disputed" in to_remind
    shown = text(fina_browser.get(url(f"finance/invoices/{bill.public_id}/")))
    assert "SEK 350.00 of it is disputed and waits for the answer; SEK 1,000.00 is asked for." in shown
    assert "overdue, part disputed" in text(fina_browser.get(url("finance/invoices/?state=overdue")))
    assert str(bill) in text(fina_browser.get(url("finance/invoices/?state=disputed")))
    assert "SEK 350.00" in text(fina_browser.get(url(f"finance/accounts/{bill.account.public_id}/balance/")))
    assert "SEK 350.00" in text(fina_browser.get(url("finance/payments/ageing/")))
    assert "Key tag" in text(fina_browser.get(url("disputes/")))
    sent = fina_browser.post(url("finance/reminders/send/"), {"invoice": str(bill.public_id)}, follow=True)
    assert "1 reminder is sent." in text(sent)
    assert Reminder.objects.get().disputed == 350_00
    assert "disputed SEK 350.00" in re.sub(r"\s+", " ", text(fina_browser.get(url("finance/reminders/sent/"))))
    detail = text(fina_browser.get(url(f"disputes/{fee.disputes.get().public_id}/")))
    assert "<dt>Fee</dt><dd>Key tag</dd>" in detail
