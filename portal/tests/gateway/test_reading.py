"""What becomes of what stations say: sessions, states, and everything stations get wrong. Without sockets."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice
from billing.selectors import differences, waiting
from billing.services import corrections, credit_notes
from billing.tests import factories
from charging.models import (
    ChargingSession,
    Connector,
    Correction,
    Site,
    Station,
    StationCharge,
    StationHalt,
    StationLink,
    StationMessage,
    Token,
)
from charging.services import station_sessions, station_steps
from portal.tests.examples import example
from tenants.rls import APP
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
BEGAN = "2026-11-20T08:00:00Z"


class Told:
    """A station of north, and what it says as the gateway would keep it."""

    def __init__(self, north, identifier="Torget-1"):
        self.operator = north
        with tenant_scope(north.pk):
            self.driver = drivers.create(name="Dana", email="dana@example.com")
            self.card = Token.objects.create(uid=f"04{identifier}", driver=self.driver)
            site = Site.objects.create(name=identifier)
            self.station = Station.objects.create(site=site, identifier=identifier)
            self.connector = Connector.objects.create(station=self.station, number="1", max_power_w=22_000)
            StationLink.objects.create(station=self.station, password_at=NOW)
        self.at, self.numbers = NOW, 0

    def says(self, action, *, number=None, at=None, raw=None, **payload):
        with tenant_scope(self.operator.pk):
            StationMessage.objects.create(
                station=self.station,
                epoch=1,
                received_at=at or self.at,
                action=action,
                raw=raw or orjson.dumps([2, "1", action, payload]).decode(),
                number=number,
            )

    def starts(self, number=7, *, verdict="Accepted", meter=1000, at=BEGAN, received_at=None, connector=1):
        with tenant_scope(self.operator.pk):
            StationCharge.objects.create(
                station=self.station,
                number=number,
                said=str(number),
                received_at=received_at or self.at,
                verdict=verdict,
                basis="x",
            )
        start = {"connectorId": connector, "idTag": self.card.uid.lower(), "meterStart": meter, "timestamp": at}
        self.says("StartTransaction", number=number, at=received_at, **start)

    def meters(self, *readings, number=7, **more):
        values = [
            {"timestamp": (NOW + timedelta(minutes=m)).isoformat(), "sampledValue": [{"value": str(wh)}]}
            for m, wh in readings
        ]
        self.says("MeterValues", number=number, at=NOW + timedelta(minutes=readings[-1][0]), meterValue=values, **more)

    def stops(self, meter, minutes=60, number=7, **more):
        at = NOW + timedelta(minutes=minutes)
        self.says("StopTransaction", number=number, at=at, **{"meterStop": meter, "timestamp": at.isoformat(), **more})

    def read(self, at=None):
        return station_steps.read_waiting(self.operator.pk, clock=lambda: at or NOW + timedelta(hours=1))

    def abandoned(self, at):
        station_steps.close_abandoned(self.operator.pk, clock=lambda: at)

    @property
    def sessions(self):
        with tenant_scope(self.operator.pk):
            return list(ChargingSession.objects.order_by("pk"))

    @property
    def remarks(self):
        with tenant_scope(self.operator.pk):
            return [row.remark for row in StationMessage.objects.order_by("pk")]


@pytest.fixture
def told(north):
    return Told(north)


def waiting_for_a_price(told):
    with tenant_scope(told.operator.pk):
        return waiting.session_ids(limit=9)


def test_a_charge_opens_grows_and_closes_and_money_sees_it_then(told):
    told.starts()
    told.read()
    (session,) = told.sessions
    assert (session.state, session.driver_id, session.started_at) == ("ACTIVE", told.driver.pk, NOW)
    told.meters((15, 4000), (30, 7000))
    told.read()
    assert told.sessions[0].energy_wh == 6000
    assert waiting_for_a_price(told) == []
    told.stops(13_000)
    told.read()
    (session,) = told.sessions
    assert (session.state, session.energy_wh, session.review, session.flags) == ("COMPLETED", 12_000, "", [])
    assert session.ended_at == NOW + timedelta(hours=1)
    assert sum(session.series_wh) == 12_000
    assert waiting_for_a_price(told) == [session.pk]


def test_the_energy_of_a_charge_within_a_second_is_not_lost(told):
    told.starts(at="2026-11-20T08:00:00.100Z")
    told.stops(1900, timestamp="2026-11-20T08:00:00.900Z")
    told.read()
    assert (told.sessions[0].energy_wh, told.sessions[0].flags) == (900, ["above_power"])


def test_read_again_from_any_message_nothing_changes(told):
    told.starts()
    told.meters((15, 4000), (30, 7000))
    told.stops(13_000)
    told.read()
    before = [vars(row) | {"_state": None} for row in told.sessions]
    for first in (3, 2, 1):
        with tenant_scope(told.operator.pk):
            ids = list(StationMessage.objects.order_by("pk").values_list("pk", flat=True))
            StationMessage.objects.filter(pk__gte=ids[first - 1]).update(is_read=False)
        told.read()
        assert [vars(row) | {"_state": None} for row in told.sessions] == before


@pytest.mark.parametrize(
    ("start", "readings", "stop", "energy", "flags"),
    [
        (1000, [], 2000, 1000, []),
        (1000, [(30, 1500)], -1, 500, ["meter_missing"]),
        (1000, [(30, 1500)], None, 500, ["meter_missing"]),
        (None, [(30, 1500)], 2000, 500, ["meter_missing"]),
        (1000, [], 900, 0, ["meter_backwards", "zero_energy"]),
        (1000, [(30, 0)], 2000, 1000, []),
        (1000, [(20, 1500), (30, 10), (40, 20)], 30, 0, ["meter_backwards", "zero_energy"]),
        (None, [], None, 0, ["meter_missing", "zero_energy"]),
        (1000, [], 1000, 0, ["zero_energy"]),
        (1000, [], 1_001_000_000, 1_001_000_000 - 1000, ["above_power"]),
        ("1000.4", [], "1999.6", 1000, []),
    ],
)
def test_what_the_meter_says_is_kept_and_flagged_and_never_guessed(told, start, readings, stop, energy, flags):
    told.starts(meter=start)
    if readings:
        told.meters(*readings)
    told.stops(stop)
    told.read()
    (session,) = told.sessions
    assert (session.energy_wh, session.flags) == (energy, flags)
    assert session.review == ("pending" if flags else "")


@pytest.mark.parametrize("said", ["1970-01-01T00:00:00Z", "2037-01-01T00:00:00Z", "", None, "soon", "2026-13-45"])
def test_a_clock_that_cannot_be_right_gives_way_to_ours(told, said):
    told.starts(at=said)
    told.stops(2000, timestamp=said)
    told.read()
    (session,) = told.sessions
    assert (session.started_at, session.ended_at) == (NOW, NOW + timedelta(hours=1))
    assert session.flags == ["station_clock"]


@pytest.mark.parametrize("when", [{}, {"timestamp": None}, {"timestamp": "soon"}])
def test_a_reading_that_does_not_say_when_it_is_of_is_of_when_it_came_and_is_remarked(told, when):
    told.starts()
    told.says(
        "MeterValues", number=7, at=NOW + timedelta(minutes=10), connectorId=1,
        meterValue=[{**when, "sampledValue": [{"value": wh}]} for wh in ("2000", "3000")],
    )  # fmt: skip
    told.meters((20, 5000))
    told.read()
    (session,) = told.sessions
    assert (session.energy_wh, session.state) == (4000, "ACTIVE")
    with tenant_scope(told.operator.pk):
        charge = StationCharge.objects.get()
    assert list(zip(charge.read_at, charge.readings, strict=True)) == [
        (NOW + timedelta(minutes=10), 3000), (NOW + timedelta(minutes=20), 5000),
    ]  # fmt: skip
    assert told.remarks == ["", "no_time", ""]


def test_a_power_that_does_not_say_when_it_is_of_is_no_reading_and_not_remarked(told):
    told.starts()
    power = [{"sampledValue": [{"value": "11", "measurand": "Power.Active.Import", "unit": "kW"}]}]
    told.says("MeterValues", number=7, connectorId=1, meterValue=power)
    told.read()
    assert told.remarks == ["", ""]


def test_readings_of_a_whole_charge_that_do_not_say_when_are_left_out_and_remarked(told):
    """They all came at once, with the end: nobody knows when any was, and the stop says what the meter showed."""
    told.starts()
    told.stops(4000, transactionData=[{"sampledValue": [{"value": wh}]} for wh in ("2000", "3000")])
    told.read()
    (session,) = told.sessions
    assert (session.energy_wh, session.flags, session.series_wh) == (3000, [], None)
    assert told.remarks == ["", "no_time"]


def charges_of(told, *energies, minutes=60, first=100):
    """One charge after the other with so many Wh, as the station says; return their flags."""
    for number, energy in enumerate(energies):
        began = NOW + timedelta(hours=2 * number)
        told.starts(first + number, meter=0, at=began.isoformat(), received_at=began)
        told.stops(energy, minutes=120 * number + minutes, number=first + number)
        told.read()
    return [row.flags for row in told.sessions[-len(energies) :]]


def test_a_meter_that_counts_in_another_unit_than_it_says_is_noticed_before_anything_is_billed(told, north):
    """Seven, twelve and thirty kWh, called Wh; and at another station Wh, called kWh."""
    assert charges_of(told, 7, 12, 30) == [["meter_unit"]] * 3
    other = Told(north, "Torget-2")
    other.starts(7)
    at = NOW + timedelta(minutes=30)
    sample = [{"timestamp": at.isoformat(), "sampledValue": [{"value": "7000", "unit": "kWh"}]}]
    other.says("MeterValues", number=7, at=at, meterValue=sample)
    other.read()
    other.abandoned(NOW + timedelta(hours=25))
    assert "above_power" in other.sessions[-1].flags
    assert waiting_for_a_price(told) == []


def test_a_car_that_is_full_takes_as_little_and_is_no_fault_of_the_meter(told):
    assert charges_of(told, 12_000, 40, 30, 20) == [[], [], [], []]
    assert charges_of(Told(told.operator, "Torget-2"), 7, minutes=9, first=200) == [[]]


def test_who_begins_to_count_in_another_unit_is_noticed_after_three_charges(told):
    assert charges_of(told, 12_000, 7, 12, 30, 9) == [[], [], [], [], ["meter_unit"]]


def test_an_attempt_in_vain_is_written_off_as_in_a_file(told):
    told.starts()
    told.stops(1000, minutes=2)
    told.read()
    assert (told.sessions[0].flags, told.sessions[0].review) == (["no_charge"], "written_off")


def test_a_stop_that_comes_twice_counts_once(told):
    told.starts()
    told.stops(2000)
    told.read()
    told.stops(9000)
    with CaptureQueriesContext(connection) as captured:
        told.read()
    assert told.sessions[0].energy_wh == 1000
    assert told.remarks == ["", "", "stopped_already"]
    asked = [query["sql"] for query in captured if 'FROM "charging_correction"' in query["sql"]]
    assert len(asked) == 1, "stations repeat their stops by the thousand"


@pytest.mark.parametrize("number", [None, 0, -1, 99])
def test_a_stop_without_its_number_is_that_of_the_only_charge(told, number):
    told.starts()
    told.stops(2000, number=number)
    told.read()
    assert told.sessions[0].energy_wh == 1000


def test_a_stop_of_nothing_is_remarked_and_changes_nothing(told):
    told.stops(2000)
    told.read()
    assert (told.sessions, told.remarks) == ([], ["no_charge"])


def alone(minutes, *readings, **more):
    """A stop with the readings of its charge."""
    at = [(NOW + timedelta(minutes=minute)).isoformat() for minute, _ in readings]
    values = [{"timestamp": t, "sampledValue": [{"value": str(wh)}]} for t, (_, wh) in zip(at, readings, strict=True)]
    return {"transactionData": values, "minutes": minutes, **more}


@pytest.mark.parametrize("number", [None, 0, -1, 99])
def test_a_stop_whose_start_was_lost_is_a_session_that_waits(told, number):
    told.stops(5000, number=None, transactionId=number, idTag=told.card.uid, **alone(60, (10, 1000), (30, 3000)))
    told.stops(5000, number=None, transactionId=number, idTag=told.card.uid, **alone(60, (10, 1000), (30, 3000)))
    told.read()
    (session,) = told.sessions
    assert (session.started_at, session.ended_at) == (NOW + timedelta(minutes=10), NOW + timedelta(minutes=60))
    assert (session.energy_wh, session.flags, session.review) == (4000, ["start_missing"], "pending")
    assert session.driver_id == told.driver.pk
    assert told.remarks == ["", "stopped_already"]
    with tenant_scope(told.operator.pk):
        StationMessage.objects.update(is_read=False)
    told.read()
    assert len(told.sessions) == 1


def test_a_stop_alone_takes_nothing_from_a_charge_that_is_known(told):
    told.starts()
    told.stops(5000)
    told.stops(5000, number=None, idTag=told.card.uid, **alone(60, (10, 1000), (30, 3000)))
    told.read()
    assert len(told.sessions) == 1
    assert told.remarks[-1] == "no_charge"


def test_no_station_stops_the_charge_of_another(told, north):
    other = Told(north, "Torget-2")
    told.starts()
    told.read()
    other.stops(9000, number=7)
    other.read()
    assert told.sessions[0].state == "ACTIVE"


def test_without_a_stop_it_ends_at_the_last_reading_and_waits_and_the_late_stop_corrects_it(told):
    told.starts()
    told.meters((15, 4000), (30, 7000))
    told.starts(8, meter=20_000, at="2026-11-20T12:00:00Z", received_at=NOW + timedelta(hours=4))
    told.read()
    first, second = told.sessions
    assert (first.state, first.energy_wh, first.flags) == ("COMPLETED", 6000, ["stop_missing"])
    assert (first.ended_at, second.state) == (NOW + timedelta(minutes=30), "ACTIVE")
    assert waiting_for_a_price(told) == []
    told.stops(13_000)
    told.read()
    first = told.sessions[0]
    assert (first.energy_wh, first.flags, first.review) == (12_000, [], "")


def test_what_somebody_decided_is_not_changed_by_a_late_stop_which_becomes_a_difference(told):
    told.starts()
    told.meters((30, 7000))
    told.read()
    told.abandoned(NOW + timedelta(hours=25))
    with tenant_scope(told.operator.pk):
        ChargingSession.objects.update(review="approved")
    for _again in range(2):
        told.stops(13_000)
    told.read()
    assert told.sessions[0].energy_wh == 6000
    assert told.remarks[-2:] == ["late_stop", "late_stop"]
    with tenant_scope(told.operator.pk):
        (correction,) = Correction.objects.all()
        (difference,) = differences.beside([correction])
    assert set(difference.changed) == {"ended_at", "energy_wh"}
    assert (difference.said.energy_wh, difference.said.ended_at) == (12_000, NOW + timedelta(hours=1))


def test_a_late_stop_that_says_the_same_is_no_difference(told):
    told.starts()
    told.meters((30, 7000))
    told.read()
    told.abandoned(NOW + timedelta(hours=25))
    with tenant_scope(told.operator.pk):
        ChargingSession.objects.update(review="approved")
    told.stops(7000, minutes=30)
    told.read()
    assert told.remarks[-1] == "stopped_already"
    with tenant_scope(told.operator.pk):
        assert not Correction.objects.exists()


def test_a_late_stop_is_held_against_what_a_person_typed_meanwhile_and_a_repeated_one_is_no_news(told):
    told.starts()
    told.meters((30, 7000))
    told.starts(8, at="2026-11-20T12:00:00Z", received_at=NOW + timedelta(hours=4))
    told.read()
    told.stops(9000, number=8, minutes=300)
    told.read()
    lost, ended = told.sessions
    with tenant_scope(told.operator.pk):
        for row in (lost, ended):
            corrections.correct(row, {"energy_wh": 6500}, reason="read off", at=NOW + timedelta(hours=6))
    told.stops(13_000)
    told.stops(9000, number=8, minutes=300)
    told.read()
    assert told.remarks[-2:] == ["late_stop", "stopped_already"]
    assert [(row.energy_wh, row.flags, row.review) for row in told.sessions] == [(6500, [], "approved")] * 2
    with tenant_scope(told.operator.pk):
        assert [row.session for row in Correction.objects.filter(state="open")] == [lost]


def test_what_somebody_disputes_is_not_changed_by_a_late_stop(told):
    told.starts()
    told.meters((30, 7000))
    told.read()
    told.abandoned(NOW + timedelta(hours=25))
    with tenant_scope(told.operator.pk):
        ChargingSession.objects.update(flags=["stop_missing", "disputed"])
    told.stops(13_000)
    told.read()
    session = told.sessions[0]
    assert (session.energy_wh, session.flags, session.review) == (6000, ["stop_missing", "disputed"], "pending")
    assert told.remarks[-1] == "late_stop"


def test_what_was_billed_and_credited_is_not_changed_by_a_late_stop_nor_halts_its_station(told):
    told.starts()
    told.meters((30, 7000))
    told.read()
    told.abandoned(NOW + timedelta(hours=25))
    december = datetime(2026, 12, 2, 9, tzinfo=UTC)
    with tenant_scope(told.operator.pk):
        factories.tariff()
        ChargingSession.objects.update(review="approved")
        factories.issued(datetime(2026, 11, 1, tzinfo=UTC), december)
        credit_notes.credit(Invoice.objects.get(), reason="The meter", by=None, at=december, then="pending")
    told.stops(13_000)
    told.read()
    assert told.remarks[-1] == "late_stop"
    assert told.sessions[0].energy_wh == 6000
    with tenant_scope(told.operator.pk):
        assert corrections.take_over(list(Correction.objects.all()), reason="late", at=december).taken == 1
    told.stops(14_000)
    told.read()
    with tenant_scope(told.operator.pk):
        (difference,) = differences.beside(list(Correction.objects.filter(state="open")))
        assert (difference.entry.session.energy_wh, difference.said.energy_wh) == (12_000, 13_000)
        assert not StationHalt.objects.exists()


@pytest.mark.parametrize(("hours", "state"), [(23, "ACTIVE"), (25, "COMPLETED")])
def test_a_charge_of_which_nothing_is_heard_for_a_day_is_over(told, hours, state):
    told.starts()
    told.read()
    told.abandoned(NOW + timedelta(hours=hours))
    assert told.sessions[0].state == state


@pytest.mark.parametrize(("minutes", "state"), [(35, "ACTIVE"), (45, "COMPLETED")])
def test_a_charge_whose_connector_is_free_is_over(told, minutes, state):
    told.starts()
    told.says("StatusNotification", connectorId=1, status="Charging")
    told.says("StatusNotification", connectorId=1, status="Available", at=NOW + timedelta(minutes=30))
    told.read()
    told.abandoned(NOW + timedelta(minutes=minutes))
    assert told.sessions[0].state == state


def test_a_refused_card_that_charged_all_the_same_waits_for_a_person(told):
    told.starts(verdict="Blocked")
    told.stops(2000)
    told.read()
    assert (told.sessions[0].flags, told.sessions[0].review) == (["not_admitted"], "pending")


def test_days_of_charges_at_once_become_as_many_sessions(told):
    for number in range(40):
        began = NOW - timedelta(days=3) + timedelta(hours=number)
        told.starts(100 + number, meter=1000 * number, at=began.isoformat())
        told.stops(1000 * number + 900, minutes=-72 * 60 + 60 * number + 30, number=100 + number)
    told.read()
    assert [row.energy_wh for row in told.sessions] == [900] * 40
    assert {tuple(row.flags) for row in told.sessions} == {()}


def test_states_follow_the_station_and_a_connector_nobody_knew_is_added(told):
    told.says("StatusNotification", connectorId=0, status="Faulted")
    told.says("StatusNotification", connectorId=1, status="SuspendedEV")
    told.says("StatusNotification", connectorId=2, status="Strange")
    told.says("BootNotification", chargePointVendor="Acme", chargePointModel="X1")
    told.read()
    with tenant_scope(told.operator.pk):
        found = dict(Connector.objects.values_list("number", "status"))
        station = Station.objects.get()
    assert found == {"1": "CHARGING", "2": "UNKNOWN"}
    assert (station.vendor, station.model) == ("Acme", "X1")


def test_a_message_that_cannot_be_digested_stops_its_station_alone(told, north, monkeypatch):
    other = Told(north, "Torget-2")
    told.starts()
    told.says("Poison")
    told.stops(2000)
    other.starts(8)
    other.stops(3000, number=8)
    honest = station_sessions.read
    monkeypatch.setattr(
        station_sessions, "read", lambda message, desk: 1 / 0 if message.action == "Poison" else honest(message, desk)
    )
    told.read(NOW)
    assert {row.external_id: row.state for row in told.sessions} == {"7": "ACTIVE", "8": "COMPLETED"}
    with tenant_scope(north.pk):
        halt = StationHalt.objects.get()
    assert (halt.station_id, halt.error, halt.attempts) == (told.station.pk, "ZeroDivisionError", 1)
    told.read(NOW + timedelta(seconds=30))
    told.read(NOW + timedelta(minutes=2))
    with tenant_scope(north.pk):
        assert StationHalt.objects.get().attempts == 2
    monkeypatch.undo()
    told.read(NOW + timedelta(hours=2))
    with tenant_scope(north.pk):
        assert not StationHalt.objects.exists()
    assert told.sessions[0].state == "COMPLETED"


def _a_busy_day(told, chance, first):
    """Charges as stations tell of them: on two connectors, without stops, without numbers, with odd readings."""
    for hour in range(1, chance.randrange(2, 9)):
        number, at, meter = first + hour, NOW + timedelta(hours=hour), 1000 * hour
        connector = chance.choice([1, 1, 2])
        told.starts(number, meter=meter, at=at.isoformat(), received_at=at, connector=connector)
        for step in range(chance.randrange(0, 4)):
            minutes = 60 * hour + chance.choice([5, 10, 10.5, 20, 70]) + step / 4
            named = chance.choice([{"number": number}, {"number": None, "connectorId": connector}])
            told.meters((minutes, meter + 100 * step), **named)
        told.says("StatusNotification", connectorId=connector, status=chance.choice(["Charging", "Available"]))
        for _ in range(chance.choice([0, 1, 1, 2])):
            told.stops(meter + 900, minutes=60 * hour + chance.choice([30, 59, 90]), number=number)


NOWHERE = [{}, {"connectorId": None}, {"connectorId": 0}, {"connectorId": -1}, {"connectorId": "x"}]


def starts_somewhere(told, number, where):
    """A start that does not say at which outlet."""
    with tenant_scope(told.operator.pk):
        StationCharge.objects.create(
            station=told.station, number=number, said=str(number), received_at=NOW, verdict="Accepted", basis="x"
        )
    start = {"idTag": told.card.uid, "meterStart": 5000, "timestamp": BEGAN, **where}
    told.says("StartTransaction", number=number, **start)


@pytest.mark.parametrize("where", NOWHERE)
def test_a_start_that_does_not_say_where_ends_no_charge_and_waits(told, where):
    with tenant_scope(told.operator.pk):
        Connector.objects.create(station=told.station, number="2")
    told.starts()
    starts_somewhere(told, 8, where)
    told.meters((30, 7000), number=8)
    told.stops(9000, number=8)
    told.read()
    told.stops(13_000)
    told.read()
    known, other = told.sessions
    assert (known.energy_wh, known.flags, known.review) == (12_000, [], "")
    assert (other.energy_wh, other.flags, other.review) == (4000, ["outlet_missing"], "pending")
    assert other.connector_id != known.connector_id
    assert told.remarks == ["", "no_outlet", "", "", ""]
    assert waiting_for_a_price(told) == [known.pk]
    with tenant_scope(told.operator.pk):
        assert set(Connector.objects.values_list("number", flat=True)) == {"1", "2"}


@pytest.mark.parametrize("where", NOWHERE)
def test_where_there_is_one_outlet_it_is_the_one_that_is_meant(told, where):
    starts_somewhere(told, 7, where)
    told.meters((30, 7000), number=None)
    told.stops(9000)
    told.read()
    (session,) = told.sessions
    assert (session.connector_id, session.energy_wh, session.flags) == (told.connector.pk, 4000, [])
    assert told.remarks == ["no_outlet", "", ""], "it is remarked all the same"


def test_who_starts_at_the_outlet_where_such_a_charge_was_put_does_not_end_it(told):
    with tenant_scope(told.operator.pk):
        Connector.objects.create(station=told.station, number="2")
    starts_somewhere(told, 8, {})
    told.starts(9, meter=1000)
    told.says("StatusNotification", connectorId=1, status="Available", at=NOW + timedelta(minutes=1))
    told.read()
    told.abandoned(NOW + timedelta(minutes=30))
    assert [row.external_id for row in told.sessions if row.state == "ACTIVE"] == ["8"]
    told.abandoned(NOW + timedelta(hours=25))
    assert {row.external_id: row.flags for row in told.sessions}["8"][:2] == ["outlet_missing", "stop_missing"]


@pytest.mark.parametrize("is_over", [False, True])
@pytest.mark.parametrize("is_read_between", [False, True])
def test_a_reading_that_names_its_charge_says_where_it_is(told, is_over, is_read_between):
    with tenant_scope(told.operator.pk):
        second = Connector.objects.create(station=told.station, number="2")
    starts_somewhere(told, 8, {})
    told.meters((20, 6000), number=8)
    told.meters((21, 6000), number=8, connectorId=0)
    if is_over:
        told.stops(9000, number=8)
    if is_read_between:
        told.read()
        assert told.sessions[0].flags == ["outlet_missing"]
    told.meters((30, 7000), number=8, connectorId=2)
    if not is_over:
        told.stops(9000, number=8)
    told.read()
    (session,) = told.sessions
    assert (session.connector_id, session.energy_wh, session.flags, session.review) == (second.pk, 4000, [], "")
    assert waiting_for_a_price(told) == [session.pk]


@pytest.mark.parametrize(("began", "minutes", "is_beside"), [(0, 40, True), (40, 90, True), (0, 20, False)])
def test_a_charge_that_ended_before_it_said_where_is_looked_at_there(told, began, minutes, is_beside):
    """It had nothing else about it, and was billed beside another one at the same outlet."""
    with tenant_scope(told.operator.pk):
        Connector.objects.create(station=told.station, number="2", max_power_w=22_000)
    told.starts(9, connector=2, at=(NOW + timedelta(minutes=began)).isoformat())
    told.stops(4000, minutes=minutes, number=9)
    told.read(NOW + timedelta(hours=2))
    starts_somewhere(told, 8, {"timestamp": (NOW + timedelta(minutes=30)).isoformat()})
    told.stops(9000, number=8)
    told.read(NOW + timedelta(hours=2))
    assert [row.flags for row in told.sessions] == [[], ["outlet_missing"]]
    told.meters((61, 9000), number=8, connectorId=2)
    told.read(NOW + timedelta(hours=2))
    other, session = told.sessions
    assert (other.flags, other.review) == ([], "")
    assert session.connector_id == other.connector_id
    assert (session.flags, session.review) == ((["overlap"], "pending") if is_beside else ([], ""))
    assert waiting_for_a_price(told) == ([other.pk] if is_beside else [other.pk, session.pk])


@pytest.mark.parametrize(("review", "flags"), [("", ["overlap"]), ("written_off", [])])
def test_a_charge_that_a_file_tells_too_by_a_clock_that_is_ahead_is_looked_at(told, review, flags):
    """The file was brought in before the station said the end, with an id that is that of the station's charge."""
    told.starts(9)
    told.read()
    (session,) = told.sessions
    with tenant_scope(told.operator.pk):
        facts = {"site": session.site, "station": session.station, "connector": session.connector, "energy_wh": 4000}
        times = {"started_at": NOW + timedelta(minutes=5), "ended_at": NOW + timedelta(minutes=45)}
        name = {"source": "a file", "external_id": session.external_id}
        ChargingSession.objects.create(state="COMPLETED", review=review, **facts, **times, **name)
    told.stops(4000, minutes=40, number=9)
    told.read(NOW + timedelta(hours=2))
    assert [row.flags for row in told.sessions if row.pk == session.pk] == [flags]


