"""Letting stations connect: a password shown once, strangers taken in, and what a station said."""

import re
from datetime import timedelta

import orjson
import pytest
from django.utils import timezone

from charging.domain.ocpp import passwords
from charging.models import Station, StationHalt, StationKnock, StationLink, StationMessage
from charging.services import site_memberships
from tenants.models import AuditEntry, Membership
from tenants.permissions import Access, Permission
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


def test_one_that_is_taken_in_may_be_held_until_it_is_accepted_on_its_page(world, sign_in, otto):
    client, stranger = sign_in(otto), knock(world)
    form = world.url(f"stations/knocking/{stranger.public_id}/")
    client.post(form, {"site": world.connector.station.site.public_id, "is_held": "on"})
    with tenant_scope(world.operator.pk):
        taken = Station.objects.get(identifier="SE-NEW")
    page = world.url(path(taken, ""))
    assert "nobody charges there" in client.get(page).content.decode()
    for boot, said in (("Rejected", "turned away"), ("Pending", "nobody charges there"), ("Accepted", "is accepted")):
        assert said in client.post(world.url(path(taken, "boot/")), {"boot": boot}, follow=True).content.decode()
    with tenant_scope(world.operator.pk):
        assert StationLink.objects.get(station=taken).boot == "Accepted"
        told = AuditEntry.objects.filter(event="station.boot_chosen").order_by("pk")
        answers = [(entry.additional_data or {})["kind"] for entry in told]
    assert answers == ["Pending", "Rejected", "Pending", "Accepted"]
    client.post(world.url(path(taken, "boot/")), {"boot": "Whatever"})
    assert "nobody charges there" not in client.get(page).content.decode()


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


def say(world, station, action, raw):
    with tenant_scope(world.operator.pk):
        StationMessage.objects.create(
            station=station, epoch=1, received_at=timezone.now(), action=action, raw=raw, answer="[3]", is_read=True
        )


def lines(answer):
    return [orjson.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_messages_are_searched_and_taken_out_as_they_came(world, station, sign_in, otto):
    said = '[2,"1","Authorize",{"idTag":"04A1B2C3D4"}]'
    say(world, station, "Authorize", said)
    say(world, station, "Heartbeat", '[2,"2","Heartbeat",{}]')
    client, file = sign_in(otto), world.url(path(station, "messages/file/"))
    assert [row.action for row in client.get(world.url(path(station, "messages/?q=a1b2"))).context["page"]] == [
        "Authorize"
    ]
    page = client.get(world.url(path(station, "messages/"))).content.decode()
    assert ("04A••••D4" in page, "04A1B2C3D4" in page) == (True, False)
    whole = client.get(world.url(path(station, "messages/?q=04:a1:b2:c3:d4"))).context["page"]
    assert [row.action for row in whole] == ["Authorize"]
    answer = client.get(f"{file}?q=a1b2")
    (line,) = lines(answer)
    assert (line["message"], line["said"], line["answered"]) == ("Authorize", said, "[3]")
    assert [line["message"] for line in lines(client.get(file))] == ["Authorize", "Heartbeat"]
    with tenant_scope(world.operator.pk):
        entries = list(AuditEntry.objects.filter(event="station.messages_exported"))
    assert [(entry.object_id, entry.additional_data) for entry in entries] == [(station.pk, None)] * 2


def test_who_sees_no_cards_finds_and_takes_out_none(world, station, sign_in, otto, monkeypatch):
    say(world, station, "Authorize", '[2,"1","Authorize",{"idTag":"04A1B2C3D4"}]')
    may = Access.may
    monkeypatch.setattr(Access, "may", lambda access, what: what != Permission.VIEW_DRIVERS and may(access, what))
    client, file = sign_in(otto), world.url(path(station, "messages/file/"))
    assert not client.get(world.url(path(station, "messages/?q=a1b2"))).context["page"]
    assert lines(client.get(f"{file}?q=a1b2")) == []
    (line,) = lines(client.get(file))
    assert line["said"] == '[2,"1","Authorize",{"idTag":"04A••••D4"}]'


def test_what_a_station_is_made_of_and_its_habits_stand_on_its_page(world, station, sign_in, otto):
    with tenant_scope(world.operator.pk):
        StationLink.objects.create(station=station, password_at=timezone.now())
    boot = {"chargePointVendor": "Acme", "firmwareVersion": "1.2.7", "chargePointSerialNumber": "SN-0815"}
    say(world, station, "BootNotification", orjson.dumps([2, "1", "BootNotification", boot]).decode())
    late = (timezone.now() + timedelta(hours=1)).isoformat()
    value = [{"timestamp": late, "sampledValue": [{"value": "4", "unit": "kWh"}]}]
    reading = {"connectorId": 1, "transactionId": 7, "meterValue": value}
    say(world, station, "MeterValues", orjson.dumps([2, "2", "MeterValues", reading]).decode())
    page = client_page(sign_in(otto), world.url(path(station, "")))
    for told in ("1.2.7", "SN-0815", "kWh", "ahead"):
        assert told in page


def client_page(client, address):
    return re.sub(r"\s+", " ", client.get(address).content.decode())


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
