"""Asking something of a station from its page: who may, with what proof, and what is shown and logged."""

from datetime import UTC, timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from charging.domain.ocpp import secrecy
from charging.domain.ocpp.commands import Kind, written
from charging.models import ChargingSession, StationCommand, StationLink
from charging.services import station_commands, station_links
from portal.tests.staff.conftest import World
from tenants.models import AuditEntry
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def linked(world: World) -> World:
    with tenant_scope(world.operator.pk):
        station_links.make_password(world.connector.station, at=timezone.now())
    return world


def url(world, rest=""):
    return world.url(f"stations/{world.connector.station.public_id}/commands/{rest}")


def commands(world):
    with tenant_scope(world.operator.pk):
        return list(StationCommand.objects.order_by("pk"))


def unproved(client):
    session = client.session
    session["proved_at"] = 0
    session.save()


def text(response):
    return " ".join(response.content.decode().split())


def test_what_does_no_harm_is_asked_without_a_proof_and_stands_in_the_log(linked, sign_in, otto):
    client = sign_in(otto)
    unproved(client)
    form = {"kind": "trigger", "trigger-message": "MeterValues", "trigger-connector": linked.connector.number}
    page = text(client.post(url(linked, "ask/"), form, follow=True))
    (command,) = commands(linked)
    assert (command.kind, command.wanted) == ("trigger", {"message": "MeterValues", "connector": "1"})
    assert command.asked_by == otto
    assert "waits for the station" in page
    assert "its meter readings, outlet 1" in page
    assert otto.name in page
    with tenant_scope(linked.operator.pk):
        entry = AuditEntry.objects.get(event="station.asked")
    assert (entry.actor, entry.additional_data) == (otto, {"kind": "trigger", "connector": "1"})


def test_what_is_dangerous_wants_a_fresh_proof_and_cannot_be_asked_at_the_gentle_door(linked, sign_in, otto):
    client = sign_in(otto)
    assert "Nothing was sent" in text(client.post(url(linked, "ask/"), {"kind": "reset"}, follow=True))
    assert "Nothing was sent" in text(client.post(url(linked, "order/"), {"kind": "trigger"}, follow=True))
    unproved(client)
    assert "/confirm" in client.post(url(linked, "order/"), {"kind": "reset", "reset-hard": "1"})["Location"]
    assert commands(linked) == []


def test_each_dangerous_one_is_kept_as_the_service_reads_it(linked, sign_in, otto):
    client, uid = sign_in(otto), linked.card.uid
    asked = [
        ({"kind": "start", "start-connector": "1", "start-card": uid.lower()}, {"connector": "1"}),
        ({"kind": "unlock", "unlock-connector": "1"}, {"connector": "1"}),
        ({"kind": "reset", "reset-hard": "1"}, {"hard": True}),
        ({"kind": "reset"}, {"hard": False}),
        ({"kind": "availability", "availability-connector": "1", "availability-in_use": "1"},
         {"connector": "1", "in_use": True}),
        ({"kind": "availability"}, {"in_use": False}),
        ({"kind": "change_setting", "change_setting-key": "HeartbeatInterval", "change_setting-value": "60"},
         {"key": "HeartbeatInterval", "value": "60"}),
    ]  # fmt: skip
    for form, _ in asked:
        assert client.post(url(linked, "order/"), form).status_code == 302
    told = [{name: value for name, value in command.told.items() if name != "request"} for command in commands(linked)]
    assert told == [wanted for _, wanted in asked]
    assert commands(linked)[0].told["request"] > 0
    assert commands(linked)[0].id_tag == uid