@pytest.mark.parametrize(
    ("late", "wh", "of_card", "is_seen"),
    [(1, 4030, True, True), (3, 4000, True, False), (0, 4200, True, False), (0, 4000, False, False)],
)
def test_a_charge_that_a_file_tells_of_another_outlet_is_looked_at(told, late, wh, of_card, is_seen):
    told.starts(9)
    told.read()
    (session,) = told.sessions
    with tenant_scope(told.operator.pk):
        beside = Connector.objects.create(station=session.station, number="2")
        facts = {"site": session.site, "station": session.station, "connector": beside, "energy_wh": wh}
        who = {"token": session.token, "driver": session.driver} if of_card else {}
        begun = NOW + timedelta(minutes=late)
        times = {"started_at": begun, "ended_at": begun + timedelta(minutes=40)}
        ChargingSession.objects.create(
            state="COMPLETED", source="a file", external_id="another", **facts, **who, **times
        )
    told.stops(5000, minutes=40, number=9)
    told.read(NOW + timedelta(hours=2))
    assert [row.flags for row in told.sessions if row.pk == session.pk] == [["overlap"] if is_seen else []]


def test_a_charge_that_is_only_put_at_an_outlet_is_beside_none_there(told):
    with tenant_scope(told.operator.pk):
        Connector.objects.create(station=told.station, number="2", status="AVAILABLE")
    starts_somewhere(told, 8, {})
    told.starts(9)
    told.stops(9000, number=8, minutes=40)
    told.stops(4000, number=9, minutes=50)
    told.read()
    put, other = told.sessions
    assert put.connector_id == other.connector_id
    assert ((put.flags, put.review), (other.flags, other.review)) == ((["outlet_missing"], "pending"), ([], ""))


