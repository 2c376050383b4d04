"""Whose card it was: periods given, replaced, cut and joined."""

from datetime import UTC, datetime

import pytest

from charging.domain.holders import BEGINNING, Held, changes, given

MAY, JUNE, JULY, AUGUST = (datetime(2024, month, 1, tzinfo=UTC) for month in (5, 6, 7, 8))
ANNA, BO = 1, 2


@pytest.mark.parametrize(
    ("before", "gift", "after"),
    [
        ([], (ANNA, None, None), [Held(ANNA)]),
        ([], (ANNA, MAY, JUNE), [Held(ANNA, MAY, JUNE)]),
        ([Held(ANNA)], (BO, JUNE, None), [Held(ANNA, None, JUNE), Held(BO, JUNE)]),
        ([Held(ANNA)], (BO, None, JUNE), [Held(BO, None, JUNE), Held(ANNA, JUNE)]),
        ([Held(ANNA)], (BO, JUNE, JULY), [Held(ANNA, None, JUNE), Held(BO, JUNE, JULY), Held(ANNA, JULY)]),
        ([Held(ANNA)], (BO, None, None), [Held(BO)]),
        ([Held(ANNA)], (None, JUNE, None), [Held(ANNA, None, JUNE)]),
        ([Held(ANNA)], (None, None, None), []),
        ([Held(ANNA, MAY, JUNE)], (BO, JULY, None), [Held(ANNA, MAY, JUNE), Held(BO, JULY)]),
        ([Held(ANNA, JULY)], (BO, MAY, JUNE), [Held(BO, MAY, JUNE), Held(ANNA, JULY)]),
        ([Held(ANNA, MAY, JUNE)], (ANNA, JUNE, None), [Held(ANNA, MAY)]),
        ([Held(ANNA, None, JUNE), Held(BO, JUNE)], (ANNA, JUNE, None), [Held(ANNA)]),
        ([Held(ANNA, MAY, JUNE), Held(BO, JUNE, AUGUST)], (ANNA, JULY, None),
         [Held(ANNA, MAY, JUNE), Held(BO, JUNE, JULY), Held(ANNA, JULY)]),
    ],
)  # fmt: skip
def test_a_card_is_given_for_a_time(before, gift, after):
    assert given(before, *gift) == after


def test_the_changes_tell_from_when_on_who_has_it():
    history = [Held(ANNA, None, MAY), Held(BO, MAY, JUNE), Held(ANNA, JULY, AUGUST)]
    assert changes(history) == [(BEGINNING, ANNA), (MAY, BO), (JUNE, None), (JULY, ANNA), (AUGUST, None)]
