"""What the messages of a station tell of its habits: nothing that they do not say."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from charging.domain.ocpp import habits
from charging.domain.ocpp.habits import Habits

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
OUT, IN = "Energy.Active.Export.Register", "Energy.Active.Import.Register"


def heard(*rows):
    """Frames from rows of: seconds after `AT` at which it came, name, payload."""
    return [(AT + timedelta(seconds=s), orjson.dumps([2, "1", *said]).decode()) for s, *said in rows]


def reading(at_s, *, came_s=None, charge=7, **sample):
    said = {"timestamp": (AT + timedelta(seconds=at_s)).isoformat(), "sampledValue": [{"value": "4", **sample}]}
    return (at_s if came_s is None else came_s, "MeterValues", {"transactionId": charge, "meterValue": [said]})


def test_nothing_said_is_nothing_known():
    assert habits.learnt([], []) == Habits()
    assert habits.learnt([(AT, "nonsense"), (AT, "[3,1,{}]")], [(5, 1)]) == Habits()


def test_units_are_those_of_the_energy_register_alone():
    rows = heard(
        reading(0, unit="kWh"),
        reading(60),
        reading(120, unit="A", measurand="Current.Import"),
        reading(180, unitOfMeasure={"unit": "Wh"}),
        reading(240, unit="V" * 99),
        reading(300, format="SignedData"),
    )
    assert habits.learnt(rows, []).units == ("", "Wh", "kWh")


@pytest.mark.parametrize(
    ("measurands", "exports"),
    [([], False), ([OUT], True), ([OUT, "Current.Import"], True), ([OUT, IN], False), ([None, OUT], False)],
)
def test_that_it_tells_only_what_was_exported(measurands, exports):
    rows = [reading(60 * i, **({"measurand": name} if name else {})) for i, name in enumerate(measurands)]
    assert habits.learnt(heard(*rows), []).exports is exports


def test_how_often_it_reads_is_told_by_the_readings_of_each_charge():
    rows = heard(reading(0), reading(60), reading(65, charge=8), reading(120), reading(600, charge=8))
    assert habits.learnt(rows, []).every_s == 60


@pytest.mark.parametrize("off_s", [3600, -3600, 0, 2])
def test_a_clock_is_off_by_what_came_at_once_whatever_came_late(off_s):
    rows = heard(reading(0 + off_s, came_s=7200), reading(60 + off_s, came_s=60), reading(120 + off_s, came_s=121))
    assert habits.learnt(rows, []).clock_s == off_s


def test_a_clock_that_was_never_set_says_nothing():
    status = {"connectorId": 1, "status": "Available", "timestamp": "1970-01-01T00:00:00Z"}
    assert habits.learnt(heard((0, "StatusNotification", status)), []).clock_s is None


@pytest.mark.parametrize(
    ("spans", "counts_on"),
    [
        ([(0, 900)], None),
        ([(0, 900), (0, 12_000)], False),
        ([(100, 900), (1000, 500), (1600, 5)], True),
        ([(100, 900), (50, 500)], None),
    ],
)
def test_whether_the_register_goes_on(spans, counts_on):
    assert habits.learnt([], spans).counts_on is counts_on


@pytest.mark.parametrize(
    "boot",
    [
        {"firmwareVersion": "1.2", "chargeBoxSerialNumber": "S1", "meterType": "M", "meterSerialNumber": "M1"},
        {
            "chargingStation": {"firmwareVersion": "1.2", "serialNumber": "S1"},
            "meterType": "M",
            "meterSerialNumber": "M1",
        },
    ],
)
def test_what_it_is_made_of_is_read_in_both_versions(boot):
    assert habits.made(boot) == habits.Made("1.2", "S1", "M", "M1")


def test_of_a_boot_that_says_nothing_nothing_is_known():
    assert habits.made({"chargingStation": [], "firmwareVersion": {}}) == habits.Made("", "", "", "")
