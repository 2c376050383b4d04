"""Sessions during which the standard rate of VAT changes: what is supplied from then on has the new one.

For each change there is one more row of tariffs, the same but for that rate, and what begins at the change or later is
priced by the next row. Neither conditions nor prices differ, so what prices without VAT come to without it, and those
that include it with it, is the same as without the change. A price with another rate than the standard one keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from billing.domain.kernel.rated import Rated
from billing.domain.kernel.rating import rate
from billing.domain.sessions.columns import Sessions
from billing.domain.tariff.model import Tariff


@dataclass(frozen=True, slots=True)
class Turn:
    """That the standard rate of VAT, in per cent, is another one from an instant on, in seconds since 1970 UTC."""

    at: int
    vat: Decimal


@dataclass(frozen=True, slots=True)
class Turns:
    """The standard rate of VAT at which sessions begin, and its changes while they last, in order of time."""

    first: Decimal
    later: tuple[Turn, ...]


def rate_over(sessions: Sessions, tariffs: Sequence[Tariff], turns: Turns) -> Rated:
    """Price sessions of our own meters that last over these changes, by tariffs that they name by index.

    The answer names tariffs by the same indices.
    """
    rows = [*tariffs, *(one.at_rate(turn.vat, turns.first) for turn in turns.later for one in tariffs)]
    return rate(replace(sessions, turns=np.array([turn.at for turn in turns.later], dtype=np.int64)), rows)
