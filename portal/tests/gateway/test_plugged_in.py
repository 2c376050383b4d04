"""A station of OCPP 2 tells of a charge as the cable goes in: nobody's, until somebody shows a card or starts."""

import orjson
import pytest
from django.db.models import Q
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from billing.tests import factories
from charging.domain.ocpp.commands import Kind
from charging.models import ChargingSession, Connector, Site, StationCharge, StationCommand
from charging.selectors import outlets, plugged_in, stations
from charging.services import driver_charging, station_commands
from portal.tests.gateway.conftest import PATIENCE_S
from portal.tests.gateway.test_v201 import SPEAKS, TOKEN, at, event, read
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
CABLE = {"evse": {"id": 1, "connectorId": 1}, "info": {"chargingState": "EVConnected"}}
OCCUPIED = {"evseId": 1, "connectorId": 1, "connectorStatus": "Occupied", "timestamp": at(0)}
BOOT = {"reason": "PowerUp", "chargingStation": {"vendorName": "A", "model": "B"}}


def plug_in(station, street):
    """The cable goes in: the station calls the outlet occupied, tells of a charge, and shows no card yet."""
    station.call("BootNotification", "b", **BOOT)
    station.call("StatusNotification", "o", **OCCUPIED)
    assert station.call("TransactionEvent", "p", **event("Started", 0, 0, 1000, **CABLE)) == {}
    read(street)


def hear(station):
    kind, message_id, action, payload = orjson.loads(station.socket.recv(timeout=PATIENCE_S))
    assert kind == 2
    said = {"status": "Accepted", "transactionId": "tx-1"}  # the one that goes on already
    station.socket.send(orjson.dumps([3, message_id, said]).decode())
    return action, payload


def is_free(street):
    with tenant_scope(street.operator.pk):
        return driver_charging.is_free(Connector.objects.select_related("station").get(pk=street.connector.pk))


def text(response):
    return " ".join(response.content.decode().split())


@pytest.fixture
def priced(street):
    with tenant_scope(street.operator.pk):
        factories.tariff(factories.flat("0.00"))
        Site.objects.update(guests_start=True)
    return street


def test_a_start_from_afar_goes_on_with_the_charge_that_the_cable_began(gateway, dana, danas_driver, priced, sign_in):
    browser, page = sign_in(dana), reverse("driver:outlet", args=["north", priced.station.public_id, "1"])
    with gateway.station("Torget-1", priced.password, **SPEAKS) as station:
        plug_in(station, priced)
        assert "plugged in" in text(browser.get(page))
        own = browser.post(f"{page}start/")["Location"]
        action, asked = hear(station)
        assert (action, asked["evseId"]) == ("RequestStartTransaction", 1)
        joined = event("Updated", 1, 2, 1000, idToken=asked["idToken"], info={"remoteStartId": asked["remoteStartId"]})
        assert station.call("TransactionEvent", "j", **joined) == {"idTokenInfo": {"status": "Accepted"}}
        read(priced)
        with tenant_scope(priced.operator.pk):
            (session,) = ChargingSession.objects.all()
        assert browser.get(own)["Location"] == reverse("driver:live", args=["north", session.public_id])
        assert not is_free(priced), "it is somebody's now"
        station.call("TransactionEvent", "e", **event("Ended", 2, 45, 6000))
    (session,) = read(priced)
    assert (session.driver_id, session.energy_wh) == (danas_driver.pk, 5000)
    assert (session.state, session.review, session.flags) == ("COMPLETED", "", [])
    assert browser.get(own)["Location"].endswith(f"{session.public_id}/")


def test_a_guest_goes_on_with_it_and_finds_the_charge_on_their_page(gateway, priced):
    browser, page = Browser(), reverse("public_outlet", args=["north", priced.station.public_id, "1"])
    with gateway.station("Torget-1", priced.password, **SPEAKS) as station:
        plug_in(station, priced)
        assert "Charge for free" in text(browser.get(page))
        own = browser.post(f"{page}start/", {"word": "w"})["Location"]
        _, asked = hear(station)
        station.call("TransactionEvent", "j", **event("Updated", 1, 2, 1000, idToken=asked["idToken"]))
        read(priced)
        assert "Stop charging" in text(browser.get(own))
        assert "Charge for free" not in text(browser.get(page))
        station.call("TransactionEvent", "e", **event("Ended", 2, 45, 6000))
    (session,) = read(priced)
    assert (session.token_id, session.energy_wh, session.review) == (None, 5000, "written_off")
    assert "The charge has ended" in text(browser.get(own))


def test_staff_start_it_too(gateway, street, django_user_model):
    by = django_user_model.objects.create_user("olga@example.com", "x")
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        plug_in(station, street)
        with tenant_scope(street.operator.pk):
            connector = Connector.objects.select_related("station__site").get(pk=street.connector.pk)
            command = driver_charging.start(street.driver, connector, by=by, at=timezone.now())
        _, asked = hear(station)
        station.call("TransactionEvent", "j", **event("Updated", 1, 2, 1000, idToken=asked["idToken"]))
    (session,) = read(street)
    with tenant_scope(street.operator.pk):
        found = outlets.begun_by(StationCommand.objects.get(pk=command.pk))
    assert found == session


