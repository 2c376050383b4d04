"""Lines of JSON in, priced lines out: order, errors, and the same figures as for a single session."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.cdr import lines
from billing.domain.cdr.decoded import decode
from billing.domain.cdr.lines import price_line, price_lines
from billing.domain.errors import BillingError
from billing.domain.tariff.model import Tariff
from billing.tests.domain.judge import Period
from billing.tests.domain.price_as_json import as_json
from billing.tests.domain.strategies import received, tariffs

TARIFF: dict[str, Any] = {
    "id": "T",
    "currency": "SEK",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "vat": 25, "step_size": 1}]}],
}
CDR: dict[str, Any] = {
    "id": "C1",
    "start_date_time": "2026-02-12T09:00:00Z",
    "end_date_time": "2026-02-12T10:00:00Z",
    "charging_periods": [
        {"start_date_time": "2026-02-12T09:00:00Z", "tariff_id": "T", "dimensions": [{"type": "ENERGY", "volume": 20}]}
    ],
}


def line(cdr=None, **fields) -> dict[str, Any]:
    return {"cdr": CDR | (cdr or {}), "tariff": TARIFF, "time_zone": "Europe/Stockholm"} | fields


def price(*documents, zone="") -> tuple[list[dict[str, Any]], int]:
    texts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in documents]
    chunks = list(price_lines(texts, zone=zone))
    lines = [text for parts, _ in chunks for text in b"".join(parts).splitlines()]
    return [json.loads(text) for text in lines], sum(failed for _, failed in chunks)


def test_a_line_is_priced_and_says_how():
    [priced], failed = price(line())
    assert failed == 0
    assert priced == {
        "id": "C1",
        "currency": "SEK",
        "total_cost": {"excl_vat": "5.0000", "incl_vat": "6.2500"},
        "total_energy_cost": {"excl_vat": "5.0000", "incl_vat": "6.2500"},
        "total_time_cost": None,
        "total_parking_cost": None,
        "total_fixed_cost": None,
        "total_reservation_cost": None,
        "slices": [
            {
                "from": "2026-02-12T09:00:00Z",
                "to": "2026-02-12T10:00:00Z",
                "meter_start_wh": "0.000",
                "meter_stop_wh": "20000.000",
                "dimension": "ENERGY",
                "reserved": False,
                "is_step": False,
                "quantity": "20.0000",
                "unit": "kWh",
                "unit_price": "0.25",
                "vat": "25",
                "tariff_id": "T",
                "tariff_version": "",
                "element": 1,
                "amount": "5.0000",
            }
        ],
        "adjustments": [],
        "findings": [],
    }


def test_lines_come_out_in_the_order_they_came_in_whatever_their_tariffs():
    other = TARIFF | {"currency": "EUR"}
    documents: list[Any] = [line({"id": f"C{number}"}, tariff=TARIFF if number % 3 else other) for number in range(9)]
    documents.insert(4, b"  \n")
    documents.insert(5, b"nonsense")
    priced, failed = price(*documents)
    assert [one["id"] for one in priced] == ["C0", "C1", "C2", "C3", None, "C4", "C5", "C6", "C7", "C8"]
    assert failed == 1


def test_tariffs_may_stand_in_the_line_as_a_list_or_in_the_cdr():
    bare = {key: value for key, value in line().items() if key != "tariff"}
    documents = [
        bare | {"tariffs": [TARIFF]},
        bare | {"cdr": CDR | {"tariffs": [TARIFF]}},
        line(tariff=None, tariffs=[TARIFF]),
        line(tariff=None, tariffs=[TARIFF | {"currency": "EUR"}]),
    ]
    answers = price(*documents)[0]
    assert [one["total_cost"]["excl_vat"] for one in answers] == ["5.0000"] * 4
    assert [one["currency"] for one in answers] == ["SEK", "SEK", "SEK", "EUR"]


def changed_period(**fields) -> dict[str, Any]:
    return {"charging_periods": [CDR["charging_periods"][0] | fields]}


def volume(value, kind="ENERGY") -> dict[str, Any]:
    return changed_period(dimensions=[{"type": kind, "volume": value}])


@pytest.mark.parametrize(
    ("document", "code", "field"),
    [
        (line(tariff=None), "invalid_tariff", "tariff"),
        (line(tariff=None, tariffs=[]), "invalid_tariff", "tariffs"),
        (line(tariff=7), "invalid_tariff", "tariffs"),
        (line(tariff=TARIFF | {"currency": "kr"}), "invalid_money", "tariff.currency"),
        (line(tariff=None, tariffs=[TARIFF, {"id": "U"}]), "invalid_tariff", "tariffs[1].elements"),
        (line(volume(-1)), "negative_quantity", "charging_periods[0].dimensions[0].volume"),
        (line(volume(2e6)), "too_large", "charging_periods[0].dimensions[0].volume"),
        (line(volume(200_000)), "impossible_energy", "charging_periods"),
        (line(volume("5")), "invalid_session", "cdr.charging_periods[0].dimensions[0].volume"),
        (line(volume(1, "WIND")), "unknown_dimension", "cdr.charging_periods[0].dimensions[0].type"),
        (line(changed_period(start_date_time="noon")), "invalid_session", "charging_periods[0].start_date_time"),
        (
            line(changed_period(start_date_time="2026-02-12T11:00:00Z")),
            "outside_session",
            "charging_periods.start_date_time",
        ),
        (line(changed_period(tariff_id="X")), "unknown_tariff", "charging_periods.tariff_id"),
        (line({"start_date_time": "2026-02-30T00:00:00Z"}), "invalid_session", "start_date_time"),
        (line({"end_date_time": None}), "invalid_session", "end_date_time"),
        (line({"end_date_time": "2026-02-12T08:00:00Z"}), "ends_before_start", "end_date_time"),
        (line({"end_date_time": "2028-02-12T08:00:00Z"}), "too_large", "charging_periods"),
        (line({"charging_periods": []}), "unmetered", "charging_periods"),
        (line(time_zone="Mars/Olympus"), "unknown_time_zone", "time_zone"),
        ({"cdr": {"id": "C1"}}, "invalid_session", "cdr"),
        (b'{"cdr": \xff}', "invalid_session", ""),
        (b"[]", "invalid_session", ""),
    ],
)
def test_a_line_that_cannot_be_priced_names_the_field_and_stops_nobody(document, code, field):
    priced, failed = price(line(), document, line())
    assert failed == 1
    assert (priced[1]["error"]["code"], priced[1]["error"]["field"]) == (code, field)
    assert priced[1]["error"]["message"]
    assert priced[0] == priced[2]


def test_a_bad_line_still_says_whose_it_is():
    assert price({"cdr": {"id": "C7"}})[0][0]["id"] == "C7"


CLOCKED = TARIFF | {"elements": [TARIFF["elements"][0] | {"restrictions": {"start_time": "10:00"}}]}


def test_a_time_zone_may_come_from_the_location_or_the_caller():
    bare = {key: value for key, value in line(tariff=CLOCKED).items() if key != "time_zone"}
    [missing, by_location, by_211_location], _ = price(
        bare,
        bare | {"cdr": CDR | {"cdr_location": {"time_zone": "Europe/Stockholm"}}},
        bare | {"cdr": CDR | {"location": {"time_zone": "Europe/London"}}},
    )
    assert missing["error"]["code"] == "unknown_time_zone"
    assert by_location["total_energy_cost"]["excl_vat"] == "5.0000"
    assert by_211_location["total_energy_cost"] is None
    assert price(bare, zone="Europe/Stockholm")[0][0]["total_cost"]["excl_vat"] == "5.0000"
    assert price_line(decode(json.dumps(bare | {"tariff": TARIFF})))[1] == "UTC"


@pytest.mark.parametrize("text", ["2026-02-12T09:00:00.250Z", "2026-02-12T10:00:00+01:00", "2026-02-12T09:00:00"])
def test_instants_are_read_leniently(text):
    [priced], failed = price(line(changed_period(start_date_time=text)))
    assert (failed, priced["slices"][0]["from"]) == (0, "2026-02-12T09:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "2026-13-12T09:00:00Z",
        "2026-02-12T24:00:00Z",
        "2026x02-12T09:00:00Z",
        "2026-02-00T09:00:00Z",
        "2o26-02-12T09:00:00Z",
        "2026-02-12",
    ],
)
def test_an_instant_that_is_none_is_refused(text):
    assert price(line({"start_date_time": text}))[0][0]["error"]["field"] == "start_date_time"


def test_a_stream_may_carry_more_tariffs_than_are_kept(monkeypatch):
    monkeypatch.setattr(lines, "CHUNK", 10)
    documents = []
    for number in range(150):
        priced_at = json.loads(json.dumps(TARIFF))
        priced_at["elements"][0]["price_components"][0]["price"] = number
        documents.append(line({"id": str(number)}, tariff=priced_at))
    answers, failed = price(*documents, *documents[:5])
    assert failed == 0
    assert [float(one["total_cost"]["excl_vat"]) for one in answers] == [20.0 * n for n in (*range(150), *range(5))]


def test_vat_is_unknown_in_ocpi_211_and_priced_beside_lines_that_know_it():
    old = {"id": "old", "start_date_time": CDR["start_date_time"], "stop_date_time": CDR["end_date_time"]}
    old["charging_periods"] = [{k: v for k, v in CDR["charging_periods"][0].items() if k != "tariff_id"}]
    [unknown, known], failed = price(line() | {"cdr": old}, line())
    assert failed == 0
    assert unknown["total_cost"] == {"excl_vat": "5.0000", "incl_vat": None}
    assert unknown["findings"] == []
    assert known["total_cost"]["incl_vat"] == "6.2500"


def test_energy_that_nobody_metered_is_a_fault_only_where_energy_is_sold():
    timed = json.loads(json.dumps(TARIFF))
    timed["elements"][0]["price_components"][0]["type"] = "TIME"
    lost = volume(1, "TIME") | {"total_energy": 12}
    [by_time, by_energy], failed = price(line(lost, tariff=timed), line(lost))
    assert failed == 1
    assert [one["code"] for one in by_time["findings"]] == ["ENERGY_DIFFERS", "ENERGY_MISSING"]
    assert by_energy["error"]["code"] == "unmetered"


def test_energy_takes_as_many_decimals_as_it_needs():
    [priced], _ = price(line(volume(1.234567)))
    assert [one["quantity"] for one in priced["slices"]] == ["1.234567", "0.000433"]


def test_the_first_bad_volume_is_named_also_behind_good_periods():
    good = CDR["charging_periods"][0]
    periods = [good, good | {"dimensions": [{"type": "TIME", "volume": 1}, {"type": "ENERGY", "volume": 3e9}]}, good]
    [priced], _ = price(line({"charging_periods": periods}))
    assert priced["error"]["field"] == "charging_periods[1].dimensions[1].volume"
    assert "3000000000.0" in priced["error"]["facts"]["value"]


def test_ids_are_written_as_json_whatever_they_hold():
    names = ['"', "\\", "å", "\x01", "ok"]
    assert [one["id"] for one in price(*[line({"id": name}) for name in names])[0]] == names


@pytest.mark.parametrize("price_of_one", ["0.25", "2500", "123456789", "123456789.000000000001"])
def test_amounts_of_any_size_are_printed_to_the_last_digit(price_of_one):
    [priced], _ = price(json.dumps(line()).replace("0.25", price_of_one).encode())
    exact = Decimal(price_of_one) * 20
    shown = exact.quantize(Decimal("0.0001"))
    assert priced["total_cost"] == {
        "excl_vat": str(shown),
        "incl_vat": str((exact * Decimal("1.25")).quantize(Decimal("0.0001"))),
    }
    assert priced["slices"][0]["amount"] == str(shown)


def test_negative_prices_are_printed_with_their_sign():
    pays = json.loads(json.dumps(TARIFF))
    pays["elements"][0]["price_components"][0]["price"] = -0.00013
    [priced], _ = price(line(tariff=pays))
    assert priced["total_cost"] == {"excl_vat": "-0.0026", "incl_vat": "-0.0033"}
    assert priced["slices"][0]["amount"] == "-0.0026"


def test_of_two_tariffs_with_one_id_the_valid_one_prices():
    old = TARIFF | {"end_date_time": "2026-01-01T00:00:00Z"}
    new = json.loads(json.dumps(TARIFF | {"start_date_time": "2026-01-01T00:00:00Z"}))
    new["elements"][0]["price_components"][0]["price"] = 1
    both = line(tariff=None, tariffs=[old, new])
    unnamed = line(changed_period(tariff_id=None), tariff=None, tariffs=[old, new])
    [named, assumed], _ = price(both, unnamed)
    assert named["total_cost"]["excl_vat"] == assumed["total_cost"]["excl_vat"] == "20.0000"
    assert [one["code"] for one in assumed["findings"]] == ["TARIFF_ASSUMED"]
    [late], failed = price(line(tariff=None, tariffs=[old, old]))
    assert (failed, late["error"]["code"]) == (1, "tariff_not_valid")
    [bad], failed = price(line({"start_date_time": "?"}, tariff=None, tariffs=[old, new]))
    assert (failed, bad["error"]["field"]) == (1, "start_date_time")


def test_one_session_has_one_currency():
    euros = TARIFF | {"id": "E", "currency": "EUR"}
    periods = [CDR["charging_periods"][0], CDR["charging_periods"][0] | {"tariff_id": "E"}]
    [mixed, plain], failed = price(
        line({"charging_periods": periods}, tariff=None, tariffs=[TARIFF, euros]),
        line(tariff=None, tariffs=[TARIFF, euros]),
    )
    assert (failed, mixed["error"]["code"]) == (1, "mixed_currencies")
    assert plain["currency"] == "SEK"


def test_a_line_that_cannot_be_priced_raises_when_asked_alone():
    for document in (line(tariff=7), line(volume(-1)), line({"charging_periods": []})):
        with pytest.raises(BillingError):
            price_line(decode(json.dumps(document)))


def as_line(number: int, listed: list[Tariff], zone: str, periods: list[Period]) -> dict[str, Any]:
    """What the judge priced, as a peer would send it."""
    kinds = (("charging", "TIME"), ("parking", "PARKING_TIME"), ("reserved", "RESERVATION_TIME"))
    readings = ("min_power", "max_power", "min_current", "max_current")
    written = []
    for period in periods:
        dimensions = [{"type": "ENERGY", "volume": period.energy_mwh / 10**6}]
        dimensions += [
            {"type": kind, "volume": float(value)} for name, kind in kinds if (value := getattr(period, name))
        ]
        dimensions += [
            {"type": name.upper(), "volume": float(value)}
            for name in readings
            if (value := getattr(period, name)) is not None
        ]
        written.append({"start_date_time": iso(period.start), "dimensions": dimensions, "tariff_id": period.terms.id})
    cdr = {"id": str(number), "start_date_time": iso(periods[0].start), "end_date_time": iso(periods[-1].end)}
    tariffs_of = json.loads(json.dumps([one.to_ocpi() for one in listed], default=float))
    return {"cdr": cdr | {"charging_periods": written}, "tariffs": tariffs_of, "time_zone": zone}


def iso(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@settings(max_examples=60, deadline=None)
@given(st.data(), st.lists(tariffs(reservations=True), min_size=1, max_size=2))
def test_the_printed_line_says_what_the_single_price_says(data, drawn):
    """The columns that print and the view of one session are written twice; they must agree to the letter."""
    listed = [
        type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"id": f"T{place}"})
        for place, one in enumerate(drawn)
    ]
    documents = [
        as_line(number, listed, *data.draw(received(listed))) for number in range(data.draw(st.integers(1, 4)))
    ]
    for document, printed in zip(documents, price(*documents)[0], strict=True):
        view = as_json(price_line(decode(json.dumps(document)))[0])
        assert printed["total_cost"] == view["total"]
        for name in ("energy", "time", "parking", "fixed", "reservation"):
            assert printed[f"total_{name}_cost"] == view[name]
        assert printed["adjustments"] == view["adjustments"]
        assert [one["code"] for one in printed["findings"]] == view["flags"]
        for one in view["slices"]:
            del one["amount_incl"]
        assert printed["slices"] == view["slices"]
        shares = [Decimal(one["amount"]) for one in printed["slices"]]
        shares += [Decimal(one["excl_vat"]) for one in printed["adjustments"]]
        assert sum(shares) == Decimal(printed["total_cost"]["excl_vat"])


def test_more_energy_than_any_charger_gives_is_priced_nowhere():
    periods = [{**CDR["charging_periods"][0], "dimensions": [{"type": "ENERGY", "volume": 41_120}]}]
    answer, other = price(line({"charging_periods": periods}), line())[0]
    assert answer["error"]["code"] == "impossible_energy"
    assert other["total_cost"]
