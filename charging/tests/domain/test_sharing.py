"""A site's power over its stations: never more than there is, fair, and nobody is kept from beginning."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from charging.domain.ocpp.sharing import Part, share

A32, A16 = Decimal(32), Decimal(16)


def shared(limit, *parts, unit="A"):
    found = share(Decimal(limit), unit, [Part(number, *part) for number, part in enumerate(parts)])
    return [float(found[number]) for number in range(len(parts))]


@pytest.mark.parametrize(
    ("limit", "parts", "shares"),
    [
        (64, [(1, A32), (1, A32)], [32, 32]),
        (40, [(1, A32), (1, A32)], [20, 20]),
        (40, [(1, A32), (0, A32)], [32, 6]),
        (40, [(2, None), (1, None)], [26.6, 13.3]),
        (40, [(1, A16), (1, A32)], [16, 24]),
        (40, [(0, A32), (0, A32)], [20, 20]),
        (9, [(0, A32), (0, A32)], [4.5, 4.5]),
        (20, [(1, A32), (1, A32), (0, A32), (0, A32)], [5, 5, 5, 5]),
        (100, [(3, A32)], [32]),
        (50, [], []),
    ],
)
def test_each_charge_gets_the_same_as_far_as_its_station_can_take_it(limit, parts, shares):
    assert shared(limit, *parts) == shares


def test_watts_are_shared_as_amperes_are():
    assert shared(11_000, (1, None), (0, None), unit="W") == [6860, 4140]


PARTS = some.lists(
    some.tuples(some.integers(0, 4), some.none() | some.decimals(1, 500, places=1)), min_size=1, max_size=12
)


@given(some.decimals(1, 2000, places=1), PARTS)
def test_together_they_never_get_more_than_there_is(limit, parts):
    found = share(limit, "A", [Part(number, *part) for number, part in enumerate(parts)])
    assert sum(found.values()) <= limit
    assert all(found[number] >= 0 for number in found)
    assert all(most is None or found[number] <= most for number, (_, most) in enumerate(parts))
