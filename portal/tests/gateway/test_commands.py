"""What is asked of stations, through a real gateway: sent once, answered, given back, given up."""

import os
import time
from datetime import timedelta

import orjson
import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from charging.domain.errors import CommandRefused
from charging.domain.ocpp.commands import Kind
from charging.models import Connector, Station, StationCommand, StationLink, StationMessage, Token
from charging.selectors import station_commands as selectors
from charging.services import station_commands, station_links, tokens
from portal.tests import dump
from portal.tests.gateway.conftest import NOW, PATIENCE_S, Gateway, address_of
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def olga(north, django_user_model):
    return django_user_model.objects.create_user("olga@example.com", "x", name="Olga")


def asked(street, kind, by, **what):
    with tenant_scope(street.operator.pk):
        return station_commands.ask(street.station, kind, by=by, at=timezone.now(), **what)


def now_of(street, command):
    with tenant_scope(street.operator.pk):
        return StationCommand.objects.get(pk=command.pk)


def state_of(street, command, *wanted):
    """The state, once it is one of those."""
    deadline = time.monotonic() + PATIENCE_S
    while (state := now_of(street, command).state) not in wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return state


def boot(station):
    station.call("BootNotification", chargePointVendor="Acme", chargePointModel="X")


def hear(station):
    """The next call of ours: its id, its name, and what stands in it."""
    kind, message_id, action, payload = orjson.loads(station.socket.recv(timeout=PATIENCE_S))
    assert kind == 2
    return message_id, action, payload


def answer(station, message_id, **payload):
    station.socket.send(orjson.dumps([3, message_id, payload]).decode())


