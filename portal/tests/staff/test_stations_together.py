"""The same asked of many stations at once: each for itself, with a fresh proof, and with times by its own clock."""

import pytest
from django.utils import timezone

from billing.tests import factories
from charging.models import Site, Station, StationCommand
from charging.services import site_memberships, station_links
from portal.tests.staff.conftest import World
from tenants.models import AuditEntry, Membership
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db
ORDER = "stations/together/order/"


@pytest.fixture
def three(world: World) -> list[Station]:
    """Three stations that may connect, one of them far away and of another maker."""
    with tenant_scope(world.operator.pk):
        far = Site.objects.create(name="Lissabon", time_zone="Europe/Lisbon")
        found = [world.connector.station, factories.connector().station, factories.connector(far).station]
        Station.objects.filter(pk=found[2].pk).update(vendor="Acme", model="X9")
        for station in found:
            station_links.make_password(station, at=timezone.now())
    return found


def commands(world):
    with tenant_scope(world.operator.pk):
        return {row.station_id: row for row in StationCommand.objects.order_by("pk")}


def text(response):
    return " ".join(response.content.decode().split())


def ticked(*stations, **form):
    return {"station": [str(station.public_id) for station in stations], **form}


def test_new_firmware_goes_to_those_ticked_each_by_its_own_clock(world, three, sign_in, otto):
    form = {"update_firmware-location": "https://fw.example/a.bin", "update_firmware-when": "2026-12-01T02:00"}
    client = sign_in(otto)
    page = client.post(world.url(ORDER), ticked(three[0], three[2], kind="update_firmware", **form), follow=True)
    assert "2 stations were asked" in text(page)
    found = commands(world)
    assert set(found) == {three[0].pk, three[2].pk}
    assert found[three[0].pk].wanted["when"] == "2026-12-01T01:00:00Z"
    assert found[three[2].pk].wanted["when"] == "2026-12-01T02:00:00Z"
    assert len({row.wanted["request"] for row in found.values()}) == 2
    with tenant_scope(world.operator.pk):
        assert AuditEntry.objects.filter(event="station.asked", actor=otto).count() == 2


def test_one_that_cannot_be_asked_is_named_and_stops_no_other(world, three, sign_in, otto):
    with tenant_scope(world.operator.pk):
        Station.objects.filter(pk=three[1].pk).update(identifier="Full")
        for _ in range(20):
            StationCommand.objects.create(
                station=three[1], kind="trigger", asked_at=timezone.now(), not_after=timezone.now()
            )
    page = sign_in(otto).post(world.url(ORDER), ticked(*three, kind="availability"), follow=True)
    assert "2 stations were asked" in text(page)
    assert "too much waits there: Full" in text(page)


@pytest.mark.parametrize("form", [{"kind": "reset"}, {"kind": "start"}, {}])
def test_nothing_is_sent_to_nobody_nor_what_is_one_station_s_alone(world, three, sign_in, otto, form):
    stations = three if form.get("kind") == "start" else []
    page = sign_in(otto).post(world.url(ORDER), ticked(*stations, **form), follow=True)
    assert "Nothing was sent" in text(page)
    assert commands(world) == {}


def test_what_is_missing_is_said_beside_it_and_the_ticks_stay(world, three, sign_in, otto):
    page = sign_in(otto).post(world.url(ORDER), ticked(three[1], kind="update_firmware"))
    assert (page.status_code, page.context["ticked"]) == (400, {three[1].pk})
    assert page.context["wrong"].errors.keys() == {"location"}
    assert commands(world) == {}


def test_stations_are_found_by_their_make(world, three, sign_in, otto):
    page = sign_in(otto).get(world.url("stations/together/?q=acme"))
    assert [station.pk for station in page.context["page"]] == [three[2].pk]
    assert "No station that may connect is called so" in text(sign_in(otto).get(world.url("stations/together/?q=zzz")))


def test_who_works_for_some_sites_asks_the_stations_there_alone(world, three, sign_in, otto):
    with tenant_scope(world.operator.pk):
        place = Membership.objects.get(user=otto)
        site_memberships.change(place, role="operations", site_public_ids=[three[0].site.public_id])
    client = sign_in(otto)
    assert [row.pk for row in client.get(world.url("stations/together/")).context["page"]] == [three[0].pk]
    client.post(world.url(ORDER), ticked(*three, kind="reset"))
    assert commands(world) == {}


def test_who_may_not_manage_the_network_asks_nobody(world, three, sign_in, sara):
    assert sign_in(sara).get(world.url("stations/together/")).status_code == 403
    assert sign_in(sara).post(world.url(ORDER), ticked(*three, kind="reset")).status_code == 403
