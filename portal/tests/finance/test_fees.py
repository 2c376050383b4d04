"""The pages of fees: the list, one fee, adding, ending and taking back; and where people read what they pay."""

from datetime import date
from decimal import Decimal

import pytest

from billing.exports import csv_files, tables
from billing.exports.tables import Span
from billing.models import Fee
from billing.services import fees
from billing.services.fees import Agreed
from billing.sql.documents import month as whole_month
from billing.tests import factories
from tenants.models import Account, AuditEntry
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

FORM = {
    "text": "Parking space",
    "kind": "monthly",
    "per": "account",
    "price": "300",
    "vat": "standard",
    "booking_account": "3001",
    "since": "2026-10-12",
    "until": "",
}


def text(response):
    return response.content.decode().replace("\xa0", " ")


@pytest.fixture
def firm(in_north):
    return accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE")


@pytest.fixture
def agreed(firm):
    begin = date(2026, 10, 12)
    return fees.add(firm, Agreed(kind="monthly", text="Parking space", price=Decimal(300), since=begin), today=begin)


def test_a_fee_is_added_and_shown_in_the_list_on_the_payer_and_logged(fina_browser, url, firm, north, after_october):
    answer = fina_browser.post(url("fees/new/"), {**FORM, "account": "Bolaget"})
    fee = Fee.objects.get()
    assert answer.headers["Location"] == url(f"fees/{fee.public_id}/")
    assert (fee.account, fee.price, fee.vat_country, fee.booking_account) == (firm, Decimal(300), "SE", "3001")
    assert "Parking space" in text(fina_browser.get(url("fees/")))
    payer = text(fina_browser.get(f"/o/{north.slug}/payers/{firm.public_id}/"))
    assert "Parking space" in payer
    assert "SEK 300.00" in payer
    assert AuditEntry.objects.filter(object_id=fee.pk, content_type__model="fee").exists()


def test_a_private_person_is_named_in_the_address(fina_browser, url, danas_driver, in_north, after_october):
    own = Account.objects.get(driver=danas_driver)
    page = text(fina_browser.get(url(f"fees/new/?account={own.public_id}")))
    assert "Dana Driver" in page
    fina_browser.post(url(f"fees/new/?account={own.public_id}"), FORM)
    assert Fee.objects.get().account == own


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vat": "own"}, "Give the rate."),
        ({"kind": "credit", "reason": ""}, "needs a reason"),
        ({"until": "2026-10-01"}, "would end before it begins"),
        ({"since": "2024-01-01"}, "at most 366 days back"),
        ({"price": "0"}, "0 is too little: at least 0.01."),
        ({"booking_account": "x1"}, "three to ten digits"),
        ({"account": "Nobody"}, "no company, association or partner"),
    ],
)
def test_what_cannot_be_agreed_is_said_on_the_form(fina_browser, url, firm, after_october, change, said):
    answer = fina_browser.post(url("fees/new/"), {**FORM, "account": "Bolaget", **change})
    assert answer.status_code == 400
    assert said in text(answer)
    assert not Fee.objects.exists()


DISCOUNT = {"text": "Friends", "taken_off": "energy", "percent": "12.5", "since": "2026-10-01"}


def test_a_discount_is_given_and_shown_wherever_fees_are(fina_browser, url, firm, north, after_october):
    answer = fina_browser.post(url("fees/discount/"), {**DISCOUNT, "account": "Bolaget"})
    discount = Fee.objects.get()
    assert answer.headers["Location"] == url(f"fees/{discount.public_id}/")
    assert (discount.account, discount.percent, discount.price, discount.taken_off) == (
        firm,
        Decimal("12.5"),
        None,
        "energy",
    )
    pages = (url("fees/"), url(f"fees/{discount.public_id}/"), f"/o/{north.slug}/payers/{firm.public_id}/")
    for page in pages:
        assert "−12.5%" in "".join(text(fina_browser.get(page)).split()), page
    sent = b"".join(fina_browser.get(url("fees/export/"), {"format": "comma"}).streaming_content).decode()
    assert ",12.5,off energy," in sent


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"percent": ""}, "give one of the two"),
        ({"amount": "10"}, "give one of the two"),
        ({"percent": "101"}, "101 is too much: at most 100."),
        ({"until": "2026-09-01"}, "would end before it begins"),
        ({"taken_off": "nothing"}, "Select a valid choice"),
        ({"account": "Nobody"}, "no company, association or partner"),
    ],
)
def test_what_is_no_discount_is_said_on_the_form(fina_browser, url, firm, after_october, change, said):
    answer = fina_browser.post(url("fees/discount/"), {**DISCOUNT, "account": "Bolaget", **change})
    assert answer.status_code == 400
    assert said in text(answer)
    assert not Fee.objects.exists()


