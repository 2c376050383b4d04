"""The gateway, a real process: who is let in, what is kept before it is answered, and what survives a kill."""

import threading
import time
from datetime import timedelta

import orjson
import pytest
from django.db import connection
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from charging.models import (
    SignedRecord,
    Site,
    Station,
    StationCharge,
    StationKnock,
    StationLink,
    StationMessage,
    Token,
)
from charging.services import station_links, station_steps, tokens
from portal.tests import dump
from portal.tests.gateway.conftest import NOW
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

pytestmark = [pytest.mark.django_db(transaction=True)]
START = {"connectorId": 1, "idTag": "04a1b2c3d4", "meterStart": 1000, "timestamp": "2026-11-20T08:00:00Z"}


def kept(street):
    with tenant_scope(street.operator.pk):
        return list(StationMessage.objects.order_by("pk"))


def charges(street):
    with tenant_scope(street.operator.pk):
        return list(StationCharge.objects.order_by("pk"))


def link(street):
    with tenant_scope(street.operator.pk):
        return StationLink.objects.get(station=street.station)


def knocks(street):
    with tenant_scope(street.operator.pk):
        return {(knock.identity, knock.reason): knock.times for knock in StationKnock.objects.all()}


def status_of(gateway, identity, password, **options):
    try:
        with gateway.station(identity, password, **options):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


def closed_with(closed):
    return closed.value.rcvd.code