def test_a_command_is_sent_at_once_and_its_answer_kept(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        command = asked(street, Kind.START, olga, card="04A1B2C3D4", connector="1")
        message_id, action, payload = hear(station)
        assert (action, payload) == ("RemoteStartTransaction", {"idTag": "04A1B2C3D4", "connectorId": 1})
        assert state_of(street, command, "sent") == "sent"
        answer(station, message_id, status="Accepted")
        assert state_of(street, command, "answered") == "answered"
    kept = now_of(street, command)
    assert (kept.status, kept.asked_by, kept.epoch) == ("Accepted", olga, 1)
    assert orjson.loads(kept.answer) == [3, message_id, {"status": "Accepted"}]
    assert (kept.id_tag, kept.card_mark) == ("04A1B2C3D4", street.card.uid_mark)
    assert dump.found_in_tables("04A1B2C3D4") == {}


def test_what_is_asked_takes_four_statements_and_rings_once_it_is_committed(street, olga, django_assert_num_queries):
    asked(street, Kind.UNLOCK, olga, connector="1")
    with psycopg.connect(address_of("gateway"), autocommit=True) as gateway:
        gateway.execute("LISTEN commands")
        with tenant_scope(street.operator.pk):
            with django_assert_num_queries(4):  # its link, what waits and the ring, the command, the log
                station_commands.ask(street.station, Kind.UNLOCK, by=olga, at=timezone.now(), connector="1")
            assert not list(gateway.notifies(timeout=0.2))
        (note,) = gateway.notifies(timeout=PATIENCE_S, stop_after=1)
    assert note.payload == f"{street.operator.pk}:{street.station.pk}"


def test_a_card_that_was_sealed_with_a_key_that_the_gateway_was_not_given_is_not_sent(gateway, street, olga, settings):
    settings.ENCRYPTION_KEYS = [os.urandom(32), *settings.ENCRYPTION_KEYS]
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        command = asked(street, Kind.START, olga, card="04A1B2C3D4", connector="1")
        assert state_of(street, command, "expired") == "expired"
        gentle = asked(street, Kind.UNLOCK, olga, connector="1")
        assert hear(station)[0] == str(gentle.public_id)


@pytest.mark.parametrize(
    ("kind", "what", "action", "payload", "said", "state"),
    [
        (Kind.STOP, {"number": 7}, "RemoteStopTransaction", {"transactionId": 7}, {"status": "Rejected"}, "refused"),
        (Kind.UNLOCK, {"connector": "1"}, "UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}, "answered"),
        (Kind.RESET, {"hard": True}, "Reset", {"type": "Hard"}, {"status": "Accepted"}, "answered"),
        (Kind.AVAILABILITY, {"in_use": False}, "ChangeAvailability", {"connectorId": 0, "type": "Inoperative"},
         {"status": "Scheduled"}, "answered"),
        (Kind.TRIGGER, {"message": "MeterValues", "connector": "1"}, "TriggerMessage",
         {"requestedMessage": "MeterValues", "connectorId": 1}, {"status": "NotImplemented"}, "refused"),
        (Kind.READ_SETTINGS, {}, "GetConfiguration", {}, {"configurationKey": []}, "answered"),
        (Kind.CHANGE_SETTING, {"key": "HeartbeatInterval", "value": "60"}, "ChangeConfiguration",
         {"key": "HeartbeatInterval", "value": "60"}, {"status": "RebootRequired"}, "answered"),
    ],
)  # fmt: skip
def test_each_kind_says_what_the_protocol_wants(gateway, street, olga, kind, what, action, payload, said, state):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        command = asked(street, kind, olga, **what)
        message_id, heard, given = hear(station)
        assert (heard, given) == (action, payload)
        answer(station, message_id, **said)
        assert state_of(street, command, "answered", "refused") == state


SECRET = "ftp://me:hush@a.example/in"


def test_a_password_in_a_command_reaches_the_station_and_stands_nowhere(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        command = asked(street, Kind.GET_LOG, olga, location=SECRET)
        message_id, _, payload = hear(station)
        assert payload["location"] == SECRET
        repeated = {"told": payload, "escaped": SECRET.replace("/", "\\/")}
        station.socket.send(orjson.dumps([4, message_id, "FormationViolation", "", repeated]).decode())
        assert state_of(street, command, "refused") == "refused"
    kept = now_of(street, command)
    assert kept.wanted["location"] == "ftp://…@a.example/in"
    assert kept.hidden is None
    with tenant_scope(street.operator.pk):
        said = [message.raw + message.answer for message in StationMessage.objects.all()]
    assert "hush" not in str([kept.answer, *said])
    assert "a.example/in" in kept.answer


def test_what_was_sealed_for_a_process_that_is_gone_is_not_sent(gateway, street, olga):
    with gateway.station("Torget-1", street.password):
        command = asked(street, Kind.GET_LOG, olga, location=SECRET)  # it waits for the station to boot
        gateway.kill()
    gateway.start()
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        assert state_of(street, command, "expired") == "expired"
    assert now_of(street, command).hidden is None


def test_a_station_is_asked_one_thing_at_a_time_in_order(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        first, second = (asked(street, Kind.UNLOCK, olga, connector="1") for _ in range(2))
        message_id, *_ = hear(station)
        assert message_id == str(first.public_id)
        station.call("StatusNotification", "s", connectorId=1, status="Available")  # it may talk meanwhile
        assert now_of(street, second).state == "queued"
        station.socket.send(orjson.dumps([4, message_id, "InternalError", "", {}]).decode())
        assert hear(station)[0] == str(second.public_id)
    assert (now_of(street, first).state, now_of(street, first).status) == ("refused", "InternalError")


def test_while_somebody_has_a_command_its_answer_waits_and_no_other_station_does(gateway, street, olga):
    with tenant_scope(street.operator.pk):
        other = Station.objects.create(site=street.station.site, identifier="Torget-2")
        password = station_links.make_password(other, at=NOW)
    with (
        gateway.station("Torget-1", street.password) as station,
        gateway.station("Torget-2", password) as second,
        psycopg.connect(address_of("app")) as holding,
    ):
        boot(station)
        boot(second)
        command = asked(street, Kind.UNLOCK, olga, connector="1")
        message_id, *_ = hear(station)
        holding.execute("SELECT set_config('app.operator_id', %s, true)", [str(street.operator.pk)])
        assert holding.execute(
            "SELECT id FROM charging_stationcommand WHERE id = %s FOR UPDATE", [command.pk]
        ).fetchall()
        answer(station, message_id, status="Unlocked")
        with tenant_scope(street.operator.pk):
            theirs = station_commands.ask(other, Kind.UNLOCK, by=olga, at=timezone.now(), connector="1")
        answer(second, hear(second)[0], status="Unlocked")
        assert state_of(street, theirs, "answered") == "answered"
        assert now_of(street, command).state == "sent"
        with tenant_scope(street.operator.pk):
            assert not StationMessage.objects.filter(station=street.station, action="UnlockConnector").exists()
        holding.rollback()
        assert state_of(street, command, "answered") == "answered"
    with tenant_scope(street.operator.pk):
        kept = StationMessage.objects.filter(station=street.station, action="UnlockConnector")
        assert [message.message_id for message in kept] == [message_id]


def test_an_answer_that_nobody_asked_for_changes_nothing(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        command = asked(street, Kind.UNLOCK, olga, connector="1")
        message_id, *_ = hear(station)
        for wrong in ("", "7", "00000000-0000-0000-0000-000000000000"):
            answer(station, wrong, status="Unlocked")
        station.call("StatusNotification", "s", connectorId=1, status="Available")
        assert now_of(street, command).state == "sent"
        answer(station, message_id, status="Unlocked")
        assert state_of(street, command, "answered") == "answered"
        answer(station, message_id, status="UnlockFailed")  # the first answer holds
        station.call("StatusNotification", "t", connectorId=1, status="Available")
    assert now_of(street, command).status == "Unlocked"


def test_a_refusal_with_a_sign_that_no_database_keeps_is_one(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        command = asked(street, Kind.UNLOCK, olga, connector="1")
        message_id, *_ = hear(station)
        station.socket.send(orjson.dumps([4, message_id, "Not\x00Supported", "", {}]).decode())
        assert state_of(street, command, "refused") == "refused"
    assert now_of(street, command).status == "NotSupported"


def test_a_station_that_has_not_booted_is_not_asked(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        station.call("StatusNotification", connectorId=1, status="Available")
        command = asked(street, Kind.UNLOCK, olga, connector="1")
        time.sleep(0.5)
        assert now_of(street, command).state == "queued"
        boot(station)
        assert hear(station)[0] == str(command.public_id)


def forgetting(street):
    with tenant_scope(street.operator.pk):
        return selectors.forgetting(street.card.blocked_at)


def test_a_lost_card_is_forgotten_where_it_is_remembered_also_where_a_station_was_away(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
    with tenant_scope(street.operator.pk):
        tokens.report_lost(street.card, at=timezone.now())
    found = forgetting(street)
    assert (found.done, found.open_count, found.waiting) == (0, 1, [street.station])
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        message_id, action, payload = hear(station)
        assert (action, payload) == ("ClearCache", {})
        answer(station, message_id, status="Rejected")  # it remembers none
        message_id, action, payload = hear(station)
        assert (action, payload.pop("listVersion") > 0) == ("SendLocalList", True)
        assert payload == {"updateType": "Full", "localAuthorizationList": []}
        station.call("StatusNotification", "s", connectorId=1, status="Available")
        assert forgetting(street).done == 0  # what it remembers is gone, its list is not
        answer(station, message_id, status="Accepted")
        station.call("StatusNotification", "t", connectorId=1, status="Available")
    found = forgetting(street)
    assert (found.done, found.open_count) == (1, 0)
    assert found.last_at is not None


@pytest.mark.parametrize(("said", "done"), [("NotSupported", 1), ("Failed", 0), ("VersionMismatch", 0)])
def test_a_station_without_a_list_has_none_to_empty_and_one_that_keeps_it_is_shown(street, said, done):
    at = timezone.now()
    with tenant_scope(street.operator.pk):
        StationLink.objects.update(connected_at=at)
        tokens.report_lost(street.card, at=at)
        StationCommand.objects.filter(kind="forget_cards").update(state="answered", done_at=at)
        StationCommand.objects.filter(kind="empty_list").update(state="refused", status=said, done_at=at)
    found = forgetting(street)
    assert (found.done, len(found.waiting)) == (done, 1 - done)


def test_many_lost_cards_are_forgotten_in_one_go(street):
    with tenant_scope(street.operator.pk):
        StationLink.objects.update(connected_at=timezone.now())
        for number in range(3):
            tokens.report_lost(Token.objects.create(uid=f"0{number}"), at=timezone.now())
        assert sorted(StationCommand.objects.values_list("kind", flat=True)) == ["empty_list", "forget_cards"]


def test_what_was_sent_when_the_connection_ended_is_unknown_and_not_sent_again(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        command = asked(street, Kind.RESET, olga)
        hear(station)
    assert state_of(street, command, "unknown") == "unknown"
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        harmless = asked(street, Kind.READ_SETTINGS, olga)
        assert hear(station)[1] == "GetConfiguration"
    assert state_of(street, harmless, "queued") == "queued"
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        message_id, action, _ = hear(station)
        assert action == "GetConfiguration"
        answer(station, message_id, configurationKey=[])
        assert state_of(street, harmless, "answered") == "answered"
    assert now_of(street, command).state == "unknown"


def test_killed_with_a_command_sent_nobody_knows_and_with_one_taken_it_is_sent(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        sent = asked(street, Kind.UNLOCK, olga, connector="1")
        hear(station)
        waiting = asked(street, Kind.UNLOCK, olga, connector="1")
        gateway.kill()
    with tenant_scope(street.operator.pk):
        StationCommand.objects.filter(pk=waiting.pk).update(state="claimed", epoch=1, claimed_at=timezone.now())
    assert now_of(street, sent).state == "sent"
    gateway.start()
    with gateway.station("Torget-1", street.password) as station:
        assert now_of(street, sent).state == "unknown"
        boot(station)
        assert hear(station)[0] == str(waiting.public_id)


def test_two_gateways_and_a_station_that_hops_ask_each_thing_once(gateway, street, olga):
    other = Gateway()
    try:
        heard, asked_for = [], []
        for hop in range(6):
            with (gateway, other)[hop % 2].station("Torget-1", street.password) as station:
                boot(station)
                asked_for.append(str(asked(street, Kind.UNLOCK, olga, connector="1").public_id))
                message_id, *_ = hear(station)
                heard.append(message_id)
                answer(station, message_id, status="Unlocked")
                station.call("StatusNotification", "s", connectorId=1, status="Available")
        assert heard == asked_for
    finally:
        other.kill()
    with tenant_scope(street.operator.pk):
        assert set(StationCommand.objects.values_list("state", flat=True)) == {"answered"}


def test_a_command_whose_call_was_missed_is_found(gateway, street, olga):
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'wattledger_gateway'"
            )
        connection.close()
        command = asked(street, Kind.UNLOCK, olga, connector="1")
        assert hear(station)[0] == str(command.public_id)


def test_what_waited_too_long_is_not_sent(gateway, street, olga):
    command = asked(street, Kind.UNLOCK, olga, connector="1")
    late = timezone.now() + timedelta(minutes=2)
    assert command.state_at(late) == "expired"
    with tenant_scope(street.operator.pk):
        StationCommand.objects.filter(pk=command.pk).update(not_after=timezone.now())
        assert station_commands.settle(at=timezone.now()) == 1
    assert now_of(street, command).state == "expired"
    with gateway.station("Torget-1", street.password) as station:
        boot(station)
        with pytest.raises(TimeoutError):
            station.socket.recv(timeout=3)


def test_what_nobody_can_answer_any_more_is_settled(street, olga):
    sent, taken = (asked(street, Kind.RESET, olga) for _ in range(2))
    long_ago = timezone.now() - timedelta(minutes=6)
    with tenant_scope(street.operator.pk):
        StationCommand.objects.filter(pk=sent.pk).update(state="sent", sent_at=long_ago)
        StationCommand.objects.filter(pk=taken.pk).update(state="claimed", claimed_at=long_ago)
        station_commands.settle(at=timezone.now())
    assert (now_of(street, sent).state, now_of(street, taken).state) == ("unknown", "queued")


def refused(street, kind, by, **what):
    with pytest.raises(CommandRefused) as refusal:
        asked(street, kind, by, **what)
    return refusal.value.code, refusal.value.facts.get("basis")


def test_a_charge_is_started_only_for_a_card_that_would_be_let_in(street, olga):
    with tenant_scope(street.operator.pk):
        tokens.report_lost(street.card, at=timezone.now())
        Token.objects.create(uid="0A0B")
    assert refused(street, Kind.START, olga, card="04a1b2c3d4", connector="1") == ("command_card_refused", "lost")
    assert refused(street, Kind.START, olga, card="0A0B", connector="1") == ("command_card_refused", "nobodys")
    assert refused(street, Kind.START, olga, card="FFFF", connector="1") == ("command_card_refused", "unknown")


def test_what_cannot_be_asked_is_refused(street, olga):
    assert refused(street, Kind.UNLOCK, olga, connector="A") == ("command_connector", None)
    assert refused(street, Kind.CHANGE_SETTING, olga, key="AuthorizationKey", value="x") == ("command_password", None)
    for _ in range(station_commands.MOST_OPEN):
        asked(street, Kind.TRIGGER, olga, message="Heartbeat")
    assert refused(street, Kind.TRIGGER, olga, message="Heartbeat") == ("commands_wait", None)
    with tenant_scope(street.operator.pk):
        silent = type(street.station).objects.create(site=street.station.site, identifier="Silent")
        Connector.objects.create(station=silent)
        with pytest.raises(CommandRefused) as refusal:
            station_commands.ask(silent, Kind.RESET, by=olga, at=timezone.now())
    assert refusal.value.code == "command_no_link"
