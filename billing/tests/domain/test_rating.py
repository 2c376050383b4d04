"""What random sessions do not reach: errors, words, flags and the edges of columns."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from billing.domain import errors, zones
from billing.domain.cdr import instants
from billing.domain.errors import BillingError
from billing.domain.explained.price import Slice
from billing.domain.explained.price_of import session_price
from billing.domain.explained.problems import error_of
from billing.domain.kernel.rating import rate
from billing.domain.sessions.columns import ABSENT, zone_column
from billing.domain.sessions.metering import from_slots, from_totals
from billing.domain.tariff.model import parse_tariff

START = 1_770_886_800  # 2026-02-12 09:00 UTC


def tariff(*components, restrictions=None, **fields):
    listed = [{"type": kind, "price": price, "vat": 25, "step_size": step} for kind, price, step in components]
    element = {"price_components": listed} | ({"restrictions": restrictions} if restrictions else {})
    return parse_tariff({"id": "T", "currency": "SEK", "elements": [element]} | fields)


ENERGY = tariff(("ENERGY", 2, 1))


def slots(*sessions, **facts):
    """Sessions of an hour from START, each given as its slots of a quarter of an hour."""
    size = len(sessions)
    return from_slots(
        start=[START] * size,
        end=[START + 3600] * size,
        zone="Europe/Stockholm",
        slots_from=[START] * size,
        wh=[wh for session in sessions for wh in session],
        offsets=[sum(len(session) for session in sessions[:place]) for place in range(size + 1)],
        **facts,
    )


def test_slots_are_counted_from_what_the_meter_showed_at_the_start():
    rated = rate(slots([1000, 2000, 0, 2000], [1], meter_start_wh=[20_950_500, ABSENT]), ENERGY)
    first = session_price(rated, 0)
    assert first.total.excl_vat == Decimal("10.0000")
    assert (first.slices[0].meter_start_wh, first.slices[0].meter_stop_wh) == (Decimal(20_950_500), Decimal(20_955_500))
    assert (first.flags, session_price(rated, 1).flags) == ((), ())


def test_a_meter_that_runs_backwards_is_an_error_of_that_session_alone():
    rated = rate(slots([-100], [100]), ENERGY)
    problem = error_of(rated, 0)
    assert isinstance(problem, errors.NegativeQuantity)
    assert problem.value == -100_000
    assert error_of(rated, 1) is None
    assert session_price(rated, 1).total.excl_vat == Decimal("0.2000")
    with pytest.raises(errors.NegativeQuantity):
        session_price(rated, 0)


def test_a_session_without_slots_says_no_energy_unless_a_total_is_known():
    assert isinstance(error_of(rate(slots([]), ENERGY), 0), errors.Unmetered)
    assert session_price(rate(slots([], energy_wh=[1000]), ENERGY), 0).flags == ("INTERPOLATED",)
    assert session_price(rate(slots([900], energy_wh=[1000]), ENERGY), 0).flags == ("INTERPOLATED", "ENERGY_DIFFERS")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"end": [START - 1]}, errors.EndsBeforeStart),
        ({"charging_end": [START - 1]}, errors.OutsideSession),
        ({"energy_wh": [-2]}, errors.NegativeQuantity),
        ({"energy_wh": [10**9]}, errors.TooLarge),
        ({"end": [START + 400 * 86400]}, errors.TooLarge),
        ({"energy_wh": [ABSENT]}, errors.Unmetered),
        ({"zone": ["Europe/Uppsala"]}, errors.UnknownZone),
        ({"tariff": [3]}, errors.UnknownTariff),
    ],
)
def test_a_fault_becomes_a_typed_error_with_field_and_value(fields, kind):
    known: dict[str, Any] = {"start": [START], "end": [START + 3600], "zone": "UTC", "energy_wh": [1000]}
    rated = rate(from_totals(**(known | fields)), ENERGY)
    problem = error_of(rated, 0)
    assert isinstance(problem, kind)
    assert isinstance(problem, BillingError)
    assert problem.field
    assert problem.value is not None
    assert problem.code == kind.usual
    assert (rated.excl.tolist(), len(rated.owner)) == ([0], 0)


def test_one_bad_session_changes_nothing_for_the_others():
    good = {"start": START, "end": START + 3600, "energy_wh": 1000}
    bad = good | {"end": START - 5}
    rows = [good, bad, good, bad, good]
    batch = from_totals(
        **{name: [row[name] for row in rows] for name in good}, zone=["UTC", "Asia/Tokyo"] * 2 + ["UTC"]
    )
    rated = rate(batch, tariff(("ENERGY", 2, 500), ("FLAT", 1, 1)))
    assert [error_of(rated, place) is None for place in range(5)] == [True, False, True, False, True]
    assert rated.offsets.tolist() == [0, 2, 2, 4, 4, 6]
    assert rated.owner.tolist() == [0, 0, 2, 2, 4, 4]
    assert session_price(rated, 0) == session_price(rated, 4)
    assert len(rated) == 5


def test_several_zones_in_one_batch_read_their_own_clocks():
    night = tariff(("ENERGY", 2, 1), restrictions={"start_time": "10:00", "end_time": "11:00"})
    zone = ["Europe/Stockholm", "Europe/London", "Europe/Stockholm"]
    rated = rate(from_totals(start=[START] * 3, end=[START + 60] * 3, zone=zone, energy_wh=[1000] * 3), night)
    assert [session_price(rated, place).total.excl_vat for place in range(3)] == [2, 0, 2]
    assert "UNPRICED_ENERGY" in session_price(rated, 1).flags


def test_sessions_of_our_own_may_name_one_of_several_tariffs():
    other = tariff(("ENERGY", 3, 1), restrictions={"max_kwh": 0.5}, currency="EUR")
    sessions = from_slots(
        start=[START] * 3,
        end=[START + 900] * 3,
        zone=["UTC", "Asia/Tokyo", "UTC"],
        slots_from=[START] * 3,
        wh=[1000] * 3,
        offsets=[0, 1, 2, 3],
        tariff=[0, 1, 0],
    )
    rated = rate(sessions, [ENERGY, other])
    assert [session_price(rated, place).total.excl_vat for place in range(3)] == [2, Decimal("1.5"), 2]
    assert session_price(rated, 1).currency == "EUR"


def test_a_batch_over_many_years_still_reads_the_clock():
    years = [START - year * 365 * 86400 for year in range(30)]
    morning = tariff(("ENERGY", 2, 1), restrictions={"start_time": "06:00", "end_time": "22:00"})
    sessions = from_totals(
        start=years, end=[one + 60 for one in years], zone="Europe/Stockholm", energy_wh=[1000] * len(years)
    )
    together = rate(sessions, morning)
    local = zones.offsets("Europe/Stockholm", np.array(years))
    assert set(local.tolist()) == {3600}
    assert {session_price(together, place).total.excl_vat for place in range(30)} == {2}


def test_an_empty_batch_is_priced_to_nothing():
    nothing = rate(from_totals(start=[], end=[], zone="UTC", energy_wh=[]), ENERGY)
    assert len(nothing) == 0
    assert len(nothing.owner) == 0
    assert zone_column([])[0] == ()


def test_instants_far_apart_are_written_all_the_same():
    assert [len(column) for column in instants.write(np.zeros(0, dtype=np.int64))] == [0, 0, 0]
    written = map("".join, zip(*instants.write(np.array([0, 10**10, 1])), strict=True))
    assert list(written) == ["1970-01-01T00:00:00Z", "2286-11-20T17:46:40Z", "1970-01-01T00:00:01Z"]


def exact(one: Slice) -> Fraction:
    """Quantity times unit price, excluding VAT, without any rounding."""
    return Fraction(one.quantity) * Fraction(one.unit_price) / (3600 if one.unit == "s" else 1)


def test_slices_steps_and_the_least_price_add_up_to_the_total():
    terms = tariff(("ENERGY", 2, 500), ("FLAT", 1, 1), min_price={"excl_vat": 50})
    price = session_price(rate(from_totals(start=[START], end=[START + 60], zone="UTC", energy_wh=[1234]), terms), 0)
    assert price.adjustments[0].kind == "MINIMUM"
    assert [float(exact(one)) for one in price.slices] == [1.0, 2.468, 0.532]
    assert sum(one.amount for one in price.slices) + price.adjustments[0].cost.excl_vat == price.total.excl_vat == 50


def test_time_is_priced_by_the_hour_in_a_slice():
    timed = rate(from_totals(start=[START], end=[START + 900], zone="UTC", energy_wh=[0]), tariff(("TIME", 6, 1)))
    [one] = session_price(timed, 0).slices
    assert (int(one.quantity), one.unit, exact(one)) == (900, "s", Fraction(3, 2))