def test_where_somebody_has_decided_a_reading_says_nothing_more(told):
    with tenant_scope(told.operator.pk):
        Connector.objects.create(station=told.station, number="2")
    starts_somewhere(told, 8, {})
    told.stops(9000, number=8)
    told.read()
    with tenant_scope(told.operator.pk):
        ChargingSession.objects.update(review="approved")
    told.meters((61, 9000), number=8, connectorId=2)
    told.read()
    (session,) = told.sessions
    assert (session.connector_id, session.flags, session.review) == (
        told.connector.pk,
        ["outlet_missing"],
        "approved",
    )


def test_a_reading_that_says_neither_where_nor_of_which_charge_goes_to_none_of_several(told):
    with tenant_scope(told.operator.pk):
        Connector.objects.create(station=told.station, number="2")
    told.starts()
    told.meters((30, 900_000), number=None)
    told.meters((31, 900_000), number=None, connectorId=0)
    told.stops(13_000)
    told.read()
    assert (told.sessions[0].energy_wh, told.sessions[0].flags) == (12_000, [])
    assert told.remarks == ["", "no_outlet", "", ""]


@pytest.mark.parametrize("connector", [2, "2", 2.0, " 2 ", "02"])
def test_the_number_of_an_outlet_is_read_however_it_is_written(told, connector):
    with tenant_scope(told.operator.pk):
        second = Connector.objects.create(station=told.station, number="2")
    told.starts(connector=connector)
    told.says("StatusNotification", connectorId=connector, status="Charging")
    no_numbers: list[object] = [True, -2, 2.5, "2.5", 10**9, [2], {}, "two"]
    for none in no_numbers:
        told.says("StatusNotification", connectorId=none, status="Charging")
    told.read()
    assert (told.sessions[0].connector_id, told.sessions[0].flags) == (second.pk, [])
    with tenant_scope(told.operator.pk):
        assert dict(Connector.objects.values_list("number", "status")) == {"1": "UNKNOWN", "2": "CHARGING"}