@pytest.mark.parametrize(
    ("more", "is_free_then"),
    [
        ({}, True),
        ({"wh": 1500}, False),
        ({"idToken": TOKEN}, False),
        ({"idToken": {"idToken": "FF", "type": "Local"}}, False),
    ],
)
def test_it_takes_the_outlet_once_it_has_a_card_or_has_taken_energy(gateway, street, more, is_free_then):
    """Who goes on with it pays for all of it, so nothing must have flowed; and a card that is refused is somebody's."""
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        plug_in(station, street)
        assert is_free(street)
        station.call("TransactionEvent", "u", **event("Updated", 1, 5, more.pop("wh", 1000), **more))
        read(street)
    assert is_free(street) == is_free_then


@pytest.fixture
def second(street):
    """Another outlet of the station, which has told nothing of it yet."""
    with tenant_scope(street.operator.pk):
        return Connector.objects.create(station=street.station, number="2", status="AVAILABLE")


def free_outlets(street):
    """The numbers of the outlets that are free, and of those to which people are led from elsewhere at the site."""
    with tenant_scope(street.operator.pk):
        rows = list(Connector.objects.select_related("station").order_by("number"))
        other = Connector(pk=0, station=street.station)
        beside = {row.number for row in outlets.free_beside(other, at=timezone.now())}
        return {row.number for row in rows if driver_charging.is_free(row)}, beside


def test_a_charge_of_which_nobody_knows_where_it_is_takes_no_outlet_that_is_called_free(gateway, street, second):
    """It was put at the first one that was free, and nobody could start there while it went on at the other."""
    with gateway.station("Torget-1", street.password) as station:
        station.call("BootNotification", chargePointVendor="A", chargePointModel="B")
        station.call("StatusNotification", connectorId=1, status="Available", errorCode="NoError")
        station.call("StatusNotification", connectorId=2, status="Charging", errorCode="NoError")
        began = {"idTag": street.card.uid, "meterStart": 0, "timestamp": at(0)}
        number = station.call("StartTransaction", **began)["transactionId"]
        (session,) = read(street)
        assert (session.connector.number, session.flags) == ("1", ["outlet_missing"])
        assert free_outlets(street) == ({"1"}, {"1"})
        station.call("StopTransaction", transactionId=number, meterStop=10, timestamp=at(9))
        station.call("StartTransaction", **{**began, "connectorId": 1, "timestamp": at(10)})
        read(street)
        assert free_outlets(street) == (set(), set())


def test_where_nobody_knows_where_a_charge_is_an_occupied_outlet_is_not_called_plugged_in(gateway, street, second):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        station.call("BootNotification", "b", **BOOT)
        for outlet in (1, 2):
            station.call("StatusNotification", f"o{outlet}", **{**OCCUPIED, "evseId": outlet})
        read(street)
        assert free_outlets(street) == ({"1", "2"}, {"1", "2"})
        station.call("TransactionEvent", "s", **event("Started", 0, 0, 1000, idToken=TOKEN))
        (session,) = read(street)
        assert session.flags == ["outlet_missing"]
        assert free_outlets(street) == (set(), set())
        station.call("TransactionEvent", "u", **event("Updated", 1, 5, 2000, evse={"id": 2}))
        read(street)
        assert free_outlets(street) == ({"1"}, {"1"}), "it has said so"


def test_a_start_of_1_6_without_a_card_takes_the_outlet_as_ever(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        began = {"connectorId": 1, "idTag": "", "meterStart": 0, "timestamp": at(0)}
        station.call("StartTransaction", **began)
    read(street)
    with tenant_scope(street.operator.pk):
        assert StationCharge.objects.get().basis == "no_card"
    assert not is_free(street)


def test_lists_and_pages_call_it_plugged_in(gateway, street, olga, sign_in):
    browser = sign_in(olga)
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        plug_in(station, street)
        with tenant_scope(street.operator.pk):
            assert plugged_in.marked(Connector.objects.all()).filter(Q(is_plugged_in=True)).count() == 1
            assert list(stations.listing(condition=stations.FREE)) == [street.station]
            assert list(stations.listing(condition=stations.CHARGING)) == []
        page = browser.get(f"/o/north/stations/{street.station.public_id}/")
        assert "plugged in" in text(page)
        overview = browser.get("/o/north/")
        assert [(str(label), count) for label, _, count in overview.context["statuses"]] == [("plugged in", 1)]
        assert len(overview.context["only_cables"]) == 1
        station.call("TransactionEvent", "j", **event("Updated", 1, 2, 1000, idToken=TOKEN))
        read(street)
        with tenant_scope(street.operator.pk):
            assert list(stations.listing(condition=stations.CHARGING)) == [street.station]
        overview = browser.get("/o/north/")
        assert [(str(label), count) for label, _, count in overview.context["statuses"]] == [("charging", 1)]
        assert not overview.context["only_cables"]


def test_of_two_starts_with_one_card_each_finds_the_charge_that_followed_it(gateway, street, django_user_model):
    by = django_user_model.objects.create_user("olga@example.com", "x")
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        plug_in(station, street)
        commands, numbers = [], []
        for _ in range(2):
            with tenant_scope(street.operator.pk):
                card = street.card.uid
                commands.append(
                    station_commands.ask(street.station, Kind.START, by=by, at=timezone.now(), card=card, connector="1")
                )
            action, asked = hear(station)
            assert action == "RequestStartTransaction"
            numbers.append(asked["remoteStartId"])
        assert numbers[0] != numbers[1]
        joined = event("Updated", 1, 2, 1000, idToken=asked["idToken"], info={"remoteStartId": numbers[1]})
        station.call("TransactionEvent", "j", **joined)
    (session,) = read(street)
    with tenant_scope(street.operator.pk):
        found = [outlets.begun_by(StationCommand.objects.get(pk=each.pk)) for each in commands]
    assert found == [None, session], "the other start has led to nothing"
