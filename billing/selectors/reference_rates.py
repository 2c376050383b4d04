"""The reference rates of räntelagen (`billing/data/reference_rates.toml`)."""

import tomllib
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from billing.domain.late_interest import ReferenceRate, half_year_after

_FILE: Final = Path(__file__).resolve().parents[1] / "data" / "reference_rates.toml"


@cache
def rates() -> tuple[ReferenceRate, ...]:
    """Every rate, in order of time."""
    with _FILE.open("rb") as file:
        listed: dict[str, str] = tomllib.load(file)
    return tuple(ReferenceRate(date.fromisoformat(day), Decimal(percent)) for day, percent in sorted(listed.items()))


def known_until() -> date:
    """The last day whose rate is known."""
    return half_year_after(rates()[-1].since) - timedelta(days=1)