def test_a_stop_whose_start_was_lost_says_at_no_outlet_of_several(told):
    with tenant_scope(told.operator.pk):
        Connector.objects.create(station=told.station, number="2")
    told.stops(5000, number=None, idTag=told.card.uid, **alone(60, (10, 1000), (30, 3000)))
    told.read()
    assert set(told.sessions[0].flags) == {"outlet_missing", "start_missing"}


@pytest.mark.parametrize(
    ("said", "reason"),
    [({}, "Local"), ({"reason": None}, "Local"), ({"reason": []}, ""), ({"reason": "PowerLoss"}, "PowerLoss")],
)
def test_a_reason_that_is_left_out_is_the_one_that_may_be(told, said, reason):
    told.starts()
    told.stops(2000, **said)
    told.read()
    assert told.sessions[0].stop_reason == reason


@pytest.mark.parametrize("seed", range(8))
def test_messages_read_together_come_to_the_same_as_one_by_one(north, south, monkeypatch, seed):
    read = []
    for operator, together in ((north, 250), (south, 1)):
        chance = Random(seed)
        for number in range(3):
            told = Told(operator, f"Torget-{number}")
            _a_busy_day(told, chance, 100 * number)
        monkeypatch.setattr(station_steps, "TOGETHER", together)
        told.read(NOW)
        read.append(_facts(operator))
    assert len(read[0]["sessions"]) >= 3
    assert read[0] == read[1]


