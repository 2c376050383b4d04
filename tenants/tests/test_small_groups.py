"""Whoever subtracts what is shown, in any way, learns nothing of fewer people than the least."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.privacy import small_groups
from tenants.privacy.small_groups import withheld

LEAST = 3
MONTHS, PARTS = 3, 4
#: Who is in each part of each month; somebody may be in several.
people = st.dictionaries(
    st.tuples(st.integers(0, MONTHS - 1), st.integers(0, PARTS - 1)), st.sets(st.integers(1, 7), min_size=1), min_size=1
)


def ranges():
    """Every stretch of months that a statistic can be asked for."""
    return [range(first, last + 1) for first in range(MONTHS) for last in range(first, MONTHS)]


def row(cells, wanted):
    return [1.0 if cell in wanted else 0.0 for cell in cells]


def known(who, cells):
    """What an attacker has who asks for every stretch of months: its total, and the parts that are shown."""
    for months in ranges():
        within = {cell: who[cell] for cell in cells if cell[0] in months}
        yield row(cells, within)
        hidden = withheld({cell: small_groups.first(found, least=LEAST) for cell, found in within.items()}, least=LEAST)
        for part in {part for _, part in within} - hidden:
            yield row(cells, {cell for cell in within if cell[1] == part})


def small(who, cells):
    """Every set of parts of a month, or of a stretch of months, with fewer people than the least, but whole months."""
    for months in ranges():
        within = [cell for cell in cells if cell[0] in months]
        for chosen in chain.from_iterable(combinations(range(PARTS), size) for size in range(1, PARTS + 1)):
            some = {cell for cell in within if cell[1] in chosen}
            whole = all({cell for cell in within if cell[0] == month} <= some for month in {cell[0] for cell in some})
            if some and not whole and len(set().union(*(who[cell] for cell in some))) < LEAST:
                yield some


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people)
def test_nothing_small_follows_from_what_is_shown(who):
    cells = sorted(who)
    table = np.array(list(known(who, cells)))
    rank = np.linalg.matrix_rank(table)
    for some in small(who, cells):
        assert np.linalg.matrix_rank(np.vstack([table, row(cells, some)])) > rank, some


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(people)
def test_what_is_withheld_is_small_or_hides_what_is(who):
    """Not more than it takes: where every part of every month is large, all are shown."""
    hidden = withheld(who, least=LEAST)
    assert {part for (_, part), found in who.items() if len(found) < LEAST} <= hidden
    if all(len(found) >= LEAST for found in who.values()):
        assert not hidden


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ((9, 9, 9), set()),
        ((1, 9, 8), {0, 2}),  # with the smallest of the others
        ((1, 1, 9, 9), {0, 1, 2}),  # two people together are still too few
        ((2, 2, 9), {0, 1}),
        ((1,), {0}),
        ((1, 1), {0, 1}),
    ],
)
def test_parts_that_are_withheld(sizes, hidden):
    numbers = iter(range(100))
    who = {(0, part): {next(numbers) for _ in range(size)} for part, size in enumerate(sizes)}
    assert withheld(who, least=LEAST) == hidden


def test_somebody_in_two_parts_is_one_person():
    assert withheld({(0, 0): {1, 2}, (0, 1): {1, 2}, (0, 2): {3, 4, 5}}, least=LEAST) == {0, 1, 2}


def test_the_same_people_are_taken_in_any_order():
    assert small_groups.first([5, 1, 4, 1, 2], least=3) == small_groups.first([1, 2, 4, 5], least=3) == (1, 2, 4)
