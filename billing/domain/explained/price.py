"""One session's price as plain values: what pages show, and what explains the bill.

Amounts here are `Decimal` with four decimals. They are differences of the rounded running total, so slices and
adjustments always add up to the total to the last digit, and each is within 0.0001 of its exact value; the exact value
of a slice is its quantity times its unit price, which stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from billing.domain.tariff.model import Dimension

#: Decimals of amounts outside the kernel.
DIGITS: Final = 4
#: What a quantity of each dimension counts.
UNIT: Final = {
    Dimension.ENERGY: "kWh",
    Dimension.TIME: "s",
    Dimension.PARKING_TIME: "s",
    Dimension.FLAT: "session",
}
#: Where a price stands: in which version of a tariff, in which of its elements, and of what.
Place = tuple[str, int, Dimension]


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost excluding and including VAT; the latter is None where VAT is unknown (OCPI 2.1.1)."""

    excl_vat: Decimal
    incl_vat: Decimal | None


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of a session at one price, or the step that rounds a quantity up (`is_step`).

    `quantity` is in `unit`: kWh, seconds (hourly prices), or 1 for a fee. `element` counts from 1. `vat` None: no VAT
    applies. `reserved`: reserved time or the fee of a reservation. `tax_included`: the unit price includes VAT.
    """

    start: datetime
    end: datetime
    meter_start_wh: Decimal
    meter_stop_wh: Decimal
    dimension: Dimension
    reserved: bool
    is_step: bool
    quantity: Decimal
    unit_price: Decimal
    vat: Decimal | None
    tariff_id: str
    tariff_version: str
    element: int
    amount: Decimal
    amount_incl: Decimal | None
    tax_included: bool

    @property
    def unit(self) -> str:
        return UNIT[self.dimension]

    @property
    def place(self) -> Place:
        """Where its price stands in the tariff."""
        return self.tariff_version, self.element, self.dimension


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What the least (`MINIMUM`) or greatest (`MAXIMUM`) price of the tariff added to or took from the total."""

    kind: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class ExplainedPrice:
    """The price of one session: slices, adjustments, total, the parts a CDR lists, and flags for a reviewer.

    A part is None when nothing of it was priced, which differs from a price of zero. `shown`: what a page shows of each
    slice and then of each adjustment, in the smallest coin, including VAT where that is known; it adds up to `to_pay`.
    """

    currency: str
    slices: tuple[Slice, ...]
    adjustments: tuple[Adjustment, ...]
    total: Cost
    energy: Cost | None
    time: Cost | None
    parking: Cost | None
    fixed: Cost | None
    reservation: Cost | None
    flags: tuple[str, ...]
    shown: tuple[Decimal, ...]
    tax_included: bool

    def turned(self) -> frozenset[Place]:
        """The prices of which the rate of VAT changes within the session."""
        seen: dict[Place, set[Decimal | None]] = {}
        for one in self.slices:
            seen.setdefault(one.place, set()).add(one.vat)
        return frozenset(place for place, rates in seen.items() if len(rates) > 1)

    @property
    def to_pay(self) -> Decimal:
        """What is asked for the session: its exact price rounded, or where prices include VAT the sum of its lines."""
        return sum(self.shown, Decimal(0))