def test_the_messages_of_many_stations_are_read_with_the_statements_of_two(north, south):
    asked = []
    for operator, many in ((north, 2), (south, 30)):
        for number in range(many):
            told = Told(operator, f"Torget-{number}")
            told.starts(number=100 + number)
            told.meters((20, 4_000), (40, 8_000), number=100 + number)
            told.stops(12_000, number=100 + number)
            with tenant_scope(operator.pk):
                charge = StationCharge.objects.get(number=100 + number)
                charge.id_tag = told.card.uid.lower()  # as the gateway keeps it
                charge.save()
        with CaptureQueriesContext(connection) as captured:
            assert told.read() == 3 * many
        asked.append(len(captured))
    assert asked[0] == asked[1]


def test_what_was_read_is_not_looked_at_again(told, south):
    """By the index of what is unread, where another operator's messages are all that the planner knows of."""
    with tenant_scope(south.pk):
        known = example(StationMessage, is_read=True)
        StationMessage.objects.bulk_create(
            StationMessage(
                station=known.station, epoch=1, received_at=NOW, message_id=str(number), raw="[]", is_read=True
            )
            for number in range(3_000)
        )
    with connection.cursor() as cursor:
        cursor.execute(f"RESET ROLE; ANALYZE charging_stationmessage; SET ROLE {APP}")
    with tenant_scope(told.operator.pk), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked: tuple[tuple[str, list[Any]], ...] = (
            (station_steps._UNREAD, [0, [], 500]),
            (station_steps._OLDEST.replace("{columns}", "*"), [[told.station.pk], 500, 500]),
        )
        for statement, given in asked:
            cursor.execute(f"EXPLAIN {statement}", given)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "station_message_unread" in plan, plan


