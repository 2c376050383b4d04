"""OCPP 2.0.1 at the real gateway, and what becomes of it: by a client of ours, and by one that is none of ours."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone
from ocpp.routing import on  # type: ignore[import-untyped]
from ocpp.v201 import ChargePoint, call, call_result  # type: ignore[import-untyped]
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from charging.domain.ocpp import v201
from charging.domain.ocpp.commands import Kind
from charging.models import (
    ChargingSession,
    Connector,
    StationCharge,
    StationCommand,
    StationLink,
    StationMessage,
    Token,
)
from charging.services import station_commands, station_steps
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

pytestmark = [pytest.mark.django_db(transaction=True)]
SPEAKS = {"subprotocols": ["ocpp2.0.1", "ocpp1.6"]}
TOKEN = {"idToken": "04a1b2c3d4", "type": "ISO14443"}
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def at(minutes):
    return (BEGAN + timedelta(minutes=minutes)).isoformat()


def event(kind, number, minutes, wh=None, **more):
    value = {"value": wh / 1000, "unitOfMeasure": {"unit": "kWh"}} if wh is not None else None
    read = {"meterValue": [{"timestamp": at(minutes), "sampledValue": [value]}]} if value else {}
    info = {"transactionInfo": {"transactionId": "tx-1", **more.pop("info", {})}}
    return {
        "eventType": kind, "timestamp": at(minutes), "triggerReason": "Authorized", "seqNo": number,
        **info, **read, **more,
    }  # fmt: skip


def read(street):
    station_steps.read_waiting(street.operator.pk, clock=timezone.now)
    with tenant_scope(street.operator.pk):
        return list(ChargingSession.objects.select_related("connector").order_by("pk"))


def test_a_station_that_offers_both_speaks_the_newer(gateway, street):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        assert station.socket.subprotocol == "ocpp2.0.1"
        station.call("BootNotification", reason="PowerUp", chargingStation={"vendorName": "Acme", "model": "X2"})
        assert station.call("Authorize", idToken=TOKEN) == {"idTokenInfo": {"status": "Accepted"}}
        assert (
            station.call("Authorize", idToken={"idToken": "FF", "type": "Local"})["idTokenInfo"]["status"] == "Invalid"
        )
        status = {"evseId": 1, "connectorId": 1, "connectorStatus": "Occupied", "timestamp": at(0)}
        assert station.call("StatusNotification", **status) == {}
        assert station.call("NotifyReport", requestId=1, seqNo=0, generatedAt=at(0)) == {}
        assert station.call("Dance")[0] == "NotImplemented"
    read(street)
    with tenant_scope(street.operator.pk):
        assert StationLink.objects.get(station=street.station).protocol == "ocpp2.0.1"
        assert Connector.objects.get(station=street.station).status == "CHARGING"
        street.station.refresh_from_db()
    assert (street.station.vendor, street.station.model) == ("Acme", "X2")


def test_a_charge_of_events_becomes_a_session_however_often_they_come(gateway, street):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        began = event("Started", 0, 0, 1000, idToken=TOKEN, evse={"id": 1, "connectorId": 1})
        for _ in range(2):
            assert station.call("TransactionEvent", **began) == {"idTokenInfo": {"status": "Accepted"}}
        for minutes in (15, 30):
            assert station.call("TransactionEvent", **event("Updated", minutes, minutes, 1000 + 100 * minutes)) == {}
        ended = event("Ended", 3, 45, 6000, info={"stoppedReason": "EVDisconnected"})
        for _ in range(2):
            assert station.call("TransactionEvent", **ended) == {}
    (session,) = read(street)
    assert (session.energy_wh, session.state, session.flags) == (5000, "COMPLETED", [])
    assert (session.driver_id, session.connector.number) == (street.driver.pk, "1")
    assert (session.started_at, session.ended_at) == (BEGAN, BEGAN + timedelta(minutes=45))


def test_a_charge_opens_on_whichever_event_comes_first(gateway, street):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        station.call("TransactionEvent", **event("Updated", 1, 10, 2000, idToken=TOKEN, evse={"id": 1}))
        station.call("TransactionEvent", **event("Ended", 2, 20, 3000))
    (session,) = read(street)
    assert (session.state, session.driver_id) == ("COMPLETED", street.driver.pk)
    assert "meter_missing" in session.flags


def test_a_charge_whose_beginning_comes_last_begins_there(gateway, street):
    card = {"idToken": TOKEN, "evse": {"id": 1}}
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        station.call("TransactionEvent", **event("Ended", 2, 45, 6000))
        station.call("TransactionEvent", **event("Updated", 1, 30, 4000))
        read(street)
        station.call("TransactionEvent", **event("Started", 0, 0, 1000, **card))
    for _again in range(3):
        (session,) = read(street)
    assert (session.energy_wh, session.state, session.flags) == (5000, "COMPLETED", [])
    assert (session.started_at, session.ended_at) == (BEGAN, BEGAN + timedelta(minutes=45))
    assert session.driver_id == street.driver.pk


@pytest.mark.parametrize("is_read_between", [True, False])
def test_who_plugs_in_first_shows_the_card_later(gateway, street, is_read_between):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        assert station.call("TransactionEvent", **event("Started", 0, 0, 1000, evse={"id": 1})) == {}
        if is_read_between:
            read(street)
        shown = station.call("TransactionEvent", **event("Updated", 1, 1, 1000, idToken=TOKEN))
        assert shown == {"idTokenInfo": {"status": "Accepted"}}
        other = {"idToken": {"idToken": "FF", "type": "Local"}}  # the charge stays whose it was
        station.call("TransactionEvent", **event("Updated", 2, 10, 3000, **other))
        station.call("TransactionEvent", **event("Ended", 3, 30, 6000))
    (session,) = read(street)
    assert (session.driver_id, session.energy_wh, session.flags) == (street.driver.pk, 5000, [])
    with tenant_scope(street.operator.pk):
        charge = StationCharge.objects.get()
    assert (charge.verdict, charge.basis) == ("Accepted", "driver")


@pytest.fixture
def second(street):
    """Another outlet of the station."""
    with tenant_scope(street.operator.pk):
        return Connector.objects.create(station=street.station, number="2")


def two(name, kind, *given, **more):
    """An event of a second charge; without a name of one where that is empty."""
    said = event(kind, *given, **more)
    said["transactionInfo"]["transactionId"] = name
    return said


@pytest.mark.parametrize("is_read_between", [True, False])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_charge_that_does_not_say_where_ends_no_other_and_waits_until_it_does(
    gateway, street, second, is_read_between, is_told
):
    """It was taken for one at the first outlet, and the charge there for over."""
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        station.call("TransactionEvent", **event("Started", 0, 0, 1000, idToken=TOKEN, evse={"id": 1}))
        begins = two("tx-2", "Started", 0, 5, 7000, idToken=TOKEN, **{} if is_told else {"evse": {"id": 0}})
        assert station.call("TransactionEvent", **begins) == {"idTokenInfo": {"status": "Accepted"}}
        if is_read_between:
            read(street)
        where = {"evse": {"id": 2}} if is_told else {}
        station.call("TransactionEvent", **two("tx-2", "Updated", 1, 10, 8000, **where))
        station.call("TransactionEvent", **two("tx-2", "Ended", 2, 20, 9000))
        station.call("TransactionEvent", **event("Ended", 1, 45, 6000))
    first, other = read(street)
    assert (first.energy_wh, first.connector.number, first.flags, first.review) == (5000, "1", [], "")
    assert (other.energy_wh, other.connector.number) == (2000, "2")
    assert (other.flags, other.review) == (([], "") if is_told else (["outlet_missing"], "pending"))
    with tenant_scope(street.operator.pk):
        remarks = list(StationMessage.objects.order_by("pk").values_list("remark", flat=True))
    assert remarks == ["", "no_outlet", "", "", ""]


def test_a_reading_that_does_not_say_when_is_of_the_event_s_time_and_remarked(gateway, street):
    """The event came later than it was of, as after a time without a connection."""
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        for kind, minutes, wh in (("Started", 0, 1000), ("Updated", 20, 3000)):
            told = event(kind, minutes, minutes, wh, idToken=TOKEN, evse={"id": 1})
            del told["meterValue"][0]["timestamp"]
            station.call("TransactionEvent", **told)
    (session,) = read(street)
    assert (session.meter_start_wh, session.energy_wh, session.flags) == (1000, 2000, [])
    with tenant_scope(street.operator.pk):
        assert StationCharge.objects.get().read_at == [BEGAN, BEGAN + timedelta(minutes=20)]
        assert set(StationMessage.objects.values_list("remark", flat=True)) == {"no_time"}


def test_charges_without_a_name_are_told_apart_by_their_outlets_and_wait(gateway, street, second):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        for outlet in (1, 2):  # one goes on at each
            station.call("TransactionEvent", **two("", "Started", 0, 0, 1000, idToken=TOKEN, evse={"id": outlet}))
        station.call("TransactionEvent", **two(None, "Ended", 2, 10, 3000, evse={"id": 1}))
        station.call("TransactionEvent", **two("", "Ended", 2, 20, 6000))  # there is but one left
        for _time in range(2):  # as a station does whose answer is lost
            again = two("", "Started", 0, 30, 6000, idToken=TOKEN, evse={"id": 2})
            station.call("TransactionEvent", **again)
        station.call("TransactionEvent", **two("", "Ended", 2, 40, 7000, evse={"id": 2}))
    found = [(row.connector.number, row.energy_wh, row.flags, row.review) for row in read(street)]
    waits = (["name_missing"], "pending")
    assert found == [("1", 2000, *waits), ("2", 5000, *waits), ("2", 1000, *waits)]
    with tenant_scope(street.operator.pk):
        assert set(StationMessage.objects.values_list("remark", flat=True)) == {"no_name"}
        assert {v201.name_in(row.said) for row in StationCharge.objects.all()} == {""}


LOST, UNKNOWN = {"idToken": "04DEADBEEF", "type": "ISO14443"}, {"idToken": "FF", "type": "Local"}


@pytest.fixture
def erik(street):
    """Another driver's card."""
    with tenant_scope(street.operator.pk):
        Token.objects.create(uid=LOST["idToken"], driver=street.driver, lost_at=timezone.now())
        return Token.objects.create(uid="04E51C0000", driver=drivers.create(name="Erik", email="erik@example.com"))


