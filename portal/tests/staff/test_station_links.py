"""Letting stations connect: a password shown once, strangers taken in, and what a station said."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from charging.domain.ocpp import passwords
from charging.models import Station, StationHalt, StationKnock, StationLink, StationMessage
from charging.services import site_memberships
from tenants.models import AuditEntry, Membership
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def station(world):
    return world.connector.station


def path(station, rest):
    return f"stations/{station.public_id}/{rest}"


def knock(world, identity="SE-NEW", reason="unknown"):
    now = timezone.now()
    with tenant_scope(world.operator.pk):
        return StationKnock.objects.create(
            identity=identity, reason=reason, protocols="ocpp1.6", address="192.0.2.7", first_at=now, last_at=now
        )


def shown_password(page):
    (found,) = set(re.findall(r"\b[0-9a-f]{40}\b", page.content.decode()))
    return found


def test_a_password_is_shown_once_kept_as_a_hash_and_logged_without_it(world, station, sign_in, otto):
    client = sign_in(otto)
    knock(world, station.identifier.lower(), "no_password")
    password = shown_password(client.post(world.url(path(station, "password/"))))
    page = client.get(world.url(path(station, ""))).content.decode()
    assert password not in page
    assert "never connected yet" in page
    with tenant_scope(world.operator.pk):
        link = StationLink.objects.get(station=station)
        entry = AuditEntry.objects.get(event="station.password_made")
        assert not StationKnock.objects.exists()
    assert passwords.matches(password.encode(), link.password_kept)
    assert password not in link.password_kept
    assert (entry.object_id, password in str(vars(entry))) == (station.pk, False)


def test_who_knocks_is_listed_and_taken_in(world, sign_in, otto):
    client, stranger = sign_in(otto), knock(world)
    assert "SE-NEW" in client.get(world.url("stations/knocking/")).content.decode()
    form = world.url(f"stations/knocking/{stranger.public_id}/")
    assert client.get(form).status_code == 200
    assert client.post(form).status_code == 400
    password = shown_password(client.post(form, {"site": world.connector.station.site.public_id}))
    with tenant_scope(world.operator.pk):
        taken = Station.objects.get(identifier="SE-NEW")
        assert taken.connectors.count() == 1
        assert passwords.matches(password.encode(), StationLink.objects.get(station=taken).password_kept)
        assert not StationKnock.objects.exists()
    assert client.get(form).status_code == 404


def test_only_what_nobody_knows_is_taken_in(world, sign_in, otto):
    known = knock(world, world.connector.station.identifier, "wrong_password")
    assert sign_in(otto).get(world.url(f"stations/knocking/{known.public_id}/")).status_code == 404


def test_whoever_works_for_some_sites_takes_nobody_in(world, sign_in, otto):
    with tenant_scope(world.operator.pk):
        place, here = Membership.objects.get(user=otto), world.connector.station.site.public_id
        site_memberships.change(place, role="operations", site_public_ids=[here])
    client, stranger = sign_in(otto), knock(world)
    assert client.get(world.url("stations/knocking/")).status_code == 403
    assert client.post(world.url(f"stations/knocking/{stranger.public_id}/")).status_code == 403


def test_what_a_station_said_is_shown_word_for_word_and_narrowed(world, station, sign_in, otto):
    with tenant_scope(world.operator.pk):
        for action, raw in (("BootNotification", '[2,"1","BootNotification",{"<b>":1}]'), ("MeterValues", "[2,")):
            StationMessage.objects.create(
                station=station, epoch=1, received_at=timezone.now(), action=action, raw=raw, is_read=True, remark="x"
            )
    client = sign_in(otto)
    page = client.get(world.url(path(station, "messages/"))).content.decode()
    assert "&lt;b&gt;" in page
    narrowed = client.get(world.url(path(station, "messages/?q=meter")))
    assert [row.action for row in narrowed.context["page"]] == ["MeterValues"]


def test_a_message_that_stops_its_station_is_said_and_tried_again(world, station, sign_in, otto):
    later = timezone.now() + timedelta(hours=1)
    with tenant_scope(world.operator.pk):
        StationHalt.objects.create(station=station, message=7, error="KeyError", since=timezone.now(), try_at=later)
    client = sign_in(otto)
    assert "KeyError" in client.get(world.url(path(station, "messages/"))).content.decode()
    assert "cannot be processed" in client.get(world.url(path(station, ""))).content.decode()
    client.post(world.url(path(station, "messages/again/")))
    with tenant_scope(world.operator.pk):
        assert StationHalt.objects.get().try_at <= timezone.now()
