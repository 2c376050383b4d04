"""Frames as no honest station writes them: reading them never raises, and gives something or nothing."""

from datetime import UTC, datetime

import orjson
from hypothesis import example, given
from hypothesis import strategies as some

from charging.domain.ocpp import frames, schedules, v16, v201
from charging.domain.ocpp.commands import Kind
from charging.domain.ocpp.outcome import outcome

NAMES = [
    "connectorId", "idTag", "timestamp", "meterStart", "meterStop", "transactionId", "transactionData", "meterValue",
    "sampledValue", "value", "unit", "measurand", "phase", "location", "format", "status", "reason", "configurationKey",
    "key", "readonly", "transactionInfo", "evse", "id", "idToken", "eventType", "getVariableResult", "attributeStatus",
    "component", "variable", "name", "chargingSchedule", "schedule", "chargingSchedulePeriod", "startPeriod", "limit",
    "chargingRateUnit", "scheduleStart", "unitOfMeasure", "multiplier",
]  # fmt: skip
SIGNS = some.text(max_size=30) | some.sampled_from(
    [
        "Wh",
        "kWh",
        "NaN",
        "-Infinity",
        "1e999999",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "\x00",
        "L1",
    ]
)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | SIGNS,
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(some.sampled_from(NAMES) | some.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
PAYLOADS = some.dictionaries(some.sampled_from(NAMES), VALUES, max_size=8)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def written(frame):
    """A frame as JSON; broken where JSON cannot say it."""
    try:
        return orjson.dumps(frame).decode()
    except TypeError:
        return "[2"


@example('[4,"1","Not\\u0000Supported","",{}]')
@given(some.text() | some.lists(VALUES, max_size=5).map(written))
def test_any_text_is_a_call_an_answer_or_nothing(raw):
    read = frames.read(raw)
    assert read is None or len(read.message_id) <= frames.LONGEST_ID
    assert "\x00" not in getattr(read, "error", "")
    frames.without_cards(raw)


@given(PAYLOADS)
def test_any_payload_is_read(payload):
    start, stop = v16.start(payload), v16.stop(payload)
    assert len(start.said("0" * 32)) < 200
    v16.state(payload)
    v16.id_tag(payload)
    v16.settings(payload)
    event = v201.event(payload)
    assert len(v201.said(event)) < 200
    v201.settings(payload)
    v201.variables(payload)
    schedules.read(written([3, "1", payload]), "1", NOW)
    readings = [*stop.readings, *v16.readings(payload.get("meterValue"))]
    for kind in Kind:
        v16.granted(kind, payload)
        v201.granted(kind, payload)
    v16.is_believed(start.said_at, NOW)
    found = outcome(NOW, start.meter_wh, readings, NOW, stop.meter_wh)
    assert found.energy_wh >= 0
