"""Every golden case costs what its folder says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from billing.tests.domain.cases_reading import price_case

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())


def _read(case: Path, name: str) -> Any:
    return json.loads((case / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_costs_what_it_says(case):
    expected = _read(case, "expected")
    priced = price_case(_read(case, "tariff"), _read(case, "session"))
    if "error" in priced:
        assert priced["error"]["code"] == expected["error"]
        assert priced["error"]["field"] == expected["field"]
    else:
        assert priced == {key: value for key, value in expected.items() if key not in {"why", "words"}}


def test_every_case_says_why():
    assert len(CASES) >= 50
    assert all(len(_read(case, "expected")["why"]) > 10 for case in CASES)
