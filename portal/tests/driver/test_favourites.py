"""Sites that a driver wants to find first: chosen at an outlet, on top of the start page, and nobody else's."""

import pytest

from billing.tests import factories
from charging.models import Favourite, Site
from charging.services import favourites
from portal.tests.driver.test_charging import Outlet, text
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def outlet(north, danas_driver):
    with tenant_scope(north.pk):
        factories.tariff(factories.DAY_NIGHT, name="Day and night")
    return Outlet(north)


def press(browser, url, outlet, *, is_one):
    sent = {"is_one": is_one, "station": outlet.station.identifier, "number": outlet.connector.number}
    return browser.post(url(f"favourites/{outlet.station.site.public_id}/"), sent)


def test_it_is_chosen_at_the_outlet_stands_first_and_is_taken_back(danas_browser, url, outlet):
    assert "a favourite" in text(danas_browser.get(url(outlet.path())))
    for _twice in range(2):
        assert press(danas_browser, url, outlet, is_one="1")["Location"] == url(outlet.path())
    assert "No longer a favourite" in text(danas_browser.get(url(outlet.path())))
    ((site, outlets),) = danas_browser.get(url("charge/")).context["favourites"]
    assert (site, outlets) == (outlet.station.site, [outlet.connector])
    assert danas_browser.get(url("charge/"), {"q": "x"}).context["favourites"] == []
    press(danas_browser, url, outlet, is_one="0")
    assert danas_browser.get(url("charge/")).context["favourites"] == []


def test_a_favourite_without_outlets_that_connect_says_so(danas_browser, url, outlet, north):
    press(danas_browser, url, outlet, is_one="1")
    outlet.link(boot="Pending")
    assert "No outlet here can be started" in text(danas_browser.get(url("charge/")))


def test_it_is_the_driver_s_own_and_of_this_operator_alone(danas_browser, url, outlet, north, south, danas_driver):
    press(danas_browser, url, outlet, is_one="1")
    with tenant_scope(south.pk):
        foreign = Site.objects.create(name="Hamnen")
    assert danas_browser.post(url(f"favourites/{foreign.public_id}/"), {"is_one": "1"}).status_code == 404
    with tenant_scope(north.pk):
        assert list(Favourite.objects.values_list("driver", flat=True)) == [danas_driver.pk]


def test_there_are_not_more_than_so_many(danas_browser, url, outlet, north, danas_driver):
    with tenant_scope(north.pk):
        for number in range(favourites.MOST):
            assert favourites.choose(danas_driver, Site.objects.create(name=f"S{number}"), is_one=True)
    answer = danas_browser.post(url(f"favourites/{outlet.station.site.public_id}/"), {"is_one": "1"}, follow=True)
    assert "take one away first" in text(answer)
    with tenant_scope(north.pk):
        assert Favourite.objects.count() == favourites.MOST
