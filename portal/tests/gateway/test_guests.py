"""Somebody without an account charges for nothing, where they may: started, followed, ended, and nobody's."""

import orjson
import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from billing.tests import factories
from charging.models import ChargingSession, Site, StationCharge, StationCommand
from charging.services import station_steps
from portal.tests.gateway.conftest import PATIENCE_S
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
NBSP = "\N{NO-BREAK SPACE}"
BOOT = {"chargePointVendor": "Acme", "chargePointModel": "X"}


@pytest.fixture
def free(street):
    """A site where charging costs nothing and guests may."""
    with tenant_scope(street.operator.pk):
        factories.tariff(factories.flat("0.00"), name="Free")
        Site.objects.update(guests_start=True)
    return street


def page_of(street):
    return reverse("public_outlet", args=["north", street.station.public_id, "1"])


def text(response):
    return " ".join(response.content.decode().split())


def start(browser, street, word="w"):
    return browser.post(page_of(street) + "start/", {"word": word})


def read(street):
    station_steps.read_waiting(street.operator.pk, clock=timezone.now)


def hear(station):
    kind, message_id, action, payload = orjson.loads(station.socket.recv(timeout=PATIENCE_S))
    assert kind == 2
    station.socket.send(orjson.dumps([3, message_id, {"status": "Accepted"}]).decode())
    return action, payload


def test_a_guest_starts_follows_and_ends_a_charge_that_nobody_pays(gateway, free):
    browser = Browser()
    with gateway.station("Torget-1", free.password) as station:
        station.call("BootNotification", **BOOT)
        assert "Charge for free" in text(browser.get(page_of(free)))
        own = start(browser, free)["Location"]
        assert start(browser, free)["Location"] == own, "pressed twice, asked once"
        action, asked = hear(station)
        assert (action, asked["connectorId"]) == ("RemoteStartTransaction", 1)
        tag = asked["idTag"]
        assert len(tag) == 20
        station.call("StatusNotification", "s", connectorId=1, status="Available", errorCode="NoError")
        assert "The station has said yes" in text(browser.get(own))
        assert station.call("Authorize", "a", idTag=tag)["idTagInfo"] == {"status": "Accepted"}
        began = {"connectorId": 1, "idTag": tag, "meterStart": 0, "timestamp": timezone.now().isoformat()}
        charge = station.call("StartTransaction", "t", **began)
        assert charge["idTagInfo"] == {"status": "Accepted"}
        read(free)
        assert "Stop charging" in text(browser.get(own))
        meant_for_all = text(Browser().get(page_of(free)))
        assert (">taken</span>" in meant_for_all, "available" in meant_for_all) == (True, False), (
            "whatever the station tells"
        )
        polled = browser.get(own, headers={"X-Poll": "1", "HX-Request": "true"})
        assert "Stop charging" in text(polled), "it asks for itself, also where nobody has signed in"
        assert browser.post(f"{own}stop/")["Location"] == own
        asking = text(browser.get(own))
        assert ("The station is asked to stop" in asking, "Stop charging" in asking) == (True, False)
        assert hear(station) == ("RemoteStopTransaction", {"transactionId": charge["transactionId"]})
        stop = {"transactionId": charge["transactionId"], "meterStop": 900, "timestamp": timezone.now().isoformat()}
        station.call("StopTransaction", "e", **stop)
    read(free)
    receipt = text(browser.get(own))
    assert "The charge has ended" in receipt
    assert "<dt>Energy</dt><dd>0.90 kWh</dd>" in receipt.replace(NBSP, " "), "by the meter at its end"
    with tenant_scope(free.operator.pk):
        session = ChargingSession.objects.get()
        assert (session.driver_id, session.token_id, session.review) == (None, None, "written_off")
        assert StationCharge.objects.get().basis == "guest"
        assert set(StationCommand.objects.values_list("asked_by", flat=True)) == {None}


def test_who_never_came_neither_sees_nor_ends_the_charge_of_who_came_after(gateway, free):
    with gateway.station("Torget-1", free.password) as station:
        station.call("BootNotification", **BOOT)
        first, own = Browser(), {}
        own["first"] = start(first, free, "one")["Location"]
        hear(station)
        station.call("Heartbeat", "h")
        own["second"] = start(Browser(), free, "two")["Location"]
        tag = hear(station)[1]["idTag"]
        began = {"connectorId": 1, "idTag": tag, "meterStart": 0, "timestamp": timezone.now().isoformat()}
        station.call("StartTransaction", "t", **began)
    read(free)
    assert "Stop charging" in text(Browser().get(own["second"]))
    assert "Stop charging" not in text(first.get(own["first"]))
    first.post(f"{own['first']}stop/")
    with tenant_scope(free.operator.pk):
        assert not StationCommand.objects.filter(kind="stop").exists()
        asked = AuditEntry.objects.filter(event="station.asked")
        assert set(asked.values_list("actor_id", "remote_addr", "user_agent")) == {(None, None, "")}


def test_what_nobody_asked_for_is_no_guest_s(gateway, free):
    with gateway.station("Torget-1", free.password) as station:
        station.call("BootNotification", **BOOT)
        assert station.call("Authorize", idTag="GUEST0123456789ABCDE")["idTagInfo"] == {"status": "Invalid"}


@pytest.mark.parametrize("wrong", ["priced", "closed", "unpriced"])
def test_where_it_costs_something_or_guests_may_not_nothing_is_started(gateway, street, wrong):
    with tenant_scope(street.operator.pk):
        if wrong != "unpriced":
            factories.tariff(factories.flat("2.00" if wrong == "priced" else "0.00"))
        Site.objects.update(guests_start=wrong != "closed")
        street.operator.email = "hello@north.example"
        street.operator.save(update_fields=["email"])
    with gateway.station("Torget-1", street.password) as station:
        station.call("BootNotification", **BOOT)
        page = text(Browser().get(page_of(street)))
        assert "Charge for free" not in page
        assert "hello@north.example" in page
        assert start(Browser(), street).status_code == 404
    with tenant_scope(street.operator.pk):
        assert not StationCommand.objects.exists()


def test_an_outlet_takes_one_guest_at_a_time(gateway, free):
    with gateway.station("Torget-1", free.password) as station:
        station.call("BootNotification", **BOOT)
        assert start(Browser(), free, "one").status_code == 302
        other = start(Browser(), free, "two")
        assert other.status_code == 400
        assert "taken" in text(other)
    with tenant_scope(free.operator.pk):
        assert StationCommand.objects.count() == 1


def test_it_is_not_started_again_and_again_from_one_network(gateway, free):
    with gateway.station("Torget-1", free.password):
        said = [start(Browser(), free, f"w{number}").status_code for number in range(4)]
    assert said[-1] == 429
    assert said[0] == 302


def test_who_has_not_the_address_sees_no_guest_s_charge(client, free):
    with tenant_scope(free.operator.pk):
        command = StationCommand.objects.create(
            station=free.station, kind="start", asked_at=timezone.now(), not_after=timezone.now(), wanted={}
        )
    assert client.get(f"/at/north/guest/{command.public_id}/").status_code == 404, "it is somebody's with an account"
