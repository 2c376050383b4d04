"""Rows for the kernel and back: the lines that are written by hand are the JSON that a library would write."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import batches
from billing.domain import money
from billing.domain.errors import Unmetered
from billing.domain.invoice.lines import price_lines
from billing.domain.kernel.plan import Lane
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.rating import rate
from billing.domain.sessions.columns import TICKS_PER_MICROHOUR, Flag
from billing.models import SessionPrice
from billing.services import rating
from billing.tests.domain.strategies import metered, tariffs
from billing.tests.domain.test_kernel_against_judge import columns
from billing.tests.factories import connector, driver, rate_all, session, tariff


def copied(rated: Rated) -> list[list[str]]:
    """The rows for COPY, in columns; sessions are numbered from 900 on."""
    text = batches.priced(rated, ids=np.arange(len(rated)) + 900, versions=[70])
    return [row.split("\t") for row in text.split("\n")[:-1]]


def by_hand(rated: Rated) -> list[list[str]]:
    """The same rows, number by number."""
    lines = price_lines(rated)
    terms = rated.plan.tariffs[0]
    found: dict[int, list[dict[str, Any]]] = {int(place): [] for place in np.flatnonzero(batches.billable(rated))}
    for place in range(len(lines)):
        session, component = int(lines.session[place]), rated.plan.components[lines.component[place]]
        if session not in found:
            continue
        amount, vat = money.from_minor(int(lines.amount[place]), terms.currency), component.price.vat
        quantity, name = Decimal(int(lines.quantity[place])), batches.COMPONENT[component.lane]
        price = component.price.price
        if lines.limit[place]:
            name, price = ("MINIMUM" if rated.flags[session] & Flag.MINIMUM else "MAXIMUM"), amount
        elif component.lane == Lane.ENERGY:
            quantity = quantity.scaleb(-6)
        elif component.lane in (Lane.TIME, Lane.PARKING, Lane.RESERVED_TIME):
            ticks = Fraction(int(lines.quantity[place]), TICKS_PER_MICROHOUR)
            quantity = money.round_half_up(ticks / 10**6, 6)
        line = {"component": name, "unit_price": f"{price:f}", "vat_rate": None if vat is None else f"{vat:f}"}
        more = {"tax_included": True} if terms.tax_included else {}
        found[session].append({**line, **more, "quantity": f"{quantity:.6f}", "amount": f"{amount:f}"})
    nothing = {place: rated.excl[place] == 0 and rated.incl[place] == 0 for place in found}
    incl = batches.incl_units(rated)
    return [
        [
            *(str(900 + place), "70", "free" if nothing[place] else "priced", "", "{}", terms.currency),
            f"{Decimal(int(incl[place])).scaleb(-6):.6f}",
            json.dumps(own, separators=(",", ":")),
            str(rated.flags[place]),
        ]
        for place, own in found.items()
    ]


@settings(max_examples=80, deadline=None)
@given(tariffs(power=False), st.lists(metered(), min_size=1, max_size=4))
def test_a_batch_is_written_as_each_number_by_itself(drawn_terms, drawn):
    rated = rate(columns(drawn), drawn_terms)
    rows = copied(rated)
    assert [[*row[:6], *row[7:]] for row in rows] == by_hand(rated)
    if not drawn_terms.tax_included:
        exact = [money.round_half_up(Fraction(int(rated.excl[int(row[0]) - 900]), rated.unit), 6) for row in rows]
        assert [Decimal(row[6]) for row in rows] == exact


@settings(max_examples=50, deadline=None)
@given(tariffs(power=False), st.lists(metered(), min_size=1, max_size=3))
def test_lines_are_json_of_known_words_and_plain_numbers(drawn_terms, drawn):
    for *_, written, _flags in copied(rate(columns(drawn), drawn_terms)):
        lines = json.loads(written)
        assert json.dumps(lines, separators=(",", ":")) == written
        for line in lines:
            known = {"component", "unit_price", "vat_rate", "quantity", "amount"}
            assert line.keys() == (known | {"tax_included"} if drawn_terms.tax_included else known)
            assert line["component"] in {*batches.COMPONENT.values(), "MINIMUM", "MAXIMUM"}
            for name in known - {"component"}:
                assert line[name] is None or f"{Decimal(line[name]):f}" == line[name]


@pytest.mark.parametrize("word", ['EN"ER\\GY', "EN\tER\nGY", "\\N", "ENERGIÅ€\u2028"])
def test_no_word_can_spoil_a_batch(word, monkeypatch, in_north):
    """Nothing in a tariff is such a word today; if one came to be, it would arrive as it is."""
    monkeypatch.setitem(batches.COMPONENT, Lane.ENERGY, word)
    tariff()
    session(connector(), driver())
    assert rate_all() == 1
    assert SessionPrice.objects.get().lines[0]["component"] == word


def test_no_fact_of_a_problem_can_spoil_a_batch(monkeypatch, in_north):
    told = 'Tab\tline\nback\\slash \\N "quoted" ' + "å" * 400
    monkeypatch.setattr(rating, "error_of", lambda rated, index: Unmetered(zone=told))
    tariff()
    lost: dict[str, Any] = {"energy_wh": None, "series_wh": None, "series_start": None, "series_interval_s": None}
    session(connector(), driver(), **lost)
    assert rate_all() == 1
    assert SessionPrice.objects.get().problem_facts["zone"] == told