def shown(station, card, kind="Started", minutes=30, wh=6000, **more):
    """The verdict about a card at the first outlet, in an event without a charge's name."""
    given = two("", kind, 0, minutes, wh, idToken=card, evse={"id": 1}, **more)
    return station.call("TransactionEvent", **given)["idTokenInfo"]["status"]


@pytest.mark.parametrize("kind", ["Started", "Updated"])
@pytest.mark.parametrize("is_abandoned", [False, True])
def test_nobody_charges_for_the_card_of_a_charge_without_a_name_whose_end_was_lost(
    gateway, street, erik, kind, is_abandoned
):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        assert shown(station, TOKEN, minutes=0, wh=1000) == "Accepted"
        if is_abandoned:
            read(street)
            at_last = timezone.now() + timedelta(hours=25)
            station_steps.close_abandoned(street.operator.pk, clock=lambda: at_last)
        assert shown(station, LOST, kind) == "Blocked"
        assert shown(station, UNKNOWN, kind, 31) == "Invalid"
        assert shown(station, {"idToken": erik.uid, "type": "ISO14443"}, kind, 32) == "Accepted"
        with tenant_scope(street.operator.pk):
            Token.objects.filter(pk=street.card.pk).update(lost_at=timezone.now())
        assert shown(station, TOKEN, kind, 33) == "Blocked"


