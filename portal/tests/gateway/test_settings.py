"""Settings as stations tell them, in both versions, and how far they have come with what they were asked."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest
from ocpp.messages import Call, validate_payload  # type: ignore[import-untyped]

from charging.domain.ocpp import commands, v16, v201
from charging.domain.ocpp.commands import Kind
from charging.models import StationCommand, StationHalt, StationMessage, StationSetting
from charging.services import station_commands, station_settings
from portal.tests.gateway.test_reading import NOW, Told
from tenants.scoping import tenant_scope

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def told(north):
    return Told(north)


def ask(told, otto, kind, **wanted):
    with tenant_scope(told.operator.pk):
        command = station_commands.ask(told.station, kind, by=otto, at=NOW, **wanted)
        StationCommand.objects.filter(pk=command.pk).update(state="answered", sent_at=NOW)
    return command


def answers(told, action, payload, *, message_id="x", at=NOW):
    told.says(action, at=at, raw=orjson.dumps([3, message_id, payload]).decode())
    told.read()


def settings(told):
    with tenant_scope(told.operator.pk):
        return {row.name: (row.value, row.is_fixed) for row in StationSetting.objects.filter(station=told.station)}


KEYS = [
    {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
    {"key": "ChargeProfileMaxStackLevel", "readonly": "1", "value": 8},
    {"key": "AuthorizationKey", "readonly": False, "value": "secret"},
    {"value": "nameless"},
    "nonsense",
]


def test_keys_are_kept_and_never_the_password(told):
    answers(told, "GetConfiguration", {"configurationKey": KEYS})
    assert settings(told) == {"HeartbeatInterval": ("300", False), "ChargeProfileMaxStackLevel": ("8", True)}


def test_of_other_secrets_it_is_kept_that_there_is_one(told):
    keys = [{"key": "SimPin", "value": "1234"}, {"key": "LogUrl", "value": "ftp://me:hush@a.example"}]
    answers(told, "GetConfiguration", {"configurationKey": keys})
    assert settings(told) == {"SimPin": ("…", False), "LogUrl": ("ftp://…@a.example", False)}


def test_what_it_does_not_tell_any_more_is_gone_and_what_is_older_changes_nothing(told):
    answers(told, "GetConfiguration", {"configurationKey": KEYS}, at=NOW)
    answers(told, "GetConfiguration", {"configurationKey": [{"key": "HeartbeatInterval", "value": "60"}]}, at=LATER)
    assert settings(told) == {"HeartbeatInterval": ("60", False)}
    answers(told, "GetConfiguration", {"configurationKey": KEYS[:1]}, at=NOW)
    assert settings(told) == {"HeartbeatInterval": ("60", False)}
    answers(told, "GetConfiguration", {"configurationKey": []}, at=LATER)
    assert settings(told) == {"HeartbeatInterval": ("60", False)}


def variable(component, name, value, *, mutability="ReadWrite", kind="Actual", **more):
    return {
        "component": {"name": component, **more},
        "variable": {"name": name},
        "variableAttribute": [{"type": kind, "value": value, "mutability": mutability}],
    }


REPORT = [
    variable("OCPPCommCtrlr", "HeartbeatInterval", "300"),
    variable("SecurityCtrlr", "BasicAuthPassword", "secret"),
    variable("SecurityCtrlr", "Pin", "secret", mutability="WriteOnly"),
    variable("Connector", "Available", "true", mutability="ReadOnly", evse={"id": 1, "connectorId": 2}),
    variable("DeviceDataCtrlr", "Limit", "5", kind="MaxSet"),
    {**variable("A", "B", "7", instance="x"), "variable": {"name": "B", "instance": "y"}},
    {"component": {}, "variable": {}},
    {"component": 7},
    None,
]


def test_settings_that_were_asked_for_by_name_leave_the_others_as_they_are(told, otto):
    answers(told, "GetConfiguration", {"configurationKey": KEYS}, at=NOW)
    asked = ask(told, otto, Kind.READ_NAMED, names=["HeartbeatInterval", "ChargeProfileMaxStackLevel"])
    some = {
        "configurationKey": [{"key": "HeartbeatInterval", "value": "60", "readonly": False}],
        "unknownKey": ["ChargeProfileMaxStackLevel", 7],
    }
    answers(told, "GetConfiguration", some, message_id=str(asked.public_id), at=LATER)
    assert settings(told) == {"HeartbeatInterval": ("60", False)}


def test_variables_that_were_asked_for_by_name_are_kept_and_stay_fixed(told, otto):
    with tenant_scope(told.operator.pk):
        StationSetting.objects.create(station=told.station, name="A.B", value="1", is_fixed=True, read_at=NOW)
    asked = ask(told, otto, Kind.READ_NAMED, names=["A.B", "Connector@1/2.Available", "C.D"])

    def result(component, variable, status, **more):
        return {"component": component, "variable": {"name": variable}, "attributeStatus": status, **more}

    found = [
        result({"name": "A"}, "B", "Accepted", attributeValue="2"),
        result(
            {"name": "Connector", "evse": {"id": 1, "connectorId": 2}}, "Available", "Accepted", attributeValue="true"
        ),
        result({"name": "C"}, "D", "UnknownVariable"),
        "nonsense",
    ]  # fmt: skip
    answers(told, "GetVariables", {"getVariableResult": found}, message_id=str(asked.public_id), at=LATER)
    assert settings(told) == {"A.B": ("2", True), "Connector@1/2.Available": ("true", False)}
    assert v201.granted(Kind.READ_NAMED, {"getVariableResult": found}) == (True, "")
    assert v201.granted(Kind.READ_NAMED, {"getVariableResult": found[2:]}) == (False, "")


def test_a_report_comes_in_parts_and_all_of_it_is_kept(told):
    told.says("NotifyReport", requestId=1, seqNo=0, tbc=True, reportData=REPORT[:3])
    told.says("NotifyReport", requestId=1, seqNo=1, reportData=REPORT[3:])
    told.read()
    assert settings(told) == {
        "OCPPCommCtrlr.HeartbeatInterval": ("300", False),
        "Connector@1/2.Available": ("true", True),
        "A(x).B(y)": ("7", False),
    }


@pytest.mark.parametrize("row", [REPORT[0], REPORT[3], REPORT[5]])
def test_a_variable_is_asked_for_by_the_name_it_was_told_by(row):
    ((name, _value, _is_fixed),) = v201.settings({"reportData": [row]})
    _, payload = v201.request(Kind.CHANGE_SETTING, {"key": name, "value": "9"})
    (asked,) = payload["setVariableData"]
    assert asked == {"attributeValue": "9", "component": row["component"], "variable": row["variable"]}


@pytest.mark.parametrize("key", ["HeartbeatInterval", "A.B.C", "(", ".", "A@x.B"])
def test_a_name_that_is_odd_is_asked_for_as_it_is(key):
    _, payload = v201.request(Kind.CHANGE_SETTING, {"key": key, "value": "9"})
    assert payload["setVariableData"][0]["variable"]["name"]


def test_a_change_that_was_taken_is_known_at_once(told, otto):
    answers(told, "GetConfiguration", {"configurationKey": KEYS})
    command = ask(told, otto, Kind.CHANGE_SETTING, key="HeartbeatInterval", value="60")
    answers(told, "ChangeConfiguration", {"status": "Accepted"}, message_id=str(command.public_id), at=LATER)
    assert settings(told)["HeartbeatInterval"] == ("60", False)
    for odd in ("x", "7f3b0a3e-0000-4000-8000-000000000000"):
        answers(told, "ChangeConfiguration", {"status": "Accepted"}, message_id=odd, at=LATER)
    assert settings(told)["HeartbeatInterval"] == ("60", False)


def test_a_station_that_floods_is_bounded(told):
    many = [{"key": f"k{number}", "value": "x" * 9_000} for number in range(station_settings.MOST + 50)]
    answers(told, "GetConfiguration", {"configurationKey": many})
    kept = settings(told)
    assert len(kept) == station_settings.MOST
    assert max(len(value) for value, _ in kept.values()) == 500
    told.says("NotifyReport", at=LATER, reportData=[variable("A", f"v{number}", "1") for number in range(50)])
    told.read(LATER)
    assert len(settings(told)) == station_settings.MOST


def test_a_name_without_end_is_left_out_and_stops_nobody(told):
    long = "x" * 50
    endless = variable(long, long, "1", instance=long, evse={"id": 12345, "connectorId": 12345})
    endless["variable"] = {"name": long, "instance": long}
    told.says("NotifyReport", reportData=[endless, REPORT[0]])
    told.read()
    assert settings(told) == {"OCPPCommCtrlr.HeartbeatInterval": ("300", False)}


@pytest.mark.parametrize(
    "payload", [{}, {"configurationKey": 7}, {"configurationKey": [None]}, {"reportData": {}}, {"reportData": [[]]}]
)
@pytest.mark.parametrize("action", ["GetConfiguration", "ChangeConfiguration", "SetVariables", "GetBaseReport"])
def test_what_is_no_answer_stops_nobody(told, action, payload):
    answers(told, action, payload)
    told.says("NotifyReport", **payload)
    told.read()
    with tenant_scope(told.operator.pk):
        assert not StationHalt.objects.exists()
        assert not StationMessage.objects.filter(is_read=False).exists()


def progress(told):
    with tenant_scope(told.operator.pk):
        return [row.progress for row in StationCommand.objects.order_by("pk")]


def test_how_far_an_update_has_come_is_noted_with_what_was_asked_last(told, otto):
    ask(told, otto, Kind.UPDATE_FIRMWARE, location="https://a.example", when="2026-11-20T08:00:00Z")
    ask(told, otto, Kind.UPDATE_FIRMWARE, location="https://b.example", when="2026-11-20T08:00:00Z")
    for word in ("Downloading", "Downloading", "Downloaded", "Installed", "Idle"):
        told.says("FirmwareStatusNotification", at=LATER, status=word)
    told.read(LATER)
    assert progress(told) == ["", "Installed"]
    assert told.remarks[-5:] == [""] * 5


def test_a_number_says_which_log_is_meant(told, otto):
    first = ask(told, otto, Kind.GET_LOG, location="ftp://a.example")
    ask(told, otto, Kind.GET_LOG, location="ftp://b.example")
    told.says("LogStatusNotification", at=LATER, status="Uploaded", requestId=first.wanted["request"])
    told.says("LogStatusNotification", at=LATER, status="Uploaded", requestId=7)
    told.says("LogStatusNotification", at=LATER, status="UploadFailure", requestId="x" * 99)
    told.read(LATER)
    assert progress(told) == ["Uploaded", "UploadFailure"]
    assert told.remarks == ["", "not_asked", ""]


def test_what_nobody_asked_for_is_a_remark(told):
    told.says("DiagnosticsStatusNotification", status="Uploading")
    told.says("DiagnosticsStatusNotification", status=["x"])
    told.says("FirmwareStatusNotification")
    told.read()
    assert told.remarks == ["not_asked", "", ""]


WANTED: dict[Kind, dict[str, Any]] = {
    Kind.RESERVE: {"connector": "2", "until": "2026-11-20T09:00:00Z", "request": 7},
    Kind.CANCEL_RESERVATION: {"reservation": 7},
    Kind.LIMIT: {"limit": 16.5, "unit": "A", "when": "2026-11-20T08:00:00Z"},
    Kind.CLEAR_LIMIT: {"connector": "2"},
    Kind.UPDATE_FIRMWARE: {"location": "https://a.example", "when": "2026-11-20T08:00:00Z", "request": 8},
    Kind.GET_LOG: {"location": "ftp://a.example", "since": "2026-11-19T08:00:00Z", "request": 9},
    Kind.READ_NAMED: {"names": ["HeartbeatInterval", "Connector@1/2.Available"]},
    Kind.GET_SCHEDULE: {"connector": "2"},
    Kind.FORGET_CARDS: {},
    Kind.EMPTY_LIST: {"version": 1_764_400_000},
}


@pytest.mark.parametrize("kind", WANTED)
@pytest.mark.parametrize(("spoken", "version"), [(v16, "1.6"), (v201, "2.0.1")])
def test_what_is_asked_is_as_the_protocol_wants_it(kind, spoken, version):
    """By the schemas of the client that is none of ours."""
    action, payload = spoken.request(kind, WANTED[kind], "04A1B2C3")
    asyncio.run(validate_payload(Call("1", action, payload), version))


@pytest.mark.parametrize(("connector", "number"), [("", commands.WHOLE_STATION), ("2", 2)])
def test_a_limit_has_one_number_an_outlet(connector, number):
    wanted = {**WANTED[Kind.LIMIT], "connector": connector}
    _, old = v16.request(Kind.LIMIT, wanted)
    _, new = v201.request(Kind.LIMIT, wanted)
    assert (old["connectorId"], old["csChargingProfiles"]["chargingProfileId"]) == (int(connector or 0), number)
    assert (new["evseId"], new["chargingProfile"]["id"]) == (int(connector or 0), number)
    assert v16.request(Kind.CLEAR_LIMIT, {"connector": connector})[1] == {"id": number}
    assert v201.request(Kind.CLEAR_LIMIT, {"connector": connector})[1] == {"chargingProfileId": number}
