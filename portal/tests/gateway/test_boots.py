"""Stations that are not accepted as they start: what they may, what they are asked, and how they are let in."""

import time

import orjson
import pytest
from django.utils import timezone

from charging.domain.errors import CommandRefused
from charging.domain.ocpp.commands import Kind
from charging.models import StationCharge, StationCommand, StationLink
from charging.services import station_commands, station_links
from portal.tests.gateway.conftest import PATIENCE_S
from portal.tests.gateway.test_gateway import START
from portal.tests.gateway.test_v201 import read
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
BOOT = {"chargePointVendor": "Acme", "chargePointModel": "X"}


@pytest.fixture
def olga(north, django_user_model):
    return django_user_model.objects.create_user("olga@example.com", "x", name="Olga")


def receive(street, olga, boot):
    with tenant_scope(street.operator.pk):
        station_links.receive_as(street.station, boot, by=olga, at=timezone.now())


def ask(street, olga, kind, **what):
    with tenant_scope(street.operator.pk):
        return station_commands.ask(street.station, kind, by=olga, at=timezone.now(), **what)


def hear(station):
    kind, message_id, action, payload = orjson.loads(station.socket.recv(timeout=PATIENCE_S))
    assert kind == 2
    station.socket.send(orjson.dumps([3, message_id, {"status": "Accepted"}]).decode())
    return action, payload


@pytest.mark.parametrize(("boot", "interval"), [("Pending", 60), ("Rejected", 900), ("Accepted", 300)])
@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_a_station_hears_how_it_is_received_and_when_to_ask_again(gateway, street, olga, boot, interval, protocol):
    receive(street, olga, boot)
    with gateway.station("Torget-1", street.password, subprotocols=[protocol]) as station:
        for _twice in range(2):
            told = station.call("BootNotification", **BOOT)
            assert (told["status"], told["interval"]) == (boot, interval)


@pytest.mark.parametrize("boot", ["Pending", "Rejected"])
def test_nobody_charges_at_a_station_that_is_not_accepted_and_nothing_it_says_of_money_is_lost(
    gateway, street, olga, boot
):
    receive(street, olga, boot)
    with gateway.station("Torget-1", street.password) as station:
        station.call("BootNotification", **BOOT)
        assert station.call("Authorize", idTag="04A1B2C3D4") == {"idTagInfo": {"status": "Invalid"}}
        charge = station.call("StartTransaction", **START)
        assert charge["idTagInfo"] == {"status": "Invalid"}
        stop = {"transactionId": charge["transactionId"], "meterStop": 2000, "timestamp": "2026-11-20T09:00:00Z"}
        assert station.call("StopTransaction", **stop) == {}
    (session,) = read(street)
    assert (session.energy_wh, session.review, "not_admitted" in session.flags) == (1000, "pending", True)
    with tenant_scope(street.operator.pk):
        assert StationCharge.objects.get().basis == "held"


def test_one_that_is_held_can_be_set_up_and_one_that_is_turned_away_is_asked_nothing(gateway, street, olga):
    receive(street, olga, "Pending")
    with gateway.station("Torget-1", street.password) as station:
        station.call("BootNotification", **BOOT)
        assert station.call("StatusNotification", connectorId=1, status="Available", errorCode="NoError") == {}
        ask(street, olga, Kind.CHANGE_SETTING, key="HeartbeatInterval", value="60")
        assert hear(station) == ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"})
        with pytest.raises(CommandRefused):
            ask(street, olga, Kind.START, card="04A1B2C3D4", connector="1")
        receive(street, olga, "Rejected")
        with pytest.raises(CommandRefused):
            ask(street, olga, Kind.TRIGGER, message="Heartbeat")
        assert station.call("BootNotification", **BOOT)["status"] == "Rejected"
        refused = station.call("StatusNotification", connectorId=1, status="Available", errorCode="NoError")
        assert refused[0] == "SecurityError"


def test_who_is_accepted_while_connected_is_asked_to_start_again_and_charges(gateway, street, olga):
    receive(street, olga, "Pending")
    with gateway.station("Torget-1", street.password) as station:
        assert station.call("BootNotification", **BOOT)["status"] == "Pending"
        receive(street, olga, "Accepted")
        assert hear(station) == ("TriggerMessage", {"requestedMessage": "BootNotification"})
        assert station.call("BootNotification", **BOOT)["status"] == "Accepted"
        assert station.call("StartTransaction", **START)["idTagInfo"] == {"status": "Accepted"}


def test_what_was_asked_before_it_was_held_waits_until_it_is_accepted(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:  # it has not booted: nothing is sent yet
        command = ask(street, olga, Kind.START, card="04A1B2C3D4", connector="1")
        receive(street, olga, "Pending")
        station.call("BootNotification", **BOOT)
        time.sleep(3)
        with tenant_scope(street.operator.pk):
            assert StationCommand.objects.get(pk=command.pk).state == "queued"
            StationLink.objects.update(boot="Accepted")
        assert hear(station)[0] == "RemoteStartTransaction"