def test_a_charge_that_goes_on_is_ended_by_its_outlet(linked, sign_in, otto):
    running = linked.session(source="ocpp", external_id="4711", state=ChargingSession.State.ACTIVE, ended_at=None)
    client = sign_in(otto)
    assert client.post(url(linked, "ask/"), {"kind": "stop", "stop-number": "12"}).status_code == 400
    client.post(url(linked, "ask/"), {"kind": "stop", "stop-number": running.external_id})
    assert commands(linked)[0].wanted == {"number": 4711}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "start", "start-connector": "1", "start-card": "FFFF"}, "There is no card with this number."),
        ({"kind": "start", "start-connector": "9", "start-card": "FFFF"}, "Select a valid choice"),
        ({"kind": "change_setting", "change_setting-key": "authorizationkey"}, "shown once"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_its_form(linked, sign_in, otto, form, said):
    answer = sign_in(otto).post(url(linked, "order/"), form)
    assert answer.status_code == 400
    assert said in text(answer)
    assert commands(linked) == []


def test_a_card_that_nobody_pays_for_starts_nothing_and_the_page_says_why(linked, sign_in, otto):
    form = {"kind": "start", "start-connector": "1", "start-card": linked.lost_card.uid}
    assert "The card would be refused: nobody pays for it" in text(sign_in(otto).post(url(linked, "order/"), form))


def test_what_goes_on_after_the_answer_is_kept_as_the_service_reads_it(linked, sign_in, otto):
    client, uid, soon = sign_in(otto), linked.card.uid, timezone.localtime() + timedelta(hours=2)
    local = f"{soon.astimezone(linked.connector.station.site.zone):%Y-%m-%dT%H:%M}"
    until, file = f"{soon.astimezone(UTC):%Y-%m-%dT%H:%M:00Z}", "https://north.example/1.bin"
    asked: list[tuple[dict[str, str], dict[str, Any]]] = [
        ({"kind": "reserve", "reserve-connector": "1", "reserve-card": uid, "reserve-until": local},
         {"connector": "1", "until": until}),
        ({"kind": "limit", "limit-limit": "16.5", "limit-unit": "A"}, {"limit": 16.5, "unit": "A"}),
        ({"kind": "limit", "limit-connector": "1", "limit-limit": "11000", "limit-unit": "W"},
         {"connector": "1", "limit": 11000, "unit": "W"}),
        ({"kind": "clear_limit"}, {}),
        ({"kind": "update_firmware", "update_firmware-location": file, "update_firmware-when": local},
         {"location": file, "when": until}),
        ({"kind": "get_log", "get_log-location": "ftp://north.example/in"}, {"location": "ftp://north.example/in"}),
    ]  # fmt: skip
    for form, wanted in asked:
        assert client.post(url(linked, "order/"), form).status_code == 302, form
        kept = commands(linked)[-1]
        assert wanted.items() <= kept.wanted.items()
        assert ("request" in kept.wanted) is (kept.kind in {"reserve", "update_firmware", "get_log"})
        assert ("when" in kept.wanted) is (kept.kind in {"limit", "update_firmware"})
    assert commands(linked)[0].id_tag == uid
    page = text(client.get(url(linked)))
    assert "outlet 1: 11,000 W" in page
    assert "ftp://north.example/in" in page


SECRETS = [
    ({"kind": "get_log", "get_log-location": "ftp://me:hush@north.example/in"}, {"location": "ftp://…@north.example/in"}),
    ({"kind": "update_firmware", "update_firmware-location": "https://me:hush@north.example/1.bin"},
     {"location": "https://…@north.example/1.bin"}),
    ({"kind": "change_setting", "change_setting-key": "ApnPassword", "change_setting-value": "hush"},
     {"key": "ApnPassword", "value": "…"}),
    ({"kind": "change_setting", "change_setting-key": "LogUrl", "change_setting-value": "ftp://me:hush@a.example"},
     {"key": "LogUrl", "value": "ftp://…@a.example"}),
]  # fmt: skip


@pytest.mark.parametrize(("form", "shown"), SECRETS)
def test_a_password_in_a_command_is_kept_for_the_connection_alone(linked, sign_in, otto, form, shown):
    key, now, client = secrecy.Key(), timezone.now(), sign_in(otto)
    assert "is not connected" in text(client.post(url(linked, "order/"), form))
    with tenant_scope(linked.operator.pk):
        StationLink.objects.update(seal_key=key.public, connected_at=now, seen_at=now)
    assert client.post(url(linked, "order/"), form).status_code == 302
    (kept,) = commands(linked)
    assert shown.items() <= kept.told.items()
    assert "hush" in str(key.open(bytes(kept.hidden)))
    page = text(client.get(url(linked)))
    assert "hush" not in page
    assert "…" in page
    with pytest.raises(secrecy.Unreadable):
        secrecy.Key().open(bytes(kept.hidden))


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "reserve", "reserve-connector": "1", "reserve-card": "04A2B9C1", "reserve-until": "2020-01-01T08:00"},
        {"kind": "limit", "limit-limit": "-1", "limit-unit": "A"},
        {"kind": "limit", "limit-limit": "NaN", "limit-unit": "A"},
        {"kind": "update_firmware", "update_firmware-location": "javascript:alert(1)"},
        {"kind": "get_log", "get_log-location": "file:///etc/passwd"},
        {"kind": "get_log", "get_log-location": "ftp://a.example/", "get_log-since": "2026-11-02T08:00",
         "get_log-until": "2026-11-01T08:00"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_not_sent(linked, sign_in, otto, form):
    assert sign_in(otto).post(url(linked, "order/"), form).status_code == 400
    assert commands(linked) == []


def test_a_variable_with_a_long_name_is_changed_by_it(linked, sign_in, otto):
    name = "SampledDataCtrlr(EnergyOfTheSecondMeter)@1/2.TxUpdatedMeasurands"
    form = {"kind": "change_setting", "change_setting-key": name, "change_setting-value": "60"}
    assert sign_in(otto).post(url(linked, "order/"), form).status_code == 302
    assert commands(linked)[-1].told == {"key": name, "value": "60"}


def test_a_card_that_would_be_refused_reserves_nothing(linked, sign_in, otto):
    soon = f"{timezone.now() + timedelta(hours=2):%Y-%m-%dT%H:%M}"
    form = {"kind": "reserve", "reserve-connector": "1", "reserve-card": linked.lost_card.uid, "reserve-until": soon}
    assert "The card would be refused" in text(sign_in(otto).post(url(linked, "order/"), form))


def test_a_reservation_that_holds_can_be_cancelled_once(linked, sign_in, otto):
    client, now = sign_in(otto), timezone.now()
    with tenant_scope(linked.operator.pk):
        kept = station_commands.ask(
            linked.connector.station, Kind.RESERVE, by=otto, at=now, card=linked.card.uid, connector="1",
            until=written(now + timedelta(hours=1)),
        )  # fmt: skip
    number = kept.wanted["request"]
    cancel = {"kind": "cancel_reservation", "cancel_reservation-reservation": str(number)}
    assert client.post(url(linked, "ask/"), cancel).status_code == 400
    with tenant_scope(linked.operator.pk):
        StationCommand.objects.update(state="answered")
    assert client.post(url(linked, "ask/"), cancel).status_code == 302
    assert commands(linked)[-1].wanted == {"reservation": number}
    with tenant_scope(linked.operator.pk):
        StationCommand.objects.update(state="answered")
    assert client.post(url(linked, "ask/"), cancel).status_code == 400


def test_how_far_it_has_come_since_is_shown(linked, sign_in, otto):
    with tenant_scope(linked.operator.pk):
        station_commands.ask(
            linked.connector.station, Kind.GET_LOG, by=otto, at=timezone.now(), location="ftp://a.example"
        )
        StationCommand.objects.update(state="answered", progress="Uploading", progress_at=timezone.now())
    assert "is sending it" in text(sign_in(otto).get(url(linked)))


def test_one_that_was_not_sent_in_its_time_is_said_to_be_over(linked, sign_in, otto):
    long_ago = timezone.now() - timedelta(hours=1)
    with tenant_scope(linked.operator.pk):
        station_commands.ask(linked.connector.station, Kind.UNLOCK, by=otto, at=long_ago, connector="1")
    page = sign_in(otto).get(url(linked))
    assert "not sent: the station was away" in text(page)
    assert not page.context["is_waiting"]


def test_only_those_who_manage_the_network_ask(linked, sign_in, sara):
    client = sign_in(sara)
    assert client.get(url(linked)).status_code == 403
    assert client.post(url(linked, "ask/"), {"kind": "trigger"}).status_code == 403


def test_a_sign_leads_to_the_outlet(linked, sign_in, otto):
    page = sign_in(otto).get(linked.url(f"stations/{linked.connector.station.public_id}/signs/"))
    ((outlet, address, picture),) = page.context["signs"]
    assert outlet == linked.connector
    assert address.endswith(f"/at/north/{linked.connector.station.public_id}/1/")
    assert picture.startswith("data:image/svg+xml")
    assert address in text(page)


def test_without_a_password_there_is_no_sign(world, sign_in, otto):
    page = sign_in(otto).get(world.url(f"stations/{world.connector.station.public_id}/signs/"))
    assert "No outlet can be started from a phone" in text(page)


def answered(world, answer):
    with tenant_scope(world.operator.pk):
        command = StationCommand.objects.latest("pk")
        raw = orjson.dumps([3, str(command.public_id), answer]).decode()
        command.state, command.answer, command.done_at = "answered", raw, timezone.now()
        command.save()


STEPS = [{"startPeriod": 0, "limit": 16.5}, {"startPeriod": 3600, "limit": 32}]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "Accepted", "connectorId": 1, "scheduleStart": "2026-11-20T08:00:00Z",
         "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": STEPS}},
        {"status": "Accepted", "schedule": {"evseId": 1, "duration": 86400, "scheduleStart": "2026-11-20T08:00:00Z",
         "chargingRateUnit": "A", "chargingSchedulePeriod": STEPS}},
    ],
)  # fmt: skip
def test_what_a_station_may_draw_is_asked_and_shown_on_its_page(linked, sign_in, otto, answer):
    client, station = sign_in(otto), linked.url(f"stations/{linked.connector.station.public_id}/")
    assert "was not asked lately" in text(client.get(station))
    form = {"kind": "get_schedule", "get_schedule-connector": "1"}
    assert client.post(url(linked, "ask/"), form).status_code == 302
    answered(linked, answer)
    page = text(client.get(station))
    assert "Outlet 1" in page
    assert "16.5 A" in page
    assert "32 A" in page


