"""What a session did when: by what it says, else by what its meter counted."""

from datetime import UTC, datetime, timedelta

import pytest

from charging.domain.course import Phase, course_of

START = datetime(2026, 10, 1, 18, tzinfo=UTC)


def at(minutes):
    return START + timedelta(minutes=minutes)


def course(series=None, *, ended=480, charging_ended=None, series_start=0):
    return course_of(
        started=START,
        ended=None if ended is None else at(ended),
        charging_ended=None if charging_ended is None else at(charging_ended),
        series_start=None if series is None else at(series_start),
        interval_s=None if series is None else 900,
        series_wh=series,
    )


def minutes_of(known):
    return [(phase, int((begin - START).seconds / 60), int((end - START).seconds / 60)) for phase, begin, end in known]


@pytest.mark.parametrize(
    ("known", "phases"),
    [
        (course([2000, 2000, 500, 0, 0]), [(Phase.CHARGING, 0, 45), (Phase.PARKED, 45, 480)]),
        (course([2000, None, 500]), [(Phase.CHARGING, 0, 45), (Phase.PARKED, 45, 480)]),
        (course([0, 0, 900]), [(Phase.WAITING, 0, 30), (Phase.CHARGING, 30, 45), (Phase.PARKED, 45, 480)]),
        (course([900] * 40), [(Phase.CHARGING, 0, 480)]),
        (course([900, 0], charging_ended=60), [(Phase.CHARGING, 0, 60), (Phase.PARKED, 60, 480)]),
        (course([900], series_start=-5), [(Phase.CHARGING, 0, 10), (Phase.PARKED, 10, 480)]),
        (course(), [(Phase.CHARGING, 0, 480)]),
        (course([0, 0]), [(Phase.CHARGING, 0, 480)]),
        (course([900], ended=None), []),
    ],
)
def test_the_phases_follow_each_other_without_a_gap(known, phases):
    assert minutes_of(known.phases()) == phases


def test_the_average_counts_the_time_it_charged():
    assert course([2000, 2000, 0, 0]).average_w(4000) == 8000
    assert course().average_w(8000) == 1000
    assert course(ended=0).average_w(1) is None
    assert course([900], ended=None).average_w(None) is None
