"""Late interest: half-years, payments, rounding, and days whose rate is not known."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.domain import money, own_words
from billing.domain.late_interest import NoReferenceRate, Owed, ReferenceRate, interest
from billing.selectors import reference_rates

RATES = (
    ReferenceRate(date(2024, 7, 1), Decimal("4.0")),
    ReferenceRate(date(2025, 1, 1), Decimal("3.0")),
    ReferenceRate(date(2025, 7, 1), Decimal("-0.5")),
)
WHOLE = [Owed(date.min, 250_000)]


def of(owed, first, last):
    return interest(owed, first=first, last=last, rates=RATES)


def test_half_years_have_their_own_rates():
    # 29 days at 12 % and 11 days at 11 % of 2,500 kronor: 32.1233
    assert of(WHOLE, date(2024, 12, 3), date(2025, 1, 11)) == 3212


def test_a_payment_counts_from_the_day_after_it():
    paid = [*WHOLE, Owed(date(2025, 1, 6), 100_000)]
    # 5 days of 2,500 and 5 of 1,000 kronor at 11 %: 3.7671 + 1.5068
    assert of(paid, date(2025, 1, 1), date(2025, 1, 10)) == 527
    assert of([*WHOLE, Owed(date(2025, 1, 6), 0)], date(2025, 1, 1), date(2026, 2, 1)) == 377  # nothing is owed then


def test_no_day_costs_nothing():
    assert of(WHOLE, date(2025, 1, 2), date(2025, 1, 1)) == 0
    assert of([], date(2025, 1, 1), date(2025, 1, 9)) == 0


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2025, 12, 30), date(2026, 1, 1)),
        (date(2024, 6, 30), date(2024, 7, 2)),
        (date(2030, 1, 1), date(2030, 1, 1)),
    ],
)
def test_a_day_without_a_rate_is_refused(first, last):
    with pytest.raises(NoReferenceRate) as refused:
        of(WHOLE, first, last)
    assert refused.value.facts["known_until"] == "2025-12-31"


def test_the_last_day_of_the_last_half_year_is_known():
    assert of(WHOLE, date(2025, 12, 31), date(2025, 12, 31)) == 51  # 7.5 % of 2,500 kronor, one day: 0.5137


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(st.tuples(st.dates(date(2024, 7, 1), date(2025, 12, 31)), st.integers(0, 10**9)), max_size=6),
    st.dates(date(2024, 7, 1), date(2025, 12, 31)),
    st.integers(0, 400),
)
def test_it_is_what_adding_day_by_day_comes_to(steps, first, length):
    last = min(first + timedelta(days=length), date(2025, 12, 31))
    owed = [Owed(day, coins) for day, coins in sorted(dict(steps).items())]
    exact = Fraction(0)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        coins = next((each.coins for each in reversed(owed) if each.since <= day), 0)
        rate = next(each.percent for each in reversed(RATES) if each.since <= day)
        exact += Fraction(coins) * Fraction(rate + 8) / 36_500
    assert of(owed, first, last) == money.divide_half_up(exact.numerator, exact.denominator)


def test_the_rates_of_the_file_are_those_of_the_riksbank():
    known = {rate.since.isoformat(): rate.percent for rate in reference_rates.rates()}
    assert (known["2023-07-01"], known["2016-07-01"]) == (Decimal("3.5"), Decimal("-0.5"))
    assert all((each.since.day, each.since.month) in ((1, 1), (1, 7)) for each in reference_rates.rates())
    assert reference_rates.known_until() >= date(2026, 6, 30)


def test_a_text_is_filled_with_what_is_known_and_nothing_else():
    assert own_words.filled("{invoice}: {unpaid} {0.__class__} {", {"invoice": "F1", "unpaid": "{invoice}"}) == (
        "F1: {invoice} {0.__class__} {"
    )
    assert own_words.unknown("{invoice} {name} {} {name}", own_words.OF_REMINDERS) == ["name", ""]
