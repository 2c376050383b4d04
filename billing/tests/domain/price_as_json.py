"""The price of a session as plain JSON, as the `price` command writes it: what cases and lines are held to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from billing.domain.explained.price import Cost, ExplainedPrice, Slice

#: The parts of a total, in the order in which they are listed.
PARTS: Final = ("energy", "time", "parking", "fixed", "reservation")


def as_json(price: ExplainedPrice) -> dict[str, Any]:
    """Numbers are texts, so no reader turns them into floats."""
    parts = {name: getattr(price, name) for name in PARTS}
    return {
        "currency": price.currency,
        "slices": [_slice(one) for one in price.slices],
        "adjustments": [{"kind": one.kind, **_cost(one.cost)} for one in price.adjustments],
        "total": _cost(price.total),
        **{name: None if cost is None else _cost(cost) for name, cost in parts.items()},
        "flags": list(price.flags),
    }


def _cost(cost: Cost) -> dict[str, str | None]:
    return {"excl_vat": str(cost.excl_vat), "incl_vat": _text(cost.incl_vat)}


def _slice(one: Slice) -> dict[str, Any]:
    return {
        "from": _instant(one.start),
        "to": _instant(one.end),
        "meter_start_wh": str(one.meter_start_wh),
        "meter_stop_wh": str(one.meter_stop_wh),
        "dimension": one.dimension.value,
        "reserved": one.reserved,
        "is_step": one.is_step,
        "quantity": str(one.quantity),
        "unit": one.unit,
        "unit_price": str(one.unit_price),
        "vat": _text(one.vat),
        "tariff_id": one.tariff_id,
        "tariff_version": one.tariff_version,
        "element": one.element,
        "amount": str(one.amount),
        "amount_incl": _text(one.amount_incl),
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