@pytest.mark.parametrize(
    "answer",
    [{}, {"status": "Rejected"}, {"chargingSchedule": []},
     {"schedule": {"chargingRateUnit": 7, "chargingSchedulePeriod": 7}},
     {"schedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [7, {"startPeriod": 1e300, "limit": "x"},
      {"startPeriod": 1e15, "limit": 1}, {"limit": 4}]}}],
)  # fmt: skip
def test_whatever_a_station_answers_its_page_stands(linked, sign_in, otto, answer):
    client = sign_in(otto)
    client.post(url(linked, "ask/"), {"kind": "get_schedule"})
    answered(linked, answer)
    assert client.get(linked.url(f"stations/{linked.connector.station.public_id}/")).status_code == 200


def test_some_settings_are_asked_for_by_name(linked, sign_in, otto):
    client = sign_in(otto)
    form = {"kind": "read_named", "read_named-names": "HeartbeatInterval\r\n\r\n LightIntensity \r\nHeartbeatInterval"}
    assert client.post(url(linked, "ask/"), form).status_code == 302
    assert commands(linked)[-1].wanted == {"names": ["HeartbeatInterval", "LightIntensity"]}
    assert "HeartbeatInterval, LightIntensity" in text(client.get(url(linked)))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("\n", "This field is required"),
        ("AuthorizationKey", "shown once"),
        ("\n".join(f"S{number}" for number in range(21)), "at most 20 settings"),
        ("x" * 201, "No setting has a name as long"),
    ],
)
def test_names_that_cannot_be_asked_for_are_refused(linked, sign_in, otto, names, said):
    answer = sign_in(otto).post(url(linked, "ask/"), {"kind": "read_named", "read_named-names": names})
    assert answer.status_code == 400
    assert said in text(answer)
    assert commands(linked) == []
