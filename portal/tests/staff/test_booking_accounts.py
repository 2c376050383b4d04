"""The page of the accounts that things are booked on."""

import pytest

from billing.selectors import booking_accounts
from billing.selectors.booking_accounts import USUAL, Account
from billing.services import seller_numbers
from portal.tests.reading import words
from tenants.scoping import tenant_scope

PAGE = "/o/north/settings/bookkeeping/"


@pytest.fixture
def browser(sign_in, olga, north):
    with tenant_scope(north.pk):
        seller_numbers.keep({"DK": "DK13585628"})
    return sign_in(olga)


def kept(north):
    with tenant_scope(north.pk):
        return booking_accounts.chart()


def test_a_country_with_a_vat_number_may_have_accounts_of_its_own(browser, north):
    assert "VAT of another country: Denmark" in words(browser.get(PAGE))
    shown = {name: field.initial for name, field in browser.get(PAGE).context["form"].fields.items()}
    sent = {**shown, "vat_abroad_DK_number": "2671", "vat_abroad_DK_name": "Dansk moms"}
    assert browser.post(PAGE, sent)["Location"] == PAGE
    chart = kept(north)
    assert chart.account("vat_abroad", "DK") == Account("2671", "Dansk moms")
    assert chart.account("vat_abroad", "DE") == USUAL["vat_abroad"]
    assert chart.account("sales_abroad", "DK") == USUAL["sales_abroad"]
    assert list(chart.abroad) == [("vat_abroad", "DK")]
    browser.post(PAGE, {**sent, "vat_abroad_DK_number": ""})
    assert kept(north).abroad == {}


def test_a_number_that_is_no_account_is_refused(browser, north):
    page = browser.post(PAGE, {"vat_abroad_DK_number": "9"})
    assert page.status_code == 400
    assert "four to six digits" in words(page)
    assert kept(north).abroad == {}
