"""A meter's readings whose drawing is known: four quarters of an hour, in one of which it was silent."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

SLOTS_WH = [1000, 2345, None, 40]
#: As it is read, and exactly as it is drawn: 1,000 Wh in a quarter of an hour are 4 kW.
POWER_KW = [("4.0", Decimal(4)), ("9.4", Decimal("9.38")), ("\u2013", None), ("0.2", Decimal("0.16"))]
READ: dict[str, Any] = {"series_wh": SLOTS_WH, "energy_wh": 3385}


def power_from(start: datetime) -> dict[str, tuple[str, Decimal | None]]:
    """The figures of the chart of power of a session that began then."""
    starts = (start + timedelta(minutes=15 * place) for place in range(len(SLOTS_WH)))
    return {f"{at:%Y-%m-%dT%H:%M:%SZ}": figure for at, figure in zip(starts, POWER_KW, strict=True)}
