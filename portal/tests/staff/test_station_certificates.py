"""The page of a station's certificate: registered with a fresh proof, shown, replaced, taken away."""

import pytest
from django.utils import timezone

from charging.models import StationLink
from charging.services import station_links
from portal.tests.gateway.test_certificates import certificate
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


def text(response):
    return " ".join(response.content.decode().split())


@pytest.fixture
def page(world):
    with tenant_scope(world.operator.pk):
        station_links.make_password(world.connector.station, at=timezone.now())
    return world.url(f"stations/{world.connector.station.public_id}/certificate/")


def link(world):
    with tenant_scope(world.operator.pk):
        return StationLink.objects.get()


def test_a_certificate_is_registered_shown_and_taken_away(world, page, sign_in, otto):
    client = sign_in(otto)
    assert "No certificate yet" in text(client.get(page))
    told = client.post(f"{page}set/", {"written": certificate("SE-NORTH-7")}, follow=True)
    assert "SE-NORTH-7" in text(told)
    assert link(world).certificate in text(told)
    assert "SE-NORTH-7" in text(client.get(page.removesuffix("certificate/")))
    client.post(f"{page}remove/")
    assert link(world).certificate == ""


def test_what_is_none_is_refused_in_words(world, page, sign_in, otto):
    told = sign_in(otto).post(f"{page}set/", {"written": "x"})
    assert "This is no certificate" in text(told)
    old = sign_in(otto).post(f"{page}set/", {"written": certificate(days=-3)})
    assert "has expired" in text(old)
    assert link(world).certificate == ""


def test_a_station_that_may_not_connect_is_given_none(world, sign_in, otto):
    path, client = world.url(f"stations/{world.connector.station.public_id}/certificate/"), sign_in(otto)
    assert "No certificate yet" in text(client.get(path))
    assert client.post(f"{path}set/", {"written": certificate()}).status_code == 200
    client.post(f"{path}remove/")
    with tenant_scope(world.operator.pk):
        assert not StationLink.objects.exists()