@pytest.mark.parametrize("is_read_between", [False, True])
def test_who_begins_with_another_card_has_a_charge_of_their_own(gateway, street, erik, is_read_between):
    card = {"idToken": erik.uid, "type": "ISO14443"}
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        shown(station, TOKEN, minutes=0, wh=1000)
        shown(station, TOKEN, "Updated", 20, 4000)
        if is_read_between:
            read(street)
        for _time in range(2):  # as a station does whose answer is lost
            assert shown(station, card) == "Accepted"
        shown(station, TOKEN, "Updated", 40, 7000)  # another card of a group may be shown to end it
        station.call("TransactionEvent", **two("", "Ended", 2, 50, 9000, idToken=TOKEN, evse={"id": 1}))
    first, other = read(street)
    assert (first.driver_id, first.energy_wh) == (street.driver.pk, 3000)
    assert first.flags == ["name_missing", "stop_missing"]
    assert (other.driver_id, other.energy_wh, other.flags) == (erik.driver_id, 3000, ["name_missing"])
    assert {first.review, other.review} == {"pending"}


@pytest.mark.parametrize("is_read_between", [False, True])
def test_who_comes_again_with_the_same_card_after_a_lost_end_has_a_charge_of_their_own(
    gateway, street, second, is_read_between
):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        for minutes, wh in ((0, 1000), (30, 6000)):
            for _time in range(2):  # as a station does whose answer is lost
                assert shown(station, TOKEN, minutes=minutes, wh=wh) == "Accepted"
            shown(station, TOKEN, "Updated", minutes + 20, wh + 3000)
            if is_read_between:
                read(street)
        station.call("TransactionEvent", **two("", "Started", 0, 55, 100, idToken=TOKEN, evse={"id": 2}))
        station.call("TransactionEvent", **two("", "Ended", 2, 60, 9500, evse={"id": 1}))
    found = [(row.connector.number, row.started_at, row.energy_wh, row.flags, row.state) for row in read(street)]
    assert found == [
        ("1", BEGAN, 3000, ["name_missing", "stop_missing"], "COMPLETED"),
        ("1", BEGAN + timedelta(minutes=30), 3500, ["name_missing"], "COMPLETED"),
        ("2", BEGAN + timedelta(minutes=55), 0, ["name_missing"], "ACTIVE"),
    ]