def test_a_station_boots_and_what_it_said_is_kept_word_for_word(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        answer = station.call("BootNotification", chargePointVendor="Acme", chargePointModel="X")
        assert (answer["status"], answer["interval"]) == ("Accepted", 300)
        assert station.call("StatusNotification", connectorId=1, status="Available", errorCode="NoError") == {}
        assert set(station.call("Heartbeat")) == {"currentTime"}
        assert station.call("DataTransfer", vendorId="x") == {"status": "UnknownVendorId"}
        assert station.call("Dance")[0] == "NotImplemented"
        assert link(street).is_connected_at(link(street).seen_at)
    boot, status, transfer, dance = kept(street)
    assert boot.raw == '[2,"1","BootNotification",{"chargePointVendor":"Acme","chargePointModel":"X"}]'
    assert [row.action for row in (boot, status, transfer, dance)] == [
        "BootNotification", "StatusNotification", "DataTransfer", "Dance",
    ]  # fmt: skip
    assert boot.answer.startswith('[3,"1",')


@pytest.mark.parametrize(
    ("identity", "status", "reason"),
    [
        ("Torget-1", 401, "wrong_password"),
        ("torget-1", 401, "wrong_password"),
        ("Nobody", 404, "unknown"),
        ("Unlinked", 401, "no_password"),
    ],
)
def test_who_is_not_known_is_refused_and_stands_on_the_list(gateway, street, identity, status, reason):
    with tenant_scope(street.operator.pk):
        street.station.__class__.objects.create(site=street.station.site, identifier="Unlinked")
    assert status_of(gateway, identity, "0" * 40) == status
    assert knocks(street) == {(identity, reason): 1}


def test_a_refused_name_is_not_looked_up_again_at_once(gateway, street):
    assert status_of(gateway, "Nobody", "x") == 404
    assert status_of(gateway, "Nobody", "x") == 503
    assert knocks(street) == {("Nobody", "unknown"): 1}


def test_an_operator_s_stations_are_no_other_s(gateway, street, south):
    assert status_of(gateway, "Torget-1", street.password, operator="south") == 404
    assert status_of(gateway, "Torget-1", street.password, operator="nowhere") == 404
    assert kept(street) == []


def test_a_station_without_our_protocol_is_refused(gateway, street):
    assert status_of(gateway, "Torget-1", street.password, subprotocols=["ocpp1.5"]) == 400
    assert knocks(street) == {("Torget-1", "protocol"): 1}


def test_the_password_may_come_as_bytes_and_the_name_in_any_case(gateway, street):
    assert status_of(gateway, "TORGET-1", bytes.fromhex(street.password)) == 101


def test_an_old_password_works_until_the_new_one_is_used(gateway, street):
    with tenant_scope(street.operator.pk):
        newer = [station_links.make_password(street.station, at=NOW) for _ in range(2)][-1]
    assert status_of(gateway, "Torget-1", street.password) == 101
    assert status_of(gateway, "Torget-1", newer) == 101
    assert status_of(gateway, "Torget-1", street.password) == 401


def test_a_station_may_speak_before_it_has_booted_and_boot_again_while_it_charges(gateway, street):
    boot = {"chargePointVendor": "Acme", "chargePointModel": "X"}
    with gateway.station("Torget-1", street.password) as station:
        assert station.call("StatusNotification", connectorId=1, status="Preparing") == {}
        charge = station.call("StartTransaction", **START)
        assert charge["idTagInfo"] == {"status": "Accepted"}
        for _twice in range(2):
            assert station.call("BootNotification", **boot)["status"] == "Accepted"
        assert station.call("StartTransaction", **START) == charge
        number = charge["transactionId"]
        assert station.call("StopTransaction", transactionId=number, meterStop=2000, timestamp="2026-11-20T09") == {}
    assert [row.number for row in charges(street)] == [number]


def test_a_card_of_one_operator_is_a_stranger_s_at_another_though_the_number_is_the_same(gateway, street, south):
    with tenant_scope(south.pk):
        site = Site.objects.create(name="Hamnen")
        station = Station.objects.create(site=site, identifier="Torget-1")
        password = station_links.make_password(station, at=NOW)
        theirs = Token.objects.create(uid=street.card.uid, driver=drivers.create(name="Sam", email="sam@example.com"))
        tokens.report_lost(theirs, at=NOW)
    for operator, given, verdict in (("north", street.password, "Accepted"), ("south", password, "Blocked")):
        with gateway.station("Torget-1", given, operator=operator) as client:
            assert client.call("Authorize", idTag=street.card.uid)["idTagInfo"] == {"status": verdict}


@pytest.mark.parametrize("said", [{"vendorId": "x"}, {"vendorId": "x", "data": {"price": 3}}, {"vendorId": None}, {}])
@pytest.mark.parametrize("protocol", ["ocpp1.6", "ocpp2.0.1"])
def test_what_a_maker_invented_is_kept_and_said_to_be_unknown(gateway, street, said, protocol):
    with gateway.station("Torget-1", street.password, subprotocols=[protocol]) as station:
        assert station.call("DataTransfer", **said) == {"status": "UnknownVendorId"}
    assert [row.action for row in kept(street)] == ["DataTransfer"]


def test_the_newest_connection_holds(gateway, street):
    with gateway.station("Torget-1", street.password) as older:
        older.call("StatusNotification", connectorId=1, status="Available")
        with gateway.station("Torget-1", street.password) as newer:
            newer.call("StatusNotification", connectorId=1, status="Charging")
            with pytest.raises(ConnectionClosed):
                older.call("StatusNotification", connectorId=1, status="Faulted")
            newer.call("StatusNotification", connectorId=1, status="Finishing")
            assert link(street).disconnected_at is None
    assert [row.epoch for row in kept(street)] == [1, 2, 2]


def test_a_start_that_is_repeated_is_one_charge(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        station.socket.send('[2,"a","StartTransaction",' + _json(START) + "]")
    with gateway.station("Torget-1", street.password) as station:
        first = station.call("StartTransaction", "b", **START)
        assert first == station.call("StartTransaction", "c", **START)
        assert first["idTagInfo"] == {"status": "Accepted"}
        station.call("StopTransaction", transactionId=first["transactionId"], meterStop=2000, timestamp="2026-11-20T09")
        assert station.call("StartTransaction", "d", **START) == first
    (charge,) = charges(street)
    assert (charge.number, charge.basis, charge.is_stopped) == (first["transactionId"], "driver", True)


def test_a_card_stands_in_no_table_however_a_station_tells_of_it(gateway, street):
    """Whoever has the database and not the keys learns no number of a card from a station."""
    uid = "04A1B2C3D4"
    with gateway.station("Torget-1", street.password) as station:
        assert station.call("Authorize", idTag=uid)["idTagInfo"]["status"] == "Accepted"
        first = station.call("StartTransaction", **START)
        value = {"value": f'OCMF|{{"ID":"{uid}"}}|{{"SD":"00"}}', "format": "SignedData"}
        sampled = [{"timestamp": "2026-11-20T08:01:00Z", "sampledValue": [value]}]
        station.call("MeterValues", connectorId=1, transactionId=first["transactionId"], meterValue=sampled)
        station.call("DataTransfer", vendorId="x", data=f"card={uid}")
        station.call("StopTransaction", transactionId=first["transactionId"], idTag=uid, meterStop=1)
        station.call("Authorize", idTag="FFFFFFFF")
        for odd in (f'[2,"7","Authorize",{{"idTag":"{uid}"', f'[3,"8",{{"idTag":"{uid}"}}]'):
            station.socket.send(odd)
        station.call("StatusNotification", connectorId=1, status="Available")
    station_steps.read_waiting(street.operator.pk, clock=lambda: NOW)
    assert dump.found_in_tables(uid) == {}
    rows = kept(street)
    assert sum(uid.lower() in row.raw.lower() for row in rows) == 7
    assert [row.card_mark == street.card.uid_mark for row in rows if row.card_mark] == [True, True, True, False]
    with tenant_scope(street.operator.pk):
        (record,) = SignedRecord.objects.all()
        assert uid in record.raw
    (charge,) = charges(street)
    assert (charge.id_tag, charge.said) == ("04a1b2c3d4", f"1|{street.card.uid_mark}|20261120080000|1000")


def test_with_a_clock_that_stands_still_a_start_after_a_stop_is_a_new_one(gateway, street):
    dead = START | {"timestamp": "1970-01-01T00:00:00Z"}
    with gateway.station("Torget-1", street.password) as station:
        first = station.call("StartTransaction", **dead)["transactionId"]
        assert station.call("StartTransaction", **dead)["transactionId"] == first
        station.call("StopTransaction", transactionId=first, meterStop=1000, timestamp="1970-01-01T00:00:00Z")
        assert station.call("StartTransaction", **dead)["transactionId"] != first
    assert len(charges(street)) == 2


@pytest.mark.parametrize("number", [-1, 0, None])
def test_a_charge_is_over_also_when_its_stop_does_not_name_it(gateway, street, number):
    """Its station tells neither time nor meter, so that each of its charges begins with the same words."""
    dead = {"connectorId": 1, "idTag": START["idTag"]}
    with gateway.station("Torget-1", street.password) as station:
        first = station.call("StartTransaction", **dead)["transactionId"]
        station.call("StopTransaction", transactionId=number, meterStop=1000)
        station_steps.read_waiting(street.operator.pk, clock=timezone.now)
        assert station.call("StartTransaction", **dead)["transactionId"] != first
    assert len(charges(street)) == 2


def test_while_the_reader_holds_a_charge_its_stop_waits_and_nobody_else(gateway, street):
    """As the reader does with many at once, in an order of its own: waiting for it would hold up all stations."""
    with tenant_scope(street.operator.pk):
        other = Station.objects.create(site=street.station.site, identifier="Torget-2")
        password = station_links.make_password(other, at=NOW)
    start = {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 0, "timestamp": "2026-11-20T08:00:00Z"}
    with gateway.station("Torget-1", street.password) as held, gateway.station("Torget-2", password) as free:
        number = held.call("StartTransaction", **start)["transactionId"]
        stop = {"meterStop": 5_000, "timestamp": "2026-11-20T09:00:00Z"}
        with tenant_scope(street.operator.pk):
            StationCharge.objects.select_for_update().get(number=number)
            held.socket.send(orjson.dumps([2, "stop", "StopTransaction", {"transactionId": number, **stop}]).decode())
            theirs = free.call("StartTransaction", **start)["transactionId"]
            assert free.call("Authorize", idTag="04A1B2C3D4")["idTagInfo"]["status"] == "Accepted"
            assert free.call("StopTransaction", transactionId=theirs, **stop) == {}
            with pytest.raises(TimeoutError):
                held.socket.recv(timeout=0.3)
        assert held.heard("stop") == {}
    with tenant_scope(street.operator.pk):
        assert StationCharge.objects.filter(is_stopped=True).count() == 2
        assert StationMessage.objects.filter(action="StopTransaction").count() == 2


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


def test_while_a_station_waits_to_be_let_in_others_charge(gateway, street):
    """Its link is held, as by the reader while it tells stations what they may draw."""
    with tenant_scope(street.operator.pk):
        other = Station.objects.create(site=street.station.site, identifier="Torget-2")
        password = station_links.make_password(other, at=NOW)
    came = threading.Event()

    def come():
        with gateway.station("Torget-1", street.password):
            came.set()

    coming = threading.Thread(target=come)
    with gateway.station("Torget-2", password) as free:
        with tenant_scope(street.operator.pk):
            StationLink.objects.select_for_update().get(station=street.station)
            coming.start()
            deadline = time.monotonic() + 5
            while not somebody_waits_for_a_lock():
                assert time.monotonic() < deadline, "nobody waits"
                time.sleep(0.01)
            number = free.call("StartTransaction", **START)["transactionId"]
            assert free.call("StopTransaction", transactionId=number, meterStop=5_000) == {}
            assert not came.is_set()
        assert came.wait(10)
        coming.join()


def test_who_may_charge_is_said_at_once_and_a_lost_card_is_dead_at_once(gateway, street):
    with gateway.station("Torget-1", street.password) as station:

        def said(tag):
            return station.call("Authorize", idTag=tag)["idTagInfo"]["status"]

        assert [said(tag) for tag in ("04A1B2C3D4", "04a1b2c3d4", "FFFFFFFF", "")] == [
            "Accepted", "Accepted", "Invalid", "Invalid",
        ]  # fmt: skip
        with tenant_scope(street.operator.pk):
            tokens.report_lost(street.card, at=NOW)
        assert said("04A1B2C3D4") == "Blocked"
        answer = station.call("StartTransaction", **START)
        assert answer["idTagInfo"] == {"status": "Blocked"}
        assert answer["transactionId"] > 0
    assert [(charge.verdict, charge.basis) for charge in charges(street)] == [("Blocked", "lost")]


@pytest.mark.parametrize(
    "raw",
    [
        "", "null", "[]", "[2]", '[2,"1"]', '[3,"1",{}]', '{"a":1}', "[2,{},[],0]", '[2,"1",5,{}]', "\x00", '["2"',
        "[2,1e999,2]",
    ],
)  # fmt: skip
def test_nonsense_is_kept_and_not_answered_and_the_station_goes_on(gateway, street, raw):
    with gateway.station("Torget-1", street.password) as station:
        station.socket.send(raw)
        assert station.call("StatusNotification", connectorId=1, status="Available") == {}
    assert len(kept(street)) == 2


@pytest.mark.parametrize("payload", ["[]", "null", '"x"', "7"])
def test_a_payload_that_is_no_object_is_refused(gateway, street, payload):
    with gateway.station("Torget-1", street.password) as station:
        station.socket.send(f'[2,"1","MeterValues",{payload}]')
        assert station.heard("1")[0] == "FormationViolation"


@pytest.mark.parametrize("number", [-1, 0, None, 2**40, "7", {}, "x", 1.5, True])
def test_a_stop_of_a_charge_that_nobody_knows_is_acknowledged(gateway, street, number):
    with gateway.station("Torget-1", street.password) as station:
        assert station.call("StopTransaction", transactionId=number, meterStop=1) == {}
    assert len(kept(street)) == 1


def test_a_day_of_readings_in_one_message_fits_and_two_megabytes_close(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        assert station.call("StopTransaction", transactionId=1, transactionData=["x" * 1000] * 900) == {}
        with pytest.raises(ConnectionClosed) as closed:
            station.call("StopTransaction", transactionId=1, transactionData=["x" * 1000] * 2000)
    assert closed_with(closed) == 1009
    deadline = time.monotonic() + 30
    while len(rows := kept(street)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [(row.remark, row.is_read) for row in rows] == [("", False), ("too_large", True)]


def test_two_calls_without_waiting_are_answered_in_order(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        for number in ("1", "2", "3"):
            station.socket.send(f'[2,"{number}","StatusNotification",{{"connectorId":1,"status":"Available"}}]')
        for number in ("1", "2", "3"):
            assert station.heard(number) == {}


def test_one_who_says_too_much_is_read_more_slowly_and_not_closed(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        began = time.monotonic()
        for _ in range(260):
            station.call("Heartbeat")
        assert time.monotonic() - began > 2.9


@pytest.mark.slow
def test_killed_at_any_moment_nothing_that_was_answered_is_missing(gateway, street):
    """Several kills while a station speaks as fast as it may: what it was answered is kept."""
    answered, killed = [], threading.Event()

    def speak():
        number = 0
        while not killed.is_set():
            try:
                with gateway.station("Torget-1", street.password) as station:
                    while not killed.is_set():
                        number += 1
                        station.call("StatusNotification", f"m{number}", connectorId=1, status="Available")
                        answered.append(f"m{number}")
            except (ConnectionClosed, OSError, InvalidStatus, TimeoutError):
                time.sleep(0.05)

    speaker = threading.Thread(target=speak)
    speaker.start()
    for _round in range(5):
        wanted = len(answered) + 10
        deadline = time.monotonic() + 30
        while len(answered) < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        gateway.kill()
        gateway.start()
    killed.set()
    speaker.join()
    assert len(answered) >= 50
    assert set(answered) <= {row.message_id for row in kept(street)}


def test_told_to_stop_it_says_so_to_the_stations(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        station.call("StatusNotification", connectorId=1, status="Available")
        assert gateway.stop() == 0
        with pytest.raises(ConnectionClosed) as closed:
            station.socket.recv(timeout=10)
    assert closed_with(closed) == 1001


def test_while_the_database_is_away_nothing_is_answered_and_nothing_lost(gateway, street):
    """The writer's connection is cut by force: what waited is kept by the next one."""
    with gateway.station("Torget-1", street.password) as station:
        station.call("StatusNotification", connectorId=1, status="Available")
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'wattledger_gateway'"
            )
        connection.close()
        assert station.call("StatusNotification", connectorId=1, status="Charging") == {}
    assert len(kept(street)) == 2


def test_health_is_told_to_whoever_asks_and_nothing_else(gateway):
    assert gateway.is_well()
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{gateway.port}/other"):
        pass
    assert refused.value.response.status_code == 404


def test_a_silent_station_is_not_shown_as_connected(street):
    with tenant_scope(street.operator.pk):
        StationLink.objects.update(connected_at=NOW, seen_at=NOW)
    assert link(street).is_connected_at(NOW + timedelta(minutes=15))
    assert not link(street).is_connected_at(NOW + timedelta(minutes=40))


def _json(payload):
    return orjson.dumps(payload).decode()
