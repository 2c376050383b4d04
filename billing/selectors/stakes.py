"""What sessions would cost if they were billed as they are said to have been: nothing is stored, nobody need pay.

For those who decide: sessions under review have no price yet, and a correction has none before it is taken over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

import numpy as np

from billing import batches
from billing.batches import DIGITS
from billing.selectors import terms
from billing.selectors.pricing import priced_groups
from billing.selectors.terms import PriceBook
from charging.models import ChargingSession
from charging.site_scope import limited_to


@dataclass(frozen=True, slots=True)
class Stake:
    """A price including VAT; `energy` is that of the energy alone."""

    currency: str
    amount: Decimal
    energy: Decimal

    def __add__(self, other: "Stake") -> "Stake":
        """Two amounts of one currency."""
        return Stake(self.currency, self.amount + other.amount, self.energy + other.energy)


@limited_to(None)  # whoever asks: a price follows from every assignment there is
def of(sessions: Sequence[ChargingSession]) -> list[Stake | None]:
    """Return what each would cost by the terms of now, stored or not; None for one that no tariff prices.

    The sessions have ended. A driver without terms of their own, or nobody, is priced as everybody at the site.
    """
    book = terms.price_book()
    whole, energy = (_amounts(book, sessions, energy_only=alone) for alone in (False, True))
    return [
        Stake(all_of_it[0], all_of_it[1], alone[1]) if all_of_it and alone else None
        for all_of_it, alone in zip(whole, energy, strict=True)
    ]


def total(stakes: Iterable[Stake | None]) -> list[Stake]:
    """Return the sum of each currency."""
    found: dict[str, list[Stake]] = {}
    for stake in stakes:
        if stake is not None:
            found.setdefault(stake.currency, []).append(stake)
    return [reduce(lambda one, other: one + other, found[currency]) for currency in sorted(found)]


def _amounts(
    book: PriceBook, sessions: Sequence[ChargingSession], *, energy_only: bool
) -> list[tuple[str, Decimal] | None]:
    batch = batches.of(sessions, energy_only=energy_only)
    versions, chosen = book.choose(batch)
    amounts: list[tuple[str, Decimal] | None] = [None] * len(sessions)
    for rows, needed, rated in priced_groups(book, batch, versions, chosen):
        currency, units = terms.terms(needed)[0].currency, batches.incl_units(rated).tolist()
        for index in np.flatnonzero(batches.billable(rated)).tolist():
            amounts[int(rows[index])] = currency, Decimal(units[index]).scaleb(-DIGITS)
    return amounts