@pytest.mark.parametrize(("is_late", "is_read_between"), [(False, False), (False, True), (True, True)])
def test_who_comes_again_after_a_charge_of_which_start_and_end_were_lost_has_a_charge_of_their_own(
    gateway, street, is_late, is_read_between
):
    """It was first heard of by an event while it went on: what begins later than that is another one."""
    late = [(10, 1000)] if is_late else []  # the first one's start, which is of the same
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        shown(station, TOKEN, "Updated", 20, 4000)
        with tenant_scope(street.operator.pk):
            StationCharge.objects.update(received_at=BEGAN + timedelta(minutes=20))
        for minutes, wh in (*late, (30, 6000), (30, 6000)):  # as a station does whose answer is lost
            if is_read_between:
                read(street)
            assert shown(station, TOKEN, minutes=minutes, wh=wh) == "Accepted"
        station.call("TransactionEvent", **two("", "Ended", 2, 50, 9500, evse={"id": 1}))
    first = (BEGAN + timedelta(minutes=10), 3000) if is_late else (BEGAN + timedelta(minutes=20), 0)
    found = [(row.started_at, row.energy_wh, row.state) for row in read(street)]
    assert found == [(*first, "COMPLETED"), (BEGAN + timedelta(minutes=30), 3500, "COMPLETED")]


def test_a_late_end_of_a_charge_without_a_name_corrects_it_and_what_begins_then_is_another(gateway, street):
    """By the same card, which is told apart only once nothing more was heard of the first."""
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        shown(station, TOKEN, minutes=0, wh=1000)
        read(street)
        at_last = timezone.now() + timedelta(hours=25)
        station_steps.close_abandoned(street.operator.pk, clock=lambda: at_last)
        station.call("TransactionEvent", **two("", "Ended", 1, 20, 4000, evse={"id": 1}))
        shown(station, TOKEN, minutes=30, wh=4000)
        station_steps.read_waiting(street.operator.pk, clock=timezone.now)
        station_steps.close_abandoned(street.operator.pk, clock=lambda: at_last)
        shown(station, TOKEN, minutes=40, wh=7000)
    assert [(row.energy_wh, row.state, row.flags[:2]) for row in read(street)] == [
        (3000, "COMPLETED", ["name_missing"]),
        (0, "COMPLETED", ["name_missing", "stop_missing"]),
        (0, "ACTIVE", ["name_missing"]),
    ]


def test_two_names_that_begin_alike_are_two_charges(gateway, street, second):
    long = "b6c1d0e2-7a53-4c6f-9a55-0d2f6b1f8e11"
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        for outlet in (1, 2):
            name = f"{long}-{outlet}"
            station.call("TransactionEvent", **two(name, "Started", 0, 0, 1000, idToken=TOKEN, evse={"id": outlet}))
            station.call("TransactionEvent", **two(name, "Ended", 1, 30, 1000 + 1000 * outlet))
    assert [row.energy_wh for row in read(street)] == [1000, 2000]
    with tenant_scope(street.operator.pk):
        assert {v201.name_in(row.said) for row in StationCharge.objects.all()} == {f"{long}-1", f"{long}-2"}


def test_a_refused_card_is_answered_so_and_its_charge_waits(gateway, street):
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        began = event("Started", 0, 0, 1000, idToken={"idToken": "FF", "type": "Local"}, evse={"id": 1})
        assert station.call("TransactionEvent", **began) == {"idTokenInfo": {"status": "Invalid"}}
        station.call("TransactionEvent", **event("Ended", 1, 30, 4000))
    (session,) = read(street)
    assert (session.review, session.flags) == ("pending", ["not_admitted"])


