"""Rows for the kernel and back: the lines that are written by hand are the JSON that a library would write."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import batches
from billing.domain.errors import Unmetered
from billing.domain.kernel.plan import Lane
from billing.domain.kernel.rating import rate
from billing.models import SessionPrice
from billing.services import rating
from billing.tests.domain.strategies import metered, tariffs
from billing.tests.domain.test_kernel_against_judge import columns
from billing.tests.factories import connector, driver, rate_all, session, tariff


@settings(max_examples=50, deadline=None)
@given(tariffs(power=False), st.lists(metered(), min_size=1, max_size=3))
def test_lines_are_json_of_known_words_and_plain_numbers(drawn_terms, drawn):
    for priced in batches.priced(rate(columns(drawn), drawn_terms)):
        lines = json.loads(priced.lines)
        assert json.dumps(lines, separators=(",", ":")) == priced.lines
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
