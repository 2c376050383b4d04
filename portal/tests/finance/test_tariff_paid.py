"""What somebody pays at an outlet, and why: what a session that starts then is priced by."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing.models import SessionPrice
from billing.selectors import paid
from billing.services import account_moves, card_moves
from billing.tests import factories
from charging.models import Site
from charging.services import tokens
from tenants.models import DriverGroup
from tenants.services.people import accounts


def text(response):
    return response.content.decode().replace("\xa0", " ")


@pytest.mark.parametrize("levels", [[], ["site"], ["site", "group"], ["site", "group", "driver"]])
def test_it_is_what_a_session_is_priced_by(tariff, danas_driver, levels):
    group = DriverGroup.objects.create(name="Tenants")
    danas_driver.group = group
    danas_driver.save()
    at = factories.connector(Site.objects.create(name="Harbour", time_zone="Europe/Stockholm"))
    targets = {"site": at.station.site, "group": group, "driver": danas_driver}
    for level in levels:
        factories.tariff(factories.flat(), name=level, **{level: targets[level]})
    session = factories.session(at, danas_driver)
    factories.rate_all()
    known = paid.paid(danas_driver, at.station, at=session.started_at)
    assert known.version == SessionPrice.objects.get().tariff_version
    assert [one.tariff.name for one in known.assignments] == [*reversed(levels), tariff.name]
    assert known.version is not None
    assert known.assignments[0].tariff == known.version.tariff


def test_a_card_is_priced_by_whoever_has_it_then_and_by_its_own_account(tariff, danas_driver):
    at, since = factories.connector(), datetime(2026, 10, 5, 9, tzinfo=UTC)
    firm = accounts.create(kind="company", name="Bolaget AB", country="SE")
    factories.tariff(factories.flat("1.50"), name="Bolaget", account=firm)
    factories.tariff(factories.flat("1.00"), name="Dana", driver=danas_driver)
    card = tokens.create(uid="04AA11BB")
    account_moves.move(card, to=firm, since=since)
    card_moves.give(card, driver=danas_driver, since=since, until=since + timedelta(days=2))
    found = {}
    for day, holder in ((-1, None), (1, danas_driver), (3, None)):
        charged = factories.session(at, holder, token=card, start=since + timedelta(days=day))
        factories.rate_all()
        known, price = (
            paid.paid(None, at.station, at=charged.started_at, card=card),
            SessionPrice.objects.get(session=charged),
        )
        found[day] = known.version and known.version.tariff.name
        assert known.version == price.tariff_version or price.problem == "no_driver"
        assert (known.payer is None) == (price.problem == "no_driver")
    assert found == {-1: tariff.name, 1: "Dana", 3: "Bolaget"}


def test_the_page_takes_a_card_and_says_when_nobody_pays(fina_browser, url, tariff, danas_driver):
    at = factories.connector()
    tokens.create(uid="04AA11BB", visual_number="NO-1")
    asked = {"station": at.station.identifier, "card": "NO-1"}
    assert "nobody pays" in text(fina_browser.get(url("tariffs/paid/"), asked))
    both = text(fina_browser.get(url("tariffs/paid/"), {**asked, "driver": danas_driver.customer_number}))
    assert "one of the two" in both


def test_the_page_says_what_a_dealer_pays(fina_browser, url, tariff, danas_driver):
    at = factories.connector()
    facts: dict[str, Any] = {
        "country": "DE",
        "vat_number": "DE136695976",
        "dealer_since": date(2026, 1, 1),
        "dealer_evidence": "VIES",
    }
    account_moves.move(danas_driver, to=accounts.create(kind="roaming", name="Verbund", **facts))
    asked = {"station": at.station.identifier, "driver": danas_driver.customer_number, "at": "2026-11-03T12:00"}
    assert "It buys to resell" in text(fina_browser.get(url("tariffs/paid/"), asked))


def test_the_page_says_which_why_and_what_an_hour_costs(fina_browser, url, tariff, danas_driver):
    at = factories.connector(Site.objects.create(name="Harbour", time_zone="Europe/Stockholm"))
    factories.tariff(factories.flat("3.00"), name="At the harbour", site=at.station.site)
    asked = {"station": "harb", "driver": danas_driver.customer_number, "at": "2026-11-03T12:00"}
    page = text(fina_browser.get(url("tariffs/paid/"), asked))
    assert "applies Harbour since" in page
    assert "applies everywhere since" in page
    assert "SEK 41.25" in page


def test_the_hour_has_two_rates_of_vat_where_that_changes_within_it(fina_browser, url, tariff, danas_driver):
    at = factories.connector(Site.objects.create(name="Kaj", country="FI", time_zone="Europe/Helsinki"))
    factories.tariff(factories.flat("2.00", vat="24"), name="Kaj", site=at.station.site)
    asked = {"station": "Kaj", "driver": danas_driver.customer_number, "at": "2024-08-31T23:30"}
    page = text(fina_browser.get(url("tariffs/paid/"), asked))
    for told in ("Energy, VAT 24%", "Energy, VAT 25.5%", "SEK 13.64", "SEK 13.81", "SEK 27.45"):
        assert told in page
    firm = accounts.create(
        kind="roaming",
        name="Resale",
        country="SE",
        vat_number="SE556016068001",
        dealer_since=date(2024, 1, 1),
        dealer_evidence="-",
    )
    account_moves.move(danas_driver, to=firm)
    page = text(fina_browser.get(url("tariffs/paid/"), asked))
    assert "Energy, VAT" not in page
    assert "SEK 27.50" in page


def test_what_means_several_is_asked(fina_browser, url, tariff):
    for name in ("Harbour east", "Harbour west"):
        factories.connector(Site.objects.create(name=name))
    assert "Which one?" in text(fina_browser.get(url("tariffs/paid/"), {"station": "harbour"}))
    assert "Nothing is found by" in text(fina_browser.get(url("tariffs/paid/"), {"station": "moon"}))


def test_nothing_prices_it_where_no_tariff_reaches(fina_browser, url, in_north):
    at = factories.connector()
    page = text(fina_browser.get(url("tariffs/paid/"), {"station": at.station.identifier}))
    assert "No tariff applies" in page