def test_what_is_asked_is_said_in_its_words_and_a_charge_is_named_as_the_station_does(
    gateway, street, django_user_model
):
    by = django_user_model.objects.create_user("olga@example.com", "x")
    with gateway.station("Torget-1", street.password, **SPEAKS) as station:
        station.call("BootNotification", "b", reason="PowerUp", chargingStation={"vendorName": "A", "model": "B"})
        station.call("TransactionEvent", "e", **event("Started", 0, 0, 1000, idToken=TOKEN, evse={"id": 1}))
        with tenant_scope(street.operator.pk):
            number = StationCharge.objects.get().number
        asked: list[tuple[Kind, dict[str, Any], str, dict[str, Any]]] = [
            (Kind.STOP, {"number": number}, "RequestStopTransaction", {"transactionId": "tx-1"}),
            (Kind.START, {"card": "04A1B2C3D4", "connector": "1"}, "RequestStartTransaction",
             {"idToken": {"idToken": "04A1B2C3D4", "type": "Central"}, "evseId": 1}),
            (Kind.RESET, {"hard": False}, "Reset", {"type": "OnIdle"}),
            (Kind.TRIGGER, {"message": "Heartbeat"}, "TriggerMessage", {"requestedMessage": "Heartbeat"}),
        ]  # fmt: skip
        for kind, what, action, payload in asked:
            with tenant_scope(street.operator.pk):
                command = station_commands.ask(street.station, kind, by=by, at=timezone.now(), **what)
            sent = orjson.loads(station.socket.recv(timeout=30))
            number_of = {"remoteStartId": command.wanted["request"]} if kind is Kind.START else {}
            assert sent == [2, str(command.public_id), action, payload | number_of]
            station.socket.send(orjson.dumps([3, sent[1], {"status": "Accepted"}]).decode())
            station.call("StatusNotification", "s", evseId=1, connectorId=1, connectorStatus="Available")
    with tenant_scope(street.operator.pk):
        assert set(StationCommand.objects.values_list("state", flat=True)) == {"answered"}


def test_every_kind_of_command_has_its_message():
    wanted = {
        "connector": "1", "hard": True, "message": "Heartbeat", "key": "SmartChargingCtrlr.Enabled", "value": "1",
        "location": "https://a.example", "when": "2026-11-20T08:00:00Z", "until": "2026-11-20T09:00:00Z", "request": 7,
        "reservation": 7, "limit": 16, "unit": "A", "names": ["A.B"], "version": 1,
    }  # fmt: skip
    assert {v201.request(kind, wanted, "AA", "tx")[0] for kind in Kind} == set(v201.MESSAGES.values())
    _, changed = v201.request(Kind.CHANGE_SETTING, wanted)
    (one,) = changed["setVariableData"]
    assert (one["component"], one["variable"]) == ({"name": "SmartChargingCtrlr"}, {"name": "Enabled"})
    assert v201.granted(Kind.CHANGE_SETTING, {"setVariableResult": [{"attributeStatus": "Rejected"}]}) == (
        False, "Rejected",
    )  # fmt: skip


class Independent(ChargePoint):
    """The station of the library `ocpp`, which does as it is asked."""

    @on("RequestStopTransaction")
    def stopped(self, **_):
        return call_result.RequestStopTransaction(status="Accepted")


def test_a_client_that_is_none_of_ours_charges(gateway, street):
    async def charge():
        basic = base64.b64encode(f"Torget-1:{street.password}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        spoken = [Subprotocol("ocpp2.0.1")]
        async with connect(gateway.url("Torget-1"), subprotocols=spoken, additional_headers=headers) as socket:
            station = Independent("Torget-1", socket)
            listening = asyncio.create_task(station.start())
            made = {"model": "X", "vendor_name": "Acme"}
            boot = await station.call(call.BootNotification(charging_station=made, reason="PowerUp"))
            assert boot.status == "Accepted"
            token = {"id_token": "04A1B2C3D4", "type": "ISO14443"}
            let_in = await station.call(call.Authorize(id_token=token))
            assert let_in.id_token_info["status"] == "Accepted"
            for number, (kind, wh) in enumerate((("Started", 0.0), ("Updated", 500.0), ("Ended", 900.0))):
                await station.call(
                    call.TransactionEvent(
                        event_type=kind, timestamp=at(number), trigger_reason="Authorized", seq_no=number,
                        transaction_info={"transaction_id": "T"}, evse={"id": 1}, id_token=token,
                        meter_value=[{"timestamp": at(number), "sampled_value": [{"value": wh}]}],
                    )
                )  # fmt: skip
            assert (await station.call(call.Heartbeat())).current_time
            listening.cancel()

    asyncio.run(charge())
    (session,) = read(street)
    assert (session.energy_wh, session.driver_id, session.state) == (900, street.driver.pk, "COMPLETED")
    with tenant_scope(street.operator.pk):
        assert not StationMessage.objects.exclude(remark="").exists()