@pytest.mark.parametrize(
    ("bound", "more"),
    [({}, ""), ({"max_price": {"excl_vat": "5.00"}}, ", counted as at most what the session costs")],
)
def test_what_is_taken_off_is_told_where_the_price_is(
    fina_browser, dana, danas_driver, sign_in, url, north, bound, more
):
    begin = date(2026, 10, 1)
    with tenant_scope(north.pk):
        factories.tariff({**factories.flat(), **bound})
        session = factories.session(factories.connector(), danas_driver)
        discount = fees.Discount(text="Friends", taken_off="energy", percent=Decimal(10), since=begin)
        fees.give(Account.objects.get(driver=danas_driver), discount, today=begin)
        factories.issued()
    said = f"Friends: 10% is taken off the energy on the invoice{more}."
    assert said in text(sign_in(dana).get(f"/o/north/my/sessions/{session.public_id}/"))
    assert said in text(fina_browser.get(f"/o/north/sessions/{session.public_id}/"))
    asked = {"station": session.station.identifier, "driver": danas_driver.customer_number, "at": "2026-11-02T09:00"}
    assert said in text(fina_browser.get(url("tariffs/paid/"), asked))
    shown = text(sign_in(dana).get("/o/north/my/?month=2026-10"))
    assert "Friends 10%" in shown


def test_what_was_charged_is_on_the_page_of_the_fee_and_of_the_invoice(fina_browser, url, agreed):
    invoice = factories.issued().invoices.get()
    page = text(fina_browser.get(url(f"fees/{agreed.public_id}/")))
    assert f"/invoices/{invoice.public_id}/" in page
    assert "SEK 193.55" in page
    assert "0.645161" in page
    shown = text(fina_browser.get(url(f"invoices/{invoice.public_id}/")))
    assert "Fees and other items" in shown
    assert "SEK 193.55" in shown
    assert "lines__session" not in shown


def test_it_ends_after_what_is_charged_and_is_removed_while_nothing_is(fina_browser, url, agreed):
    fina_browser.post(url(f"fees/{agreed.public_id}/end/"), {"until": "2026-10-20"})
    agreed.refresh_from_db()
    assert agreed.until == date(2026, 10, 20)
    factories.issued()
    answer = fina_browser.post(url(f"fees/{agreed.public_id}/end/"), {"until": "2026-10-15"})
    assert "until 2026-10-20" in text(answer)
    fina_browser.post(url(f"fees/{agreed.public_id}/remove/"))
    assert Fee.objects.exists()
    once = Agreed(kind="once", text="X", reason="Y", price=Decimal(1), since=agreed.since)
    other = fees.add(agreed.account, once, today=agreed.since)
    fina_browser.post(url(f"fees/{other.public_id}/remove/"))
    assert not Fee.objects.filter(pk=other.pk).exists()


def test_the_list_is_narrowed_and_sent_as_a_file(fina_browser, url, agreed, after_october):
    fees.end(agreed, until=date(2026, 10, 31))
    for query in ("kind=once", "state=running", "q=nobody"):
        assert "No fee found" in text(fina_browser.get(url(f"fees/?{query}")))
    for query in ("kind=monthly", "state=ended", "q=Bolaget", "q=parking"):
        assert "Parking space" in text(fina_browser.get(url(f"fees/?{query}")))
    sent = b"".join(fina_browser.get(url("fees/export/"), {"format": "comma"}).streaming_content).decode()
    assert "Parking space" in sent


def test_downloads_hold_the_lines_of_fees(north, agreed):
    factories.issued()
    span = Span(north, "issued", whole_month(date(2026, 11, 1)), factories.NOVEMBER)
    (stretch,) = tables.stretches(tables.DOCUMENTS, span)
    sent = csv_files.stretch(tables.LINES, span, stretch).decode()
    assert sent.splitlines()[0].endswith("Parking space,2026-10-12,2026-10-31,")


def test_a_driver_reads_what_is_charged_on_the_invoice(dana, danas_driver, sign_in, north):
    with tenant_scope(north.pk):
        factories.tariff()
        factories.session(factories.connector(), danas_driver)
        begin = date(2026, 10, 1)
        own = Account.objects.get(driver=danas_driver)
        fees.add(own, Agreed(kind="monthly", text="Cable locker", price=Decimal(25), since=begin), today=begin)
        factories.issued()
    for page in ("invoices/", "?month=2026-10"):
        shown = text(sign_in(dana).get(f"/o/north/my/{page}"))
        assert "Cable locker" in shown
        assert "SEK 25.00" in shown