def _facts(operator):
    with tenant_scope(operator.pk):
        return {
            "sessions": list(ChargingSession.objects.order_by("external_id").values_list("external_id", *SAME)),
            "cards": [
                row.token and row.token.uid
                for row in ChargingSession.objects.order_by("external_id").select_related("token")
            ],
            "charges": list(StationCharge.objects.order_by("number").values_list("number", "read_at", "readings")),
            "connectors": set(Connector.objects.values_list("station__identifier", "number", "status", "status_at")),
            "messages": list(StationMessage.objects.order_by("pk").values_list("is_read", "remark")),
        }


SAME = (
    *("station__identifier", "connector__number", "started_at", "ended_at", "energy_wh"),
    *("meter_start_wh", "series_start", "series_interval_s", "series_wh", "stop_reason", "state", "review", "flags"),
)


def test_readings_that_come_fast_are_told_once_a_minute(told):
    told.starts()
    told.meters((10, 4000))
    told.meters((10.2, 4100))
    told.meters((10.4, 4200))
    told.read()
    with tenant_scope(told.operator.pk):
        assert StationCharge.objects.get().readings == [4000, 4200]
        assert ChargingSession.objects.get().energy_wh == 3200


def test_a_reading_after_the_stop_goes_to_nobody(told):
    told.starts()
    told.stops(2000)
    told.meters((90, 9000))
    told.read()
    assert (told.sessions[0].energy_wh, told.remarks[-1]) == (1000, "after_stop")


