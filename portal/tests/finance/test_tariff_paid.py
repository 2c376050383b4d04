"""What somebody pays at an outlet, and why: what a session that starts then is priced by."""

import pytest

from billing.models import SessionPrice
from billing.selectors import paid
from billing.tests import factories
from charging.models import Site
from tenants.models import DriverGroup


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


def test_the_page_says_which_why_and_what_an_hour_costs(fina_browser, url, tariff, danas_driver):
    at = factories.connector(Site.objects.create(name="Harbour", time_zone="Europe/Stockholm"))
    factories.tariff(factories.flat("3.00"), name="At the harbour", site=at.station.site)
    asked = {"station": "harb", "driver": danas_driver.customer_number, "at": "2026-11-03T12:00"}
    page = text(fina_browser.get(url("tariffs/paid/"), asked))
    assert "applies Harbour since" in page
    assert "applies everywhere since" in page
    assert "SEK 41.25" in page


def test_what_means_several_is_asked(fina_browser, url, tariff):
    for name in ("Harbour east", "Harbour west"):
        factories.connector(Site.objects.create(name=name))
    assert "Which one?" in text(fina_browser.get(url("tariffs/paid/"), {"station": "harbour"}))
    assert "Nothing is found by" in text(fina_browser.get(url("tariffs/paid/"), {"station": "moon"}))


def test_nothing_prices_it_where_no_tariff_reaches(fina_browser, url, in_north):
    at = factories.connector()
    page = text(fina_browser.get(url("tariffs/paid/"), {"station": at.station.identifier}))
    assert "No tariff applies" in page
