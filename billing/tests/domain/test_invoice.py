"""Invoice lines: one for each price of a session, rounded once from its exact amount."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.errors import InvoiceError
from billing.domain.explained.price_of import session_price
from billing.domain.invoice.lines import price_lines
from billing.domain.kernel.rating import rate
from billing.domain.sessions.columns import TICKS
from billing.domain.sessions.metering import from_slots, from_totals
from billing.domain.sessions.periods import from_periods
from billing.domain.tariff.model import Dimension, parse_tariff
from billing.tests.domain.strategies import metered, tariffs
from billing.tests.domain.test_kernel_against_judge import columns

START = 1_770_886_800


def tariff(*elements, **fields):
    return parse_tariff({"id": "T", "currency": "SEK", "elements": list(elements), **fields})


def priced(kind, price, vat=25, step=1):
    component = {"type": kind, "price": price, "step_size": step}
    return component | ({} if vat is None else {"vat": vat})


def sessions(*wh):
    return from_totals(
        start=[START] * len(wh), end=[START + 3600] * len(wh), zone="Europe/Stockholm", energy_wh=list(wh)
    )


def test_a_session_has_one_line_for_each_price():
    terms = tariff(
        {"price_components": [priced("ENERGY", 3), priced("FLAT", 5)], "restrictions": {"max_kwh": 1}},
        {"price_components": [priced("ENERGY", 1, step=1000)], "restrictions": {"max_kwh": 2}},
        {"price_components": [priced("ENERGY", 3)]},
    )
    lines = price_lines(rate(sessions(2500), terms))
    assert lines.session.tolist() == [0, 0, 0]
    assert sorted(zip(lines.quantity.tolist(), lines.amount.tolist(), strict=True)) == [
        (1, 500),
        (1_000_000, 100),
        (1_500_000, 450),
    ]


def test_a_step_is_part_of_its_line():
    lines = price_lines(rate(sessions(2500), tariff({"price_components": [priced("ENERGY", 1, step=1000)]})))
    assert (lines.quantity.tolist(), lines.amount.tolist()) == ([3_000_000], [300])


def test_a_minimum_is_a_line_a_rate_and_each_keeps_its_part():
    components = [priced("ENERGY", 1, 6), priced("FLAT", 0.5, 25)]
    terms = tariff({"price_components": components}, min_price={"excl_vat": 10, "incl_vat": 11})
    lines = price_lines(rate(sessions(2000, 50_000), terms))
    assert lines.session.tolist() == [0, 0, 0, 0, 1, 1]
    assert lines.limit.tolist() == [False, False, True, True, False, False]
    assert lines.amount.tolist() == [200, 50, 600, 150, 5000, 50]
    assert [terms.elements[0].price_components[int(place)].vat for place in lines.component[2:4]] == [6, 25]


@pytest.mark.parametrize("included", ["YES", "NO"])
@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from([None, 0, 6, 12, 25])), min_size=1, max_size=3),
    st.integers(0, 12_000),
    st.sampled_from(["min_price", "max_price"]),
)
def test_a_limit_leaves_each_rate_its_part_and_none_below_nothing(included, prices, bound, which):
    kinds = ("ENERGY", "FLAT", "TIME")
    components = [priced(kind, Decimal(price) / 1000, vat) for kind, (price, vat) in zip(kinds, prices, strict=False)]
    limit = {"excl_vat": Decimal(bound) / 1000} | ({"incl_vat": Decimal(bound) / 1000} if included == "YES" else {})
    rated = rate(sessions(1000), tariff({"price_components": components}, tax_included=included, **{which: limit}))
    lines = price_lines(rated)
    own, whole = Counter[Any](), Counter[Any]()
    for place in range(len(lines)):
        vat, coins = rated.plan.components[lines.component[place]].price.vat, int(lines.amount[place])
        whole[vat] += coins
        own[vat] += 0 if lines.limit[place] else coins
    before, after = sum(own.values()), sum(whole.values())
    if not lines.limit.any():
        return
    coins_off = Fraction(1, 2) if included == "YES" else Fraction(len(lines), 2)
    assert abs(after - Fraction(bound, 10)) <= coins_off
    assert min(whole.values()) >= (0 if included == "YES" else -1)
    if before:
        assert all(abs(whole[vat] - Fraction(own[vat] * after, before)) <= len(lines) for vat in own)


def test_a_limit_without_any_line_takes_the_first_rate():
    free = {"price_components": [priced("PARKING_TIME", 1, 12)]}
    lines = price_lines(rate(sessions(1000), tariff(free, min_price={"excl_vat": 2, "incl_vat": 2.5})))
    assert (lines.amount.tolist(), lines.component.tolist(), lines.limit.tolist()) == ([200], [0], [True])


def test_a_limit_without_any_line_takes_the_first_rate_of_its_own_tariff():
    """Whatever else is priced with it: the other tariff of the batch has another rate."""
    dear, cheap = (
        tariff({"price_components": [priced("ENERGY", 1, vat)]}, min_price={"excl_vat": 5}) for vat in (25.5, 24)
    )
    slots: dict[str, Any] = {"zone": "UTC", "slots_from": [START] * 2, "offsets": [0, 1, 2], "tariff": [0, 1]}
    rated = rate(from_slots(start=[START] * 2, end=[START + 900] * 2, wh=[2000, 0], **slots), [dear, cheap])
    lines = price_lines(rated)
    said = [rated.plan.components[int(place)].price.vat for place in lines.component]
    assert list(zip(lines.session.tolist(), said, lines.amount.tolist(), strict=True)) == [
        (0, Decimal("25.5"), 200),
        (0, Decimal("25.5"), 300),
        (1, Decimal(24), 500),
    ]


def test_no_session_no_line():
    nothing = price_lines(rate(sessions(-1), tariff({"price_components": [priced("ENERGY", 1)]})))
    assert len(nothing) == 0


def test_one_invoice_has_one_currency():
    crowns = tariff({"price_components": [priced("ENERGY", 1)]})
    euros = parse_tariff(crowns.to_ocpi() | {"currency": "EUR"})
    rated = rate(
        from_slots(
            start=[START] * 2,
            end=[START + 900] * 2,
            zone="UTC",
            slots_from=[START] * 2,
            wh=[1, 1],
            offsets=[0, 1, 2],
            tariff=[0, 1],
        ),
        [crowns, euros],
    )
    with pytest.raises(InvoiceError):
        price_lines(rated)


def exactly(rated, lines, place):
    """The exact amount of a line, with VAT where its price includes it: its price times its quantity."""
    session, component = lines.session[place], rated.plan.components[lines.component[place]]
    if lines.limit[place]:
        if lines.gross[place]:
            return Fraction(int(rated.limit_incl[session]), rated.unit * rated.vat_unit)
        return Fraction(int(rated.limit_excl[session]), rated.unit)
    per = {Dimension.ENERGY: 10**6, Dimension.FLAT: 1}.get(component.price.type, TICKS * 3600)
    return Fraction(int(lines.quantity[place]), per) * Fraction(component.price.price)


@settings(max_examples=50, deadline=None)
@given(tariffs(power=False), st.lists(metered(), min_size=1, max_size=3))
def test_every_line_is_its_exact_amount_rounded_once(terms, drawn):
    rated = rate(columns(drawn), terms)
    lines = price_lines(rated)
    for place in range(len(lines)):
        assert lines.gross[place] == terms.tax_included
        mine = lines.session == lines.session[place]
        if lines.limit[place] and len({one.price.vat for one in rated.plan.components}) > 1:
            continue  # a part of the limit
        parts = int(mine.sum()) if lines.limit[place] and terms.tax_included else 1
        assert abs(exactly(rated, lines, place) * 100 - int(lines.amount[place])) <= Fraction(parts, 2)
    for index in range(len(rated)):
        gross, net = Fraction(int(rated.incl[index]), rated.vat_unit), int(rated.excl[index])
        total = (gross if terms.tax_included else net) / Fraction(rated.unit) * 100
        mine = lines.session == index
        if terms.tax_included:
            if lines.limit[mine].any():
                assert int(lines.amount[mine].sum()) == int(total + Fraction(1, 2))
            assert session_price(rated, index).to_pay == Decimal(int(lines.amount[mine].sum())).scaleb(-2)
        assert abs(int(lines.amount[mine].sum()) - total) <= Fraction(int(mine.sum()), 2)


def test_sums_beyond_64_bits_are_counted_in_unbounded_integers():
    """A price of a billion with twelve decimals times a hundred megawatt-hours."""
    dear = tariff({"price_components": [priced("ENERGY", Decimal("999999999.123456789012"))]})
    rated = rate(sessions(100_000_000), dear)
    assert rated.excl.dtype == object
    exact = Fraction("999999999.123456789012") * 100_000
    assert Fraction(rated.excl[0], rated.unit) == exact
    assert price_lines(rated).amount.tolist() == [round(exact * 100)]
    assert session_price(rated, 0).total.excl_vat == Decimal("99999999912345.6789")


def test_periods_are_billed_as_they_were_written_and_told_where_the_clock_says_otherwise():
    columns_of: dict[str, Any] = {
        "start": [START],
        "end": [START + 600],
        "zone": "UTC",
        "offsets": [0, 2],
        "period_start": [START, START + 600],
        "energy_mwh": [0, 0],
        "charging_uh": [166_700, 0],
        "parking_uh": [0, 12_345],
    }
    timed = tariff({"price_components": [priced("TIME", 6, None, 600), priced("PARKING_TIME", 6, None, 0)]})
    received = session_price(rate(from_periods(**columns_of), timed), 0)
    assert [one.quantity for one in received.slices] == [Decimal("600.12"), Decimal("44.442")]
    assert "TIME_DIFFERS" in received.flags
