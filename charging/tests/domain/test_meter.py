"""Readings of a register into a series that adds up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charging.domain.meter import UnusableReadings, from_register, series

START = datetime(2025, 5, 1, 8, 0, tzinfo=UTC)


def test_equal_distances_keep_their_step():
    found = from_register([(START + timedelta(minutes=m), 1000 + 10 * m) for m in (0, 5, 10)])
    assert (found.start, found.interval_s, found.wh) == (START, 300, (50, 50))
    assert found.end == START + timedelta(minutes=10)


def test_uneven_distances_are_put_on_quarter_hours():
    found = from_register([(START, 0), (START + timedelta(minutes=10), 1000), (START + timedelta(minutes=40), 4000)])
    assert (found.interval_s, found.wh) == (900, (1500, 1500, 1000))


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 50_000)), min_size=1, max_size=40))
def test_the_steps_add_up_to_the_register(gaps):
    when, register, readings = START, 7, [(START, 7)]
    for seconds, energy in gaps:
        when, register = when + timedelta(seconds=seconds), register + energy
        readings.append((when, register))
    assert from_register(readings).total_wh == register - 7


@pytest.mark.parametrize(
    "readings",
    [
        [(START, 0)],
        [(START, 0), (START, 5)],
        [(START, 10), (START + timedelta(minutes=15), 5)],
        [(START, 0), (START + timedelta(minutes=1), 5), (START + timedelta(days=900), 6)],
    ],
)
def test_unusable_readings_are_refused(readings):
    with pytest.raises(UnusableReadings):
        from_register(readings)


def test_a_series_needs_a_step_and_values():
    with pytest.raises(UnusableReadings, match="series_step"):
        series(START, interval_s=0, wh=(1,))
    with pytest.raises(UnusableReadings):
        series(START, interval_s=900, wh=())
    with pytest.raises(UnusableReadings, match="series_negative"):
        series(START, interval_s=900, wh=(1, -1))
