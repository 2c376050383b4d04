"""Local times into instants over the two nights of summer time."""
# ruff: noqa: DTZ001  # local times are the matter

from datetime import UTC, datetime

import polars as pl
import pytest

from charging.domain.errors import ChargingError
from charging.domain.local_time import Fold, instants, known_zone


def at(*local, fold=Fold.REJECT, zone="Europe/Stockholm"):
    return instants(pl.Series(list(local), dtype=pl.Datetime("us")), zone=zone, fold=fold)


def test_an_ordinary_local_time_is_one_instant():
    found = at(datetime(2025, 7, 1, 12, 0))
    assert found.utc[0] == datetime(2025, 7, 1, 10, 0, tzinfo=UTC)
    assert not found.impossible[0]
    assert not found.repeated[0]


def test_a_time_the_clock_jumped_over_is_impossible():
    found = at(datetime(2025, 3, 30, 2, 30), datetime(2025, 3, 30, 3, 0))
    assert found.impossible.to_list() == [True, False]
    assert found.utc[0] is None
    assert found.utc[1] == datetime(2025, 3, 30, 1, 0, tzinfo=UTC)


def test_a_repeated_time_is_refused_unless_somebody_says_which():
    night = datetime(2025, 10, 26, 2, 30)
    assert at(night).repeated[0]
    assert at(night).utc[0] is None
    assert at(night, fold=Fold.FIRST).utc[0] == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert at(night, fold=Fold.SECOND).utc[0] == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)


def test_an_unknown_zone_is_named_in_the_refusal():
    with pytest.raises(ChargingError, match="no_time_zone"):
        known_zone("Europe/Umea")
    with pytest.raises(ChargingError):
        known_zone("../etc/passwd")
    assert known_zone("Europe/London") == "Europe/London"
