"""The page of VAT numbers abroad."""

from billing.selectors import sellers
from portal.tests.reading import words
from tenants.scoping import tenant_scope

PAGE = "/o/north/settings/vat-numbers/"
GERMAN = "DE136695976"


def kept(north):
    with tenant_scope(north.pk):
        return sellers.numbers_abroad()


def test_numbers_are_added_shown_and_removed(sign_in, olga, north):
    browser = sign_in(olga)
    sent = {"country_0": "DE", "number_0": "de 136695976", "country_1": "", "number_1": ""}
    assert browser.post(PAGE, sent)["Location"] == PAGE
    assert kept(north) == {"DE": GERMAN}
    rows = browser.get(PAGE).context["form"].rows()
    assert [(country.value(), number.value()) for country, number in rows] == [("DE", GERMAN), ("", ""), ("", "")]
    browser.post(PAGE, {"country_0": "DE", "number_0": ""})
    assert kept(north) == {}


def test_what_is_wrong_is_said_and_nothing_kept(sign_in, olga, north):
    browser = sign_in(olga)
    for sent, said in (
        ({"number_0": GERMAN}, "Choose the country of the number."),
        ({"country_0": "DE", "number_0": GERMAN, "country_1": "DE", "number_1": GERMAN}, "A country has one number."),
        ({"country_0": "FR", "number_0": GERMAN}, "is no VAT number of that country"),
        ({"country_0": "SE", "number_0": "SE556016068001"}, "or the country is your own"),
    ):
        page = browser.post(PAGE, sent)
        assert page.status_code == 400
        assert said in words(page)
    assert kept(north) == {}
