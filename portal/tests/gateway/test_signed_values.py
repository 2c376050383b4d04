"""What meters sign on its way to the bill: kept as it came, and a session waits where it does not prove it."""

from datetime import date, timedelta

import pytest

from charging.domain.signed.proof import Verdict
from charging.models import MeterKey, MeterRule, SignedRecord, StationCharge, StationHalt
from charging.selectors import signed_values as selectors
from charging.services import meter_keys
from charging.services import signed_values as services
from charging.tests.signing import Meter
from portal.tests.gateway.test_reading import NOW, Told
from tenants.scoping import tenant_scope

METER = Meter()
Demand = MeterRule.Demand
NIGHT = NOW + timedelta(hours=9)


@pytest.fixture
def told(north):
    return Told(north)


def signed(*records, context="Transaction.End"):
    samples = [{"value": record, "format": "SignedData", "context": context} for record in records]
    return [{"timestamp": NOW.isoformat(), "sampledValue": samples}]


def charge(told, *records, number=7, **more):
    told.starts(number)
    told.stops(13_000, number=number, transactionData=signed(*records), **more)
    told.read()
    return told.sessions[-1]


def registered(told, *, meter=METER, since=date(2026, 1, 1), until=None):
    with tenant_scope(told.operator.pk):
        return meter_keys.register(
            told.connector, written=meter.der.hex(), curve="", serial="", since=since, until=until
        )


def demands(told, what):
    with tenant_scope(told.operator.pk):
        meter_keys.demand(what)


def verdict(told, session=None):
    with tenant_scope(told.operator.pk):
        (proof,) = selectors.proofs([session or told.sessions[-1]]).values()
    return proof.verdict


def records(told):
    with tenant_scope(told.operator.pk):
        return list(SignedRecord.objects.order_by("pk"))


def test_a_record_is_kept_as_it_came_and_proves_the_charge(told):
    registered(told)
    record = METER.whole(1000, 13_000, card=told.card.uid) + "\n"
    session = charge(told, record)
    (row,) = records(told)
    assert (row.raw, row.context, row.number, row.is_due) == (record, "Transaction.End", 7, False)
    assert (verdict(told), session.flags, session.review) == (Verdict.GOOD, [], "")


def test_begin_and_end_come_in_messages_of_their_own(told):
    registered(told)
    told.starts()
    began, ended = METER.record({"TX": "B", "RV": 1000}), METER.record({"TX": "E", "RV": 13_000})
    told.says("MeterValues", number=7, connectorId=1, meterValue=signed(began, context="Transaction.Begin"))
    told.says("MeterValues", number=7, connectorId=1, meterValue=signed(began, context="Transaction.Begin"))
    told.stops(13_000, transactionData=signed(ended))
    told.read()
    assert len(records(told)) == 2
    assert verdict(told) == Verdict.GOOD


def test_the_newer_protocol_has_it_beside_the_value(told):
    registered(told)
    with tenant_scope(told.operator.pk):
        StationCharge.objects.create(
            station=told.station, number=7, said="x", received_at=NOW, verdict="Accepted", basis="x"
        )
    beside = {"signedMeterValue": {"signedMeterData": METER.whole(1000, 13_000), "encodingMethod": "OCMF"}}
    for kind, wh, minutes, more in (("Started", 1000, 0, {}), ("Ended", 13_000, 60, beside)):
        at = (NOW + timedelta(minutes=minutes)).isoformat()
        value = [{"timestamp": at, "sampledValue": [{"value": wh, **more}]}]
        told.says(
            "TransactionEvent", number=7, at=NOW + timedelta(minutes=minutes), eventType=kind, timestamp=at,
            transactionInfo={"transactionId": "a"}, meterValue=value,
        )  # fmt: skip
    told.read()
    assert told.sessions[0].energy_wh == 12_000
    assert verdict(told) == Verdict.GOOD


@pytest.mark.parametrize(
    ("record", "found", "waits"),
    [
        (METER.whole(1000, 13_000), Verdict.GOOD, {}),
        (METER.whole(1000, 13_000).replace("13000", "12000"), Verdict.BAD, {*Demand}),
        (METER.whole(1000, 12_000), Verdict.DIFFERS, {*Demand}),
        (METER.record({"TX": "E", "RV": 13_000}), Verdict.DIFFERS, {Demand.WITH_KEY, Demand.ALWAYS}),
        ("EMH proprietary", Verdict.UNREADABLE, {Demand.WITH_KEY, Demand.ALWAYS}),
        (None, Verdict.ABSENT, {Demand.WITH_KEY, Demand.ALWAYS}),
    ],
)
@pytest.mark.parametrize("demand", Demand)
def test_what_is_not_proven_waits_where_that_is_demanded_and_what_speaks_against_it_always(
    told, demand, record, found, waits
):
    registered(told)
    demands(told, demand)
    session = charge(told, *([record] if record else []))
    assert verdict(told) == found
    assert session.review == ("pending" if demand in waits else "")
    assert session.flags == (["not_proven"] if demand in waits else [])


