"""One session's price as plain values: what pages show, what is stored with the session, what explains the bill.

Amounts here are `Decimal` with four decimals. They are differences of the rounded running total, so slices and
adjustments always add up to the total to the last digit, and each is within 0.0001 of its exact value; the exact value
of a slice is its quantity times its unit price, which stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Self

from billing.domain.documents import instant
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


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost excluding and including VAT; the latter is None where VAT is unknown (OCPI 2.1.1)."""

    excl_vat: Decimal
    incl_vat: Decimal | None

    def to_json(self) -> dict[str, str | None]:
        return {
            "excl_vat": str(self.excl_vat),
            "incl_vat": None if self.incl_vat is None else str(self.incl_vat),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, str | None]) -> Self:
        incl = document["incl_vat"]
        return cls(Decimal(document["excl_vat"] or 0), None if incl is None else Decimal(incl))


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of a session at one price, or the step that rounds a quantity up (`is_step`).

    `quantity` is in `unit`: kWh, seconds (hourly prices), or 1 for a fee. `element` counts from 1. `vat` None: no VAT
    applies. `reserved`: reserved time or the fee of a reservation.
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

    @property
    def unit(self) -> str:
        return UNIT[self.dimension]

    @property
    def exact_amount(self) -> Fraction:
        """Quantity times unit price, excluding VAT, without any rounding."""
        per = 3600 if self.unit == "s" else 1
        return Fraction(self.quantity) * Fraction(self.unit_price) / per

    def to_json(self) -> dict[str, Any]:
        return {
            "from": _text(self.start),
            "to": _text(self.end),
            "meter_start_wh": str(self.meter_start_wh),
            "meter_stop_wh": str(self.meter_stop_wh),
            "dimension": self.dimension.value,
            "reserved": self.reserved,
            "is_step": self.is_step,
            "quantity": str(self.quantity),
            "unit": self.unit,
            "unit_price": str(self.unit_price),
            "vat": None if self.vat is None else str(self.vat),
            "tariff_id": self.tariff_id,
            "tariff_version": self.tariff_version,
            "element": self.element,
            "amount": str(self.amount),
            "amount_incl": None if self.amount_incl is None else str(self.amount_incl),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        return cls(
            start=instant(document["from"], "from"),
            end=instant(document["to"], "to"),
            meter_start_wh=Decimal(document["meter_start_wh"]),
            meter_stop_wh=Decimal(document["meter_stop_wh"]),
            dimension=Dimension(document["dimension"]),
            reserved=document["reserved"],
            is_step=document["is_step"],
            quantity=Decimal(document["quantity"]),
            unit_price=Decimal(document["unit_price"]),
            vat=_optional(document["vat"]),
            tariff_id=document["tariff_id"],
            tariff_version=document["tariff_version"],
            element=document["element"],
            amount=Decimal(document["amount"]),
            amount_incl=_optional(document["amount_incl"]),
        )


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What the least (`MINIMUM`) or greatest (`MAXIMUM`) price of the tariff added to or took from the total."""

    kind: str
    cost: Cost

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.cost.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        return cls(document["kind"], Cost.from_json(document))


@dataclass(frozen=True, slots=True)
class SessionPrice:
    """The price of one session: slices, adjustments, total, the parts a CDR lists, and flags for a reviewer.

    A part is None when nothing of it was priced, which differs from a price of zero.
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

    def to_json(self) -> dict[str, Any]:
        """As plain JSON: numbers are strings, so no reader turns them into floats."""
        parts = {name: getattr(self, name) for name in PARTS}
        return {
            "currency": self.currency,
            "slices": [one.to_json() for one in self.slices],
            "adjustments": [one.to_json() for one in self.adjustments],
            "total": self.total.to_json(),
            **{name: None if cost is None else cost.to_json() for name, cost in parts.items()},
            "flags": list(self.flags),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The value that `to_json` wrote."""
        parts = {name: None if document[name] is None else Cost.from_json(document[name]) for name in PARTS}
        return cls(
            currency=document["currency"],
            slices=tuple(Slice.from_json(one) for one in document["slices"]),
            adjustments=tuple(Adjustment.from_json(one) for one in document["adjustments"]),
            total=Cost.from_json(document["total"]),
            flags=tuple(document["flags"]),
            **parts,
        )


#: The parts of a total, in the order in which they are listed.
PARTS: Final = ("energy", "time", "parking", "fixed", "reservation")


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _optional(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