@pytest.mark.parametrize(
    ("samples", "energy"),
    [
        ([{"value": "4", "unit": "kWh"}], 3000),
        ([{"value": " 4000,0 "}], 3000),
        ([{"value": "4e3"}], 3000),
        ([{"value": "NaN"}], 0),
        ([{"value": ""}], 0),
        ([{"value": "9", "measurand": "Power.Active.Import"}], 0),
        ([{"value": "9999", "location": "Inlet"}], 0),
        ([{"value": "AAAA", "format": "SignedData"}], 0),
        ([{"value": str(v), "phase": p} for p, v in (("L1", 1000), ("L2", 1500), ("L3", 1500))], 3000),
        ([{"value": "4000", "phase": "L1"}], 0),
        ([{"value": "1", "phase": "L1"}, {"value": "4000"}], 3000),
        ([], 0),
        ([None, 5], 0),
    ],
)
def test_the_energy_register_is_found_among_what_a_station_samples(told, samples, energy):
    told.starts()
    at = NOW + timedelta(minutes=30)
    told.says("MeterValues", number=7, at=at, meterValue=[{"timestamp": at.isoformat(), "sampledValue": samples}])
    told.read()
    assert told.sessions[0].energy_wh == energy


OUT = {"measurand": "Energy.Active.Export.Register"}


