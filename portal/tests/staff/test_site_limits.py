"""The power of a site on its page: set with a fresh proof, shared, told, lifted."""

from decimal import Decimal

import pytest
from django.utils import timezone

from charging.models import SiteLimit, StationCommand, StationLink
from charging.services import station_links
from portal.tests.staff.conftest import World
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def linked(world: World) -> World:
    with tenant_scope(world.operator.pk):
        station_links.make_password(world.connector.station, at=timezone.now())
        StationLink.objects.update(connected_at=timezone.now(), seen_at=timezone.now(), protocol="ocpp1.6")
    return world


def text(response):
    return " ".join(response.content.decode().split())


def url(world, rest=""):
    return world.url(f"sites/{world.connector.station.site.public_id}/limit/{rest}")


def limits(world):
    with tenant_scope(world.operator.pk):
        return [(row.limit, row.unit) for row in SiteLimit.objects.all()]


def test_a_limit_is_told_the_stations_and_stands_on_the_page_and_in_the_log(linked, sign_in, otto):
    client = sign_in(otto)
    assert "The site has no limit" in text(client.get(url(linked)))
    assert client.post(url(linked, "set/"), {"limit": "63", "unit": "A"}).status_code == 302
    assert limits(linked) == [(Decimal(63), "A")]
    page = client.get(url(linked))
    (share,) = page.context["shares"]
    assert (share.station, share.granted) == (linked.connector.station, None)
    assert page.context["is_waiting"]
    assert "waits for the station" in text(page)
    with tenant_scope(linked.operator.pk):
        (command,) = StationCommand.objects.all()
        assert AuditEntry.objects.filter(actor=otto, content_type__model="sitelimit").exists()
    assert command.wanted["shared"]
    assert command.asked_by is None
    asked = text(client.get(linked.url(f"stations/{linked.connector.station.public_id}/commands/")))
    assert "its share of the site:" in asked


def test_lifted_it_is_gone(linked, sign_in, otto):
    client = sign_in(otto)
    client.post(url(linked, "set/"), {"limit": "63", "unit": "A"})
    assert client.post(url(linked, "set/"), {"lift": "1"}).status_code == 302
    assert limits(linked) == []
    with tenant_scope(linked.operator.pk):
        assert StationCommand.objects.latest("pk").kind == "clear_limit"
    assert client.post(url(linked, "set/"), {"lift": "1"}).status_code == 302, "twice does no harm"


@pytest.mark.parametrize(
    "form", [{"limit": "0", "unit": "A"}, {"limit": "x", "unit": "A"}, {"limit": "5", "unit": "V"}]
)
def test_what_makes_no_sense_is_refused_beside_its_field(linked, sign_in, otto, form):
    answer = sign_in(otto).post(url(linked, "set/"), form)
    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert limits(linked) == []


def test_by_hand_such_a_station_is_not_limited(linked, sign_in, otto):
    client = sign_in(otto)
    client.post(url(linked, "set/"), {"limit": "63", "unit": "A"})
    order = linked.url(f"stations/{linked.connector.station.public_id}/commands/order/")
    answer = client.post(order, {"kind": "limit", "limit-limit": "16", "limit-unit": "A"})
    assert answer.status_code == 400
    assert "shares its power over its stations" in text(answer)


def test_only_those_who_manage_the_network(linked, sign_in, sara):
    client = sign_in(sara)
    assert client.get(url(linked)).status_code == 403
    assert client.post(url(linked, "set/"), {"limit": "63", "unit": "A"}).status_code == 403
