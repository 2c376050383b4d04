"""The pages of the ledger: figures that open their rows, the proof, closing, what is late, and who may do what."""

from datetime import UTC, date, datetime

import pytest

from billing.models import ClosedMonth, Invoice
from billing.selectors import ledger as selector
from billing.services import ledger, payments, seller_numbers
from billing.tests import factories
from charging.models import Site
from portal.tests.reading import table_of, words
from tenants.models import AuditEntry

DECEMBER = datetime(2026, 12, 3, 9, tzinfo=UTC)


def text(response):
    return response.content.decode().replace("\xa0", " ")


@pytest.fixture
def bill(in_north, danas_driver, monkeypatch):
    """An issued invoice of SEK 25.00 to Dana; the pages' clock shows the third of December."""
    factories.tariff(factories.flat("2.00"))
    factories.session(factories.connector(), danas_driver)
    factories.issued()
    monkeypatch.setattr("django.utils.timezone.now", lambda: DECEMBER)
    return Invoice.objects.get()


def test_a_month_s_figures_balance_and_open_their_rows(bill, fina_browser, url):
    page = text(fina_browser.get(url("ledger/?month=2026-11")))
    for expected in ("1510 Kundfordringar", "SEK 25.00", "3001", "SEK 20.00", "2611", "SEK 5.00", "25 %"):
        assert expected in page
    assert "account=1510" in page
    rows = text(fina_browser.get(url("ledger/account/?month=2026-11&account=1510")))
    assert f"invoices/{bill.public_id}/" in rows
    assert str(bill) in rows
    for nothing in ("?month=2026-11&account=1930", "?account=%3Cb%3E", ""):
        assert "Nothing is booked on this account" in text(fina_browser.get(url(f"ledger/account/{nothing}")))
    assert "Nothing is booked" in text(fina_browser.get(url("ledger/?month=2026-09")))
    assert fina_browser.get(url("ledger/?month=nonsense")).status_code == 200


def test_vat_is_told_by_country_where_another_ones_is_charged(in_north, danas_driver, fina_browser, url):
    at = factories.connector(Site.objects.create(name="Amager", country="DK", time_zone="Europe/Copenhagen"))
    factories.tariff(factories.flat("2.00"))
    seller_numbers.keep({"DK": "DK13585628"})
    factories.session(at, danas_driver)
    factories.issued()
    page = fina_browser.get(url("ledger/?month=2026-11"))
    assert table_of(page, "VAT") == [["25%", "Denmark", "SEK 20.00", "SEK 5.00"]]


def test_the_invoice_shows_how_it_is_booked(bill, fina_browser, url):
    page = text(fina_browser.get(url(f"invoices/{bill.public_id}/")))
    assert "1510 Kundfordringar" in page
    assert "2611" in page


def test_the_proof_is_counted_when_it_is_asked_for(bill, fina_browser, url):
    assert "proof=now" in text(fina_browser.get(url("ledger/?month=2026-11")))
    page = text(fina_browser.get(url("ledger/?month=2026-11&proof=now")))
    assert "The ledger agrees with documents and payments." in page


def test_a_month_is_closed_from_its_page_once(bill, fina_browser, url):
    page = text(fina_browser.get(url("ledger/?month=2026-11")))
    assert "Close the month" in page
    answer = fina_browser.post(url("ledger/close/?month=2026-11"), follow=True)
    assert "November 2026 is closed" in text(answer)
    assert "Close the month" not in text(answer)
    assert ClosedMonth.objects.get().closed_by is not None
    assert AuditEntry.objects.filter(event="ledger.closed").exists()
    again = fina_browser.post(url("ledger/close/?month=2026-11"), follow=True)
    assert "closed already" in text(again)


def test_what_comes_after_the_close_stands_in_the_next_month_and_says_of_when_it_is(bill, fina_browser, url):
    ledger.close(date(2026, 11, 1), by=None, at=DECEMBER)
    payments.record(bill, bill.amount_due, paid_on=date(2026, 11, 5), text="", by=None, today=DECEMBER.date())
    assert words(fina_browser.get(url("ledger/account/?month=2026-11&account=1930"))).count("late, of") == 0
    assert "late, of 5 Nov 2026" in words(fina_browser.get(url("ledger/account/?month=2026-12&account=1930")))


def test_a_month_that_is_not_over_says_why_it_stays_open(bill, fina_browser, url):
    payments.record(bill, bill.amount_due, paid_on=date(2026, 12, 1), text="", by=None, today=DECEMBER.date())
    assert "Close the month" not in text(fina_browser.get(url("ledger/?month=2026-12")))
    ledger.close(date(2026, 11, 1), by=None, at=DECEMBER)
    assert "has not ended yet" in text(fina_browser.post(url("ledger/close/?month=2026-12"), follow=True))
    assert fina_browser.post(url("ledger/close/?month=x")).headers["Location"] == url("ledger/")


def test_the_page_tells_in_words_what_is_unequal(bill, fina_browser, url, monkeypatch):
    check = selector.Check("vat", "SEK", 500, 600)
    monkeypatch.setattr("billing.selectors.ledger.checks", lambda month: [check])
    page = text(fina_browser.get(url("ledger/?month=2026-11&proof=now")))
    assert "does not agree with documents and payments" in page
    assert "SEK 6.00" in page
    refused = text(fina_browser.post(url("ledger/close/?month=2026-11"), follow=True))
    assert "The ledger says SEK 5.00" in refused
    assert not ClosedMonth.objects.exists()
