"""The tariff lint sees what a person should know, and nothing else."""

from __future__ import annotations

import pytest

from billing.domain.lint.remarks import lint_tariff
from billing.domain.tariff.model import WEEKDAYS, parse_tariff


def element(kind="ENERGY", price=3, *, step=1, vat=25, **restrictions):
    component = {"type": kind, "price": price, "step_size": step} | ({} if vat is None else {"vat": vat})
    return {"price_components": [component], "restrictions": restrictions}


def findings(*elements, **fields):
    document = {"id": "T", "currency": "SEK", "elements": list(elements), **fields}
    return lint_tariff(parse_tariff(document))


def codes(*elements, **fields):
    return [(one.code, one.path) for one in findings(*elements, **fields)]


def test_a_plain_tariff_has_no_findings():
    assert codes(element(), element("TIME", 6), element("FLAT", 5)) == []


def test_thresholds_that_meet_leave_no_gap():
    assert codes(element(max_kwh=10), element(min_kwh=10)) == []
    assert codes(element(max_duration=60), element(min_duration=60)) == []
    assert codes(element(end_date="2026-03-01"), element(start_date="2026-03-01")) == []


CASES = [
    (("SAME_START_AND_END", "elements[0].restrictions"), [element(start_time="08:00", end_time="08:00")]),
    (
        ("SECOND_COMPONENT", "elements[0].price_components[1]"),
        [{"price_components": element()["price_components"] * 2}],
    ),
    (("NEGATIVE_PRICE", "elements[0].price_components[0].price"), [element(price=-1)]),
    (("PRICE_PER_MINUTE", "elements[1].price_components[0].price"), [element(), element("PARKING_TIME", 0.05)]),
    (("STEP_IN_KWH", "elements[0].price_components[0].step_size"), [element(step=5)]),
    (("STEP_IN_MINUTES", "elements[1].price_components[0].step_size"), [element(), element("TIME", 6, step=15)]),
    (("NEVER_APPLIES", "elements[0]"), [element(min_kwh=5, max_kwh=5), element()]),
    (("NEVER_APPLIES", "elements[0]"), [element(start_date="2026-02-01", end_date="2026-01-01"), element()]),
    (("NEVER_REACHED", "elements[1]"), [element(), element(start_time="08:00")]),
    (
        ("NEVER_REACHED", "elements[2]"),
        [element(end_time="12:00"), element(start_time="12:00"), element(day_of_week=["MONDAY"])],
    ),
    (
        ("OVERLAP", "elements[1]"),
        [element(start_time="08:00", end_time="12:00"), element(start_time="10:00", end_time="14:00"), element()],
    ),
    (("ENERGY_GAP", "elements"), [element(start_time="06:00", end_time="22:00")]),
    (("ENERGY_SOMETIMES_FREE", "elements"), [element(max_kwh=10)]),
    (("ENERGY_SOMETIMES_FREE", "elements"), [element(max_power=11), element(min_power=11)]),
    (("NO_ENERGY_PRICE", "elements"), [element("TIME", 6)]),
    (("VAT_MISSING", "elements"), [element(), element("FLAT", 5, vat=None)]),
    (
        ("NEVER_REACHED", "elements[2]"),
        [
            element(),
            element("TIME", 6, reservation="RESERVATION_EXPIRES"),
            element("TIME", 6, reservation="RESERVATION_EXPIRES"),
            element("TIME", 3, reservation="RESERVATION"),
        ],
    ),
    (
        ("WEEKDAY_AT_MIDNIGHT", "elements[0].restrictions"),
        [element(start_time="22:00", end_time="06:00", day_of_week=["FRIDAY"]), element()],
    ),
]


@pytest.mark.parametrize(
    ("expected", "elements"), CASES, ids=lambda value: value[0] if isinstance(value, tuple) else ""
)
def test_a_finding_has_a_code_and_a_path(expected, elements):
    assert codes(*elements) == [expected]


def test_a_bound_without_vat_is_told():
    assert codes(element(), min_price={"excl_vat": 5}, max_price={"excl_vat": 50, "incl_vat": 62.5}) == [
        ("BOUND_WITHOUT_VAT", "min_price")
    ]


def test_reservations_are_judged_by_themselves():
    """A used reservation does not shadow an expired one, nor the other way round."""
    used, late = element("TIME", 3, reservation="RESERVATION"), element("TIME", 6, reservation="RESERVATION_EXPIRES")
    assert codes(used, late, element()) == []
    assert codes(late, used, element()) == []


@pytest.mark.parametrize(
    ("restrictions", "hours"),
    [
        ({"start_time": "06:00", "end_time": "22:00"}, {"daily": ["00:00–06:00", "22:00–24:00"]}),
        ({"day_of_week": [*WEEKDAYS[1:]]}, {"MONDAY": ["00:00–24:00"]}),
        ({"max_kwh": 5}, {}),
    ],
)
def test_a_gap_is_told_in_hours(restrictions, hours):
    assert findings(element(**restrictions))[-1].facts == {"hours": hours}


def test_many_windows_are_cut_short():
    windows = [element(start_time=f"{hour:02d}:00", end_time=f"{hour:02d}:30") for hour in range(24)]
    assert findings(*windows)[-1].facts["hours"]["daily"][-1] == "…"