@pytest.mark.parametrize(
    ("samples", "energy", "unmarked"),
    [
        ([{"value": "4", "unit": "kWh", **OUT}], 3000, 0),
        ([{"value": str(v), "phase": p, **OUT} for p, v in (("L1", 1000), ("L2", 1500), ("L3", 1500))], 3000, 0),
        ([{"value": "4000", "phase": "L1", **OUT}], 0, 0),
        ([{"value": "9000", **OUT}, {"value": "4000"}], 3000, 3000),
        ([{"value": "9000", **OUT}, {"value": "NaN"}], 0, 0),
        ([{"value": "4000"}], 3000, 3000),
    ],
)
@pytest.mark.parametrize("is_marked", [True, False])
def test_exported_energy_is_read_where_the_meter_is_said_to_be_turned_and_tells_no_other(
    told, samples, energy, unmarked, is_marked
):
    with tenant_scope(told.operator.pk):
        Station.objects.update(counts_exported=is_marked)
    told.starts()
    at = NOW + timedelta(minutes=30)
    told.says("MeterValues", number=7, at=at, meterValue=[{"timestamp": at.isoformat(), "sampledValue": samples}])
    told.read()
    assert told.sessions[0].energy_wh == (energy if is_marked else unmarked)
    is_only_exported = all(sample.get("measurand") for sample in samples)
    is_used = told.sessions[0].energy_wh > 0
    assert told.remarks[-1] == ("exported" if is_only_exported and not is_used else "")


@pytest.mark.parametrize(("is_marked", "energy"), [(True, 6000), (False, 0)])
def test_a_charge_of_events_that_tell_only_exported_energy_waits_until_the_meter_is_said_to_be_turned(
    told, is_marked, energy
):
    with tenant_scope(told.operator.pk):
        Station.objects.update(counts_exported=is_marked)
        StationCharge.objects.create(
            station=told.station, number=7, said="2.0.1|tx", received_at=NOW, verdict="Accepted", basis="x"
        )
    for kind, minutes, wh in (("Started", 0, 1000), ("Updated", 30, 4000), ("Ended", 60, 7000)):
        at = (NOW + timedelta(minutes=minutes)).isoformat()
        told.says(
            "TransactionEvent", number=7, at=NOW + timedelta(minutes=minutes), eventType=kind, timestamp=at,
            transactionInfo={"transactionId": "tx"}, evse={"id": 1}, idToken={"idToken": told.card.uid},
            meterValue=[{"timestamp": at, "sampledValue": [{"value": wh, **OUT}]}],
        )  # fmt: skip
    told.read()
    (session,) = told.sessions
    assert session.energy_wh == energy
    assert session.review == ("" if is_marked else "pending")
    assert told.remarks == ([""] * 3 if is_marked else ["exported"] * 3)
