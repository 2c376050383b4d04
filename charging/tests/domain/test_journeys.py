"""What a card cannot do, and who is guessing."""

from datetime import UTC, datetime, timedelta

import pytest

from charging.domain.journeys import MOST_UNKNOWN, WITHIN, Guesses, Journey, Oddity, Stay, judge

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
STOCKHOLM, GOTHENBURG, NEXT_DOOR = (59.3293, 18.0686), (57.7089, 11.9746), (59.3300, 18.0690)


def stay(site=1, began=0, minutes=60, place=STOCKHOLM):
    start = NINE + timedelta(minutes=began)
    return Stay(site, start, start + timedelta(minutes=minutes), place)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (stay(2, 30, place=GOTHENBURG), Journey(Oddity.TWO_PLACES, 0, 397)),
        (stay(2, 30, place=None), Journey(Oddity.TWO_PLACES, 0, None)),
        (stay(2, 90, place=GOTHENBURG), Journey(Oddity.TOO_FAST, 30, 397)),
        (stay(2, 60, place=GOTHENBURG), Journey(Oddity.TOO_FAST, 0, 397)),
        (stay(2, 60 + 120, place=GOTHENBURG), None),  # 191 km/h with what clocks may be apart
        (stay(2, 90, place=None), None),
        (stay(2, 57, place=None), None),  # as far as two clocks may be apart
        (stay(2, 30, place=NEXT_DOOR), None),
        (stay(1, 30), None),
    ],
)  # fmt: skip
def test_two_charges_of_one_card(other, found):
    assert judge(stay(), other) == judge(other, stay()) == found


def test_one_who_tries_many_cards_is_guessing_and_one_who_tries_the_same_again_is_not():
    guesses = Guesses()
    assert not any(guesses.is_guessing("04A1", second) for second in range(100))
    assert not any(guesses.is_guessing(f"A{number}", 100) for number in range(MOST_UNKNOWN - 1))
    assert guesses.is_guessing("a new one", 101)
    assert not guesses.is_guessing("another", 101 + WITHIN.total_seconds() + 1)


def test_it_remembers_no_more_than_it_needs():
    guesses = Guesses()
    assert [guesses.is_guessing(str(number), number / 100) for number in range(10_000)][-1]
    assert len(guesses._tried) == MOST_UNKNOWN + 1