@pytest.mark.parametrize(("demand", "waits"), [("nothing", False), ("with_key", False), ("always", True)])
def test_without_a_key_only_who_demands_it_of_every_charge_waits(told, demand, waits):
    demands(told, Demand(demand))
    session = charge(told, METER.whole(1000, 13_000))
    assert verdict(told) == Verdict.UNKNOWN_KEY
    assert (session.review == "pending") is waits


def test_a_key_that_is_registered_later_frees_what_waits_and_no_more(told):
    demands(told, Demand.ALWAYS)
    charge(told, METER.whole(1000, 13_000))
    charge(told, METER.whole(1000, 13_000), number=8, timestamp="2037-01-01T00:00:00Z")
    key = registered(told)
    told.abandoned(NIGHT)
    first, second = told.sessions
    assert (first.review, first.flags) == ("", [])
    assert second.review == "pending"
    assert "not_proven" not in second.flags
    assert not any(row.is_due for row in records(told))
    with tenant_scope(told.operator.pk):
        meter_keys.hold(key, since=date(2026, 12, 1), until=None)
    assert verdict(told, first) == Verdict.UNKNOWN_KEY
    told.abandoned(NIGHT)
    assert told.sessions[0].review == ""


def test_a_record_that_comes_after_the_stop_frees_it_too(told):
    registered(told)
    demands(told, Demand.ALWAYS)
    assert charge(told).review == "pending"
    told.says("MeterValues", number=7, connectorId=1, meterValue=signed(METER.whole(1000, 13_000)))
    told.read()
    told.abandoned(NIGHT)
    assert (told.sessions[0].review, verdict(told)) == ("", Verdict.GOOD)


def test_what_somebody_has_decided_is_left_alone(told):
    demands(told, Demand.ALWAYS)
    session = charge(told, METER.whole(1000, 13_000))
    with tenant_scope(told.operator.pk):
        type(session).objects.filter(pk=session.pk).update(review="written_off")
    registered(told)
    told.abandoned(NIGHT)
    assert (told.sessions[0].review, told.sessions[0].flags) == ("written_off", ["not_proven"])


def test_a_record_that_is_played_again_proves_nothing(told):
    registered(told)
    record = METER.whole(1000, 13_000)
    charge(told, record)
    charge(told, record.encode().hex(), number=8)
    assert [verdict(told, session) for session in told.sessions] == [Verdict.GOOD, Verdict.DIFFERS]


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), Verdict.GOOD),
        (date(2026, 11, 21), None, Verdict.UNKNOWN_KEY),
        (date(2026, 1, 1), date(2026, 11, 19), Verdict.UNKNOWN_KEY),
    ],
)
def test_a_key_holds_on_its_days(told, since, until, found):
    registered(told, since=since, until=until)
    charge(told, METER.whole(1000, 13_000))
    assert verdict(told) == found


def test_after_a_meter_was_replaced_either_of_its_keys_proves_what_it_signed(told):
    other = Meter()
    registered(told, until=date(2026, 11, 20))
    registered(told, meter=other, since=date(2026, 11, 20))
    charge(told, METER.whole(1000, 13_000))
    charge(told, other.whole(1000, 13_000), number=8)
    assert [verdict(told, session) for session in told.sessions] == [Verdict.GOOD, Verdict.GOOD]


HOSTILE = [
    "\x00",
    "OCMF|\x00|{}",
    "[" * 60_000,
    "{" * 60_000,
    "OCMF|" + "|" * 60_000,
    "9" * 90_000,
    "x" * 150_000,
    "\ufffe",
]


def test_whatever_a_station_sends_the_reader_goes_on(told):
    charge(told, *HOSTILE)
    with tenant_scope(told.operator.pk):
        assert not StationHalt.objects.exists()
    assert told.sessions[0].energy_wh == 12_000
    assert verdict(told) == Verdict.UNREADABLE


@pytest.mark.parametrize(
    "sample", [{"value": 7}, {"value": None}, {"value": []}, {"signedMeterValue": {}}, {"signedMeterValue": 1}]
)
def test_what_is_no_record_at_all_is_not_kept(told, sample):
    told.starts()
    told.stops(
        13_000, transactionData=[{"timestamp": NOW.isoformat(), "sampledValue": [{"format": "SignedData"} | sample]}]
    )
    told.read()
    assert records(told) == []
    assert told.sessions[0].energy_wh == 12_000


def test_a_station_that_floods_a_charge_is_bounded_and_its_end_still_counts(told):
    registered(told)
    told.starts()
    many = [f"OCMF|{number}|{{}}" for number in range(services.MOST + 50)]
    told.says("MeterValues", number=7, connectorId=1, meterValue=signed(*many, context="Sample.Periodic"))
    told.stops(13_000, transactionData=signed(METER.whole(1000, 13_000)))
    told.read()
    kept = records(told)
    assert len(kept) == services.MOST + 1
    assert kept[-1].context == "Transaction.End"


def test_one_operators_key_proves_nothing_at_another(told, south):
    registered(told)
    with tenant_scope(south.pk):
        assert not MeterKey.objects.exists()
        assert not SignedRecord.objects.exists()
