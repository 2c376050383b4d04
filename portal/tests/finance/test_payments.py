"""The pages of payments: a file sent and what came of it, what waits, by hand, undone, balances, and who sees what."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.models import Invoice, Payment, PaymentFile, PaymentMatch, Receivable
from billing.services import payments
from billing.tests import factories
from portal.demo.bank import Paid, camt054
from tenants import work
from tenants.models import AuditEntry, Operator
from tenants.scoping import tenant_scope

DAY = date(2026, 11, 1)


def text(response):
    return response.content.decode().replace("\xa0", " ")


@pytest.fixture
def bill(in_north, danas_driver, after_october):
    """An issued invoice of SEK 25.00 to Dana."""
    factories.tariff(factories.flat("2.00"))
    factories.session(factories.connector(), danas_driver)
    factories.issued()
    return Invoice.objects.select_related("account").get()


def sends(browser, url, *paid, name="bank.xml", booking="B1"):
    content = b"".join(camt054(paid, booking=booking, day=DAY))
    answer = browser.post(url("payments/files/"), {"file": SimpleUploadedFile(name, content)})
    row = PaymentFile.objects.latest("pk")
    work.do_next(work.kind_named(PaymentFile.work_kind), row.operator_id, clock=timezone.now)
    row.refresh_from_db()
    return answer, row


def test_a_file_is_sent_done_in_the_background_and_told(fina_browser, url, bill):
    answer, row = sends(fina_browser, url, Paid(bill.amount_due, bill.payment_reference, "Dana"), Paid(Decimal(9)))
    assert answer.headers["Location"] == url(f"payments/files/{row.public_id}/")
    page = text(fina_browser.get(answer.headers["Location"]))
    assert "SEK 34.00" in page
    assert "camt.054.001.08" in page
    assert "bank.xml" in text(fina_browser.get(url("payments/files/")))
    listed = text(fina_browser.get(url("payments/")))
    assert "waits for a person" in listed
    assert "matched" in listed
    assert "SEK 9.00" not in text(fina_browser.get(url("payments/?state=matched")))
    assert AuditEntry.objects.filter(event="payments.booked").exists()
    assert "paid" in text(fina_browser.get(url("invoices/?state=paid")))


def test_a_refused_file_says_why(fina_browser, url, in_north):
    file = SimpleUploadedFile("bank.xml", b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.054.001.02'><B>")
    answer = fina_browser.post(url("payments/files/"), {"file": file})
    work.do_next(work.kind_named(PaymentFile.work_kind), in_north.pk, clock=timezone.now)
    assert "cut off or damaged" in text(fina_browser.get(answer.headers["Location"]))


def test_a_file_of_an_unknown_account_asks_whose_it_is(fina_browser, url, bill):
    Operator.objects.update(iban="SE7160000000000123456789")
    answer, row = sends(fina_browser, url, Paid(bill.amount_due, bill.payment_reference))
    page = text(fina_browser.get(answer.headers["Location"]))
    assert "The money came to SE4550000000058398257466, which is not known as yours." in page
    assert "The money came to SE4550000000058398257466. Neither your settings" in page
    assert "SEK 25.00" in page
    assert "It is ours: book the file" in page
    fina_browser.post(url(f"payments/files/{row.public_id}/ours/"))
    work.do_next(work.kind_named(PaymentFile.work_kind), row.operator_id, clock=timezone.now)
    page = text(fina_browser.get(answer.headers["Location"]))
    assert "It is ours" not in page
    assert Payment.objects.get().rest == 0
    again = fina_browser.post(url(f"payments/files/{row.public_id}/ours/"), follow=True)
    assert "Nobody has to say of this file whose account it is." in text(again)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("12,50", 1250), ("12.50", 1250), ("1\xa0234,5", 123450), ("1 234.50", 123450), (" 7 ", 700)],
)
def test_an_amount_is_read_as_people_write_it(fina_browser, url, bill, typed, kept):
    form = {"amount": typed, "paid_on": timezone.now().date().isoformat()}
    assert fina_browser.post(url(f"invoices/{bill.public_id}/payment/"), form).status_code == 302
    assert Payment.objects.get().amount == kept


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1.234,50", "Write the number with one decimal sign"),
        ("\u22125", "-5 is too little: at least 0.01."),
        ("0", "0 is too little: at least 0.01."),
        ("tio", "Enter a number."),
        ("1e3", "Enter a number."),
        ("12,505", "no more than 2 decimal places"),
    ],
)
def test_what_is_no_amount_is_told_and_stays_in_its_field(fina_browser, url, bill, typed, said):
    form = {"amount": typed, "paid_on": timezone.now().date().isoformat()}
    answer = fina_browser.post(url(f"invoices/{bill.public_id}/payment/"), form)
    assert answer.status_code == 400
    assert said in text(answer)
    assert f'value="{typed}"' in answer.content.decode()
    assert not Payment.objects.exists()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_day_that_could_be_one_of_two_is_not_read(fina_browser, url, bill, language):
    page, today = url(f"invoices/{bill.public_id}/payment/"), timezone.now().date()
    spoken = {"headers": {"accept-language": language}}
    assert fina_browser.post(page, {"amount": "5", "paid_on": f"{today:%m/%d/%Y}"}, **spoken).status_code == 400
    assert fina_browser.post(page, {"amount": "5", "paid_on": f"{today:%Y-%m-%d}"}, **spoken).status_code == 302
    assert Payment.objects.get().paid_on == today


def test_what_waits_is_proposed_and_confirmed(fina_browser, url, bill):
    sends(fina_browser, url, Paid(bill.amount_due, name="Någon", text=f"Invoice {bill}"))
    page = text(fina_browser.get(url("payments/waiting/")))
    assert "It names no invoice." in page
    assert "just what is open" in page
    payment = Payment.objects.get()
    answer = fina_browser.post(url(f"payments/{payment.public_id}/match/{bill.public_id}/"), follow=True)
    assert f"matched with {bill}" in text(answer)
    assert "Nothing waits" in text(answer)
    assert PaymentMatch.objects.get().how == "nod"


def test_a_payment_by_hand_is_shown_on_its_invoice_and_undone_with_a_reason(fina_browser, url, bill):
    page = url(f"invoices/{bill.public_id}/payment/")
    assert "SEK 25.00 is open" in text(fina_browser.get(page))
    assert fina_browser.post(page, {"amount": "0", "paid_on": "2026-11-01"}).status_code == 400
    fina_browser.post(page, {"amount": "10", "paid_on": "2026-11-01", "text": "Swish"})
    shown = text(fina_browser.get(url(f"invoices/{bill.public_id}/")))
    assert "SEK 15.00" in shown
    assert "Paid on" in shown
    match = PaymentMatch.objects.get()
    undo = url(f"payments/{match.payment.public_id}/undo/{match.public_id}/")
    assert fina_browser.post(undo, {"undo-reason": ""}).status_code == 400
    fina_browser.post(undo, {"undo-reason": "Another Dana"})
    assert Receivable.objects.get().rest == 2500
    assert "Another Dana" in text(fina_browser.get(url(f"payments/{match.payment.public_id}/")))


def test_what_is_left_is_matched_by_number_kept_or_paid_back(fina_browser, url, bill, north):
    sends(fina_browser, url, Paid(Decimal(10)), Paid(Decimal(11)), Paid(Decimal(12)))
    first, second, third = Payment.objects.order_by("amount")
    for bad in ("99999", "x"):
        assert fina_browser.post(url(f"payments/{first.public_id}/match/"), {"number": bad}).status_code == 400
    fina_browser.post(url(f"payments/{first.public_id}/match/"), {"number": bill.payment_reference})
    fina_browser.post(url(f"payments/{second.public_id}/keep/"), {"account": bill.account.customer_number})
    fina_browser.post(url(f"payments/{third.public_id}/back/"), {"back-reason": "Not ours"})
    assert not Payment.objects.exclude(rest=0).exists()
    balance = text(fina_browser.get(url(f"accounts/{bill.account.public_id}/balance/")))
    for amount in ("SEK 15.00", "SEK 11.00", "SEK 4.00"):
        assert amount in balance


def test_another_currency_is_refused_in_words(fina_browser, url, bill):
    euro = Payment.objects.create(booking="e", amount=2500, rest=2500, currency="EUR", paid_on=DAY)
    answer = fina_browser.post(url(f"payments/{euro.public_id}/match/"), {"number": str(bill)})
    assert answer.status_code == 400
    assert f"{bill} is in SEK, but the payment is in EUR." in text(answer)


def test_the_ageing_list_and_the_states_follow(sign_in, fina, url, bill, monkeypatch):
    later = factories.NOVEMBER.replace(month=12, day=20)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)
    fina_browser = sign_in(fina)
    ageing = text(fina_browser.get(url("payments/ageing/")))
    assert "Dana Driver" in ageing
    assert "SEK 25.00" in ageing
    file = fina_browser.get(url("payments/ageing/export/"), {"format": "semicolon"})
    heads, line = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    told = dict(zip(heads.split(";"), line.split(";"), strict=True))
    assert told["Payer"] == "Dana Driver"
    assert Decimal(told["1–30 days"]) == Decimal(told["Unpaid"]) == 25
    assert "overdue" in text(fina_browser.get(url("invoices/?state=overdue")))
    payments.record(bill, Decimal(10), paid_on=DAY, text="", by=None, today=later.date())
    assert "overdue, part paid" in text(fina_browser.get(url("invoices/?state=part_paid")))
    payments.record(bill, Decimal(15), paid_on=DAY, text="", by=None, today=later.date())
    assert "Nothing is open" in text(fina_browser.get(url("payments/ageing/")))
    assert "SEK 25.00" not in text(fina_browser.get(url("invoices/?state=overdue")))


def test_a_driver_sees_what_is_paid_and_what_is_left(sign_in, dana, bill, north):
    browser, page = sign_in(dana), f"/o/{north.slug}/my/invoices/"
    payments.record(bill, Decimal(10), paid_on=DAY, text="", by=None, today=DAY)
    assert "SEK 15.00 left to pay" in " ".join(text(browser.get(page)).split())
    payments.record(bill, Decimal(15), paid_on=DAY, text="", by=None, today=DAY)
    shown = text(browser.get(page))
    assert "paid" in shown
    assert "Pay<" not in shown


def test_who_only_looks_is_offered_nothing_and_may_do_nothing(sign_in, axel, url, bill):
    browser = sign_in(axel)
    payment = Payment.objects.create(booking="x", amount=2500, rest=2500, currency="SEK", paid_on=DAY)
    page = text(browser.get(url(f"payments/{payment.public_id}/")))
    assert "Match with it" not in page
    assert browser.post(url(f"payments/{payment.public_id}/match/"), {"number": str(bill)}).status_code == 403
    assert browser.get(url("payments/files/")).status_code == 403


def test_payments_of_another_operator_are_not_there(sign_in, sven, south, north):
    with tenant_scope(north.pk):
        payment = Payment.objects.create(booking="x", amount=2500, rest=2500, currency="SEK", paid_on=DAY)
    assert sign_in(sven).get(f"/o/{south.slug}/finance/payments/{payment.public_id}/").status_code == 404
