"""Which facts cannot be a session, and which deserve a look."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from charging.domain.limits import Limits
from charging.domain.plausibility import flags, overlaps, rejections
from charging.domain.reasons import Flag, Reject

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
UTC_TIME = pl.Datetime("us", "UTC")


def session(start=datetime(2025, 5, 1, 8, 0, tzinfo=UTC), minutes=60, energy_wh=7_000, power_w=None, series_wh=None):
    return pl.DataFrame(
        {
            "started_at": [start],
            "ended_at": [start + timedelta(minutes=minutes)],
            "duration_s": [minutes * 60],
            "energy_wh": [energy_wh],
            "max_power_w": [power_w],
            "series_total_wh": [series_wh],
            "connector_id": [1],
        },
        schema_overrides={"max_power_w": pl.Int64, "series_total_wh": pl.Int64, "energy_wh": pl.Int64},
    )


def rejected(**facts):
    return {code for code, mask in rejections(session(**facts), limits=Limits(), at=NOW) if mask[0]}


def flagged(**facts):
    return {code for code, mask in flags(session(**facts), limits=Limits()) if mask[0]}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"start": datetime(1970, 1, 1, tzinfo=UTC)}, Reject.CLOCK_NOT_SET),
        ({"start": NOW + timedelta(hours=2)}, Reject.FUTURE_DATE),
        ({"minutes": -1}, Reject.END_BEFORE_START),
        ({"energy_wh": -1}, Reject.NEGATIVE_ENERGY),
        ({"energy_wh": 1_000_001, "minutes": 6000}, Reject.ABSURD_ENERGY),
        ({"energy_wh": 700_000, "minutes": 30}, Reject.IMPOSSIBLE_POWER),
    ],
)
def test_each_impossibility_has_its_own_reason(facts, reason):
    assert rejected(**facts) == {reason}


def test_an_ordinary_session_is_neither_rejected_nor_flagged():
    assert rejected() == set()
    assert flagged(power_w=11_000, series_wh=7_000) == set()


def test_a_session_that_ends_when_it_starts_may_still_have_taken_a_little():
    assert rejected(minutes=0, energy_wh=540) == set()


@pytest.mark.parametrize(
    ("facts", "flag"),
    [
        ({"energy_wh": 0, "minutes": 6}, Flag.ZERO_ENERGY),
        ({"energy_wh": 0, "minutes": 5}, Flag.NO_CHARGE),
        ({"energy_wh": 540, "minutes": 0}, Flag.NO_TIME),
        ({"energy_wh": 270_000, "minutes": 600}, Flag.ABOVE_POWER),
        ({"minutes": 24 * 60 + 1}, Flag.VERY_LONG),
        ({"power_w": 3_600}, Flag.ABOVE_POWER),
        ({"series_wh": 6_998}, Flag.SERIES_MISMATCH),
    ],
)
def test_each_oddity_has_its_own_flag(facts, flag):
    assert flagged(**facts) == {flag}


def test_missing_facts_flag_nothing():
    assert flagged(power_w=None, series_wh=None) == set()


def test_a_session_within_an_earlier_one_overlaps_even_behind_a_short_one():
    eight = datetime(2025, 5, 1, 8, 0, tzinfo=UTC)
    hours = [(2, 3), (0, 5), (1, 2), (5, 6)]  # given in no order; the second one holds the connector until 13:00
    sessions = pl.DataFrame(
        {
            "connector_id": [1] * 4,
            "started_at": [eight + timedelta(hours=start) for start, _ in hours],
            "ended_at": [eight + timedelta(hours=end) for _, end in hours],
        }
    )
    assert overlaps(sessions, limits=Limits()).to_list() == [True, False, True, False]
    elsewhere = sessions.with_columns(connector_id=pl.Series([1, 2, 3, 4]))
    assert not overlaps(elsewhere, limits=Limits()).any()
