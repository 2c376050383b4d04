"""Numbers and instants as columns of text, against writing and reading them one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Context, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain import money
from billing.domain.cdr import instants
from billing.domain.cdr.text_pieces import decimals, fixed, whole

EDGES = [0, 1, 9, 10, 9_999, 10_000, 10_001, 99_999_999, 100_000_000, 2**63 - 1]


def joined(columns) -> list[str]:
    return ["".join(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


@given(st.sampled_from(EDGES).flatmap(lambda most: st.lists(st.integers(0, most), min_size=1)))
def test_whole_numbers(values):
    assert joined(whole(np.array(values, dtype=np.int64))) == [str(value) for value in values]


@pytest.mark.parametrize("most", EDGES)
def test_the_last_number_of_each_length(most):
    values = [most, max(most - 1, 0), 0]
    assert joined(whole(np.array(values))) == [str(value) for value in values]


@given(
    st.sampled_from([*EDGES, 10**30]).flatmap(lambda most: st.lists(st.integers(0, most), min_size=1)), st.booleans()
)
def test_decimals_of_any_size_and_sign(values, negative):
    values = [-values[0], *values] if negative else values
    dtype = np.int64 if max(values) < 2**63 else object
    written = joined(decimals(np.array(values, dtype=dtype), "!"))
    assert written == [f"{money.from_units(value, 4)}!" for value in values]


@given(
    st.sampled_from([*EDGES, 10**30]).flatmap(lambda most: st.lists(st.integers(-most, most), min_size=1)),
    st.integers(0, 6),
)
def test_decimals_of_any_length_and_sign(values, digits):
    dtype = np.int64 if max(map(abs, values)) < 2**63 else object
    columns = fixed(np.array(values, dtype=dtype), digits, "!")
    texts = [np.full(len(values), one, dtype=object) if isinstance(one, str) else one for one in columns]
    assert joined(texts) == [f"{Decimal(value).scaleb(-digits, Context(prec=60)):.{digits}f}!" for value in values]


@given(st.lists(st.integers(-30_610_224_000, 253_402_300_799), min_size=1))  # the years from 1000 to 9999
def test_instants(seconds):
    texts = [datetime.fromtimestamp(one, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for one in seconds]
    assert instants.read(texts).tolist() == seconds
    assert joined(instants.write(np.array(seconds))) == texts


@pytest.mark.parametrize("text", ["0000-01-01T00:00:00Z", "2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z"])
def test_days_that_do_not_exist(text):
    assert instants.read([text, "2024-02-29T23:59:59Z"]).tolist() == [instants.UNREADABLE, 1_709_251_199]
