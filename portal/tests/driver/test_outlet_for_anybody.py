"""Whoever reads the code beside an outlet sees its price before anything else, with or without an account."""

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.tests import factories
from charging.models import Connector, Site, Station, StationLink
from charging.services import station_links
from portal.tests import app_role
from portal.tests.driver.test_charging import Outlet, text
from tenants.models import Operator
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet(north, danas_driver):
    with tenant_scope(north.pk):
        factories.tariff(factories.DAY_NIGHT, name="Day and night")
    return Outlet(north)


def address(at, *, slug="north", number=None):
    return reverse("public_outlet", args=[slug, at.station.public_id, number or at.connector.number])


def test_without_an_account_the_price_stands_there_energy_first(client, outlet):
    page = client.get(address(outlet))
    units = [row.unit for row in page.context["prices"]["rows"]]
    assert units == sorted(units, key=["per kWh", "per minute", "per session"].index)
    assert " ".join(page.context["prices"]["rows"][0].told.split()) in text(page)
    assert "Sign in and charge" in text(page)


def test_who_signs_in_there_comes_back_to_the_outlet(client, outlet):
    own = reverse("driver:outlet", args=["north", outlet.station.public_id, outlet.connector.number])
    assert own in client.get(address(outlet)).content.decode()
    assert client.get(own)["Location"].endswith(f"?next={own}")


def test_a_driver_is_led_to_their_own_price_and_the_start(danas_browser, outlet):
    page = danas_browser.get(address(outlet), follow=True)
    assert page.redirect_chain
    assert "Start charging" in text(page)


def test_staff_and_drivers_of_others_see_what_anybody_sees(sign_in, olga, sven, outlet):
    for person in (olga, sven):
        assert "Sign in and charge" in text(sign_in(person).get(address(outlet)))


def test_what_is_taken_away_or_has_no_price_says_so(client, outlet):
    with tenant_scope(outlet.operator.pk):
        Connector.objects.update(status="CHARGING")
    assert "The outlet is taken" in text(client.get(address(outlet)))
    with tenant_scope(outlet.operator.pk):
        Connector.objects.update(status="OUTOFORDER")
    assert "The outlet does not work right now" in text(client.get(address(outlet)))
    outlet.link(connected_at=None)
    with tenant_scope(outlet.operator.pk):
        Connector.objects.update(status="AVAILABLE")
    page = text(client.get(address(outlet)))
    assert "The station is not connected" in page
    assert "not known" in page, "what it told last may be long ago"
    assert "Sign in and charge" not in page, "as nothing can be started"


@pytest.mark.parametrize("is_own", [True, False])
def test_who_cannot_start_there_is_led_to_outlets_of_the_place_that_are_free(danas_browser, client, outlet, is_own):
    """Not to those that are taken, do not work, have told nothing, stand elsewhere or whose station is away."""
    browser, name = (danas_browser, "driver:outlet") if is_own else (client, "public_outlet")
    now = timezone.now()

    def beside(identifier, status, *, site=None, **link):
        station = Station.objects.create(site=site or outlet.station.site, identifier=identifier)
        station_links.make_password(station, at=now)
        StationLink.objects.filter(station=station).update(**{"connected_at": now, "seen_at": now, **link})
        return Connector.objects.create(station=station, number="1", status=status)

    page = reverse(name, args=["north", outlet.station.public_id, outlet.connector.number])
    with tenant_scope(outlet.operator.pk):
        elsewhere = Site.objects.create(name="Elsewhere")
        beside("A-elsewhere", "AVAILABLE", site=elsewhere)
        beside("B-away", "AVAILABLE", disconnected_at=now)
        for status in ("CHARGING", "OUTOFORDER", "UNKNOWN", "RESERVED"):
            beside(f"C-{status}", status)
    assert "No other outlet at" not in text(browser.get(page)), "while it is free nothing is said of others"
    with tenant_scope(outlet.operator.pk):
        Connector.objects.filter(pk=outlet.connector.pk).update(status="CHARGING")
    assert "No other outlet at" in text(browser.get(page))
    with tenant_scope(outlet.operator.pk):
        other = beside("D-free", "AVAILABLE")
        second = Connector.objects.create(station=outlet.station, number="22", status="AVAILABLE")
    shown = browser.get(page)
    assert [row.pk for row in shown.context["others"]] == [second.pk, other.pk], "of the same station first"
    there = reverse(name, args=["north", other.station.public_id, "1"])
    assert there in shown.content.decode()
    assert browser.get(there).status_code == 200


def test_what_is_not_there_or_another_operator_s_is_not_found(client, outlet, south, settings):
    assert client.get(address(outlet, slug="south")).status_code == 404
    assert client.get(address(outlet, slug="nowhere")).status_code == 404
    assert client.get(address(outlet, number="9")).status_code == 404
    with tenant_scope(outlet.operator.pk):
        Station.objects.update(is_active=False)
    assert client.get(address(outlet)).status_code == 404


def test_of_an_operator_that_was_closed_nothing_is_shown(client, outlet, closed):
    assert client.get(address(outlet)).status_code == 404


@pytest.fixture
def closed(outlet):
    with app_role.as_platform(), tenant_scope(outlet.operator.pk):
        Operator.objects.filter(pk=outlet.operator.pk).update(state=Operator.State.CLOSED)
