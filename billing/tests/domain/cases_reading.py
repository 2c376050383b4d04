"""Golden cases: a folder with a tariff, a session, and what it costs, in JSON that a person can check by hand.

`session.json` holds a charge detail record under `cdr`, or a session of our own meter: `start`, `end` and `time_zone`,
with `slots_from`, `slot_s` and `wh` for its readings or `energy_wh` for its total.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from billing.domain.cdr.decoded import decode
from billing.domain.cdr.lines import price_line
from billing.domain.errors import BillingError
from billing.domain.explained.price import ExplainedPrice
from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rating import rate
from billing.domain.sessions.columns import ABSENT
from billing.domain.sessions.metering import from_slots
from billing.domain.tariff.model import parse_tariff
from billing.tests.domain.price_as_json import PARTS, as_json


def price_case(tariff: Any, session: dict[str, Any]) -> dict[str, Any]:
    """What a case costs, in the form of `expected.json`."""
    try:
        price, _zone = priced_case(tariff, session)
    except BillingError as problem:
        return {"error": {"code": problem.code, "field": problem.field}}
    document = as_json(price)
    return {
        "total": document["total"],
        **{name: document[name] for name in PARTS if document[name] is not None},
        "slices": [_short(one) for one in document["slices"]],
        "adjustments": document["adjustments"],
        "flags": document["flags"],
    }


def priced_case(tariff: Any, session: dict[str, Any]) -> tuple[ExplainedPrice, str]:
    """The price of a case and the zone it was charged in."""
    if "cdr" in session:
        return price_line(decode(json.dumps(session | {"tariffs": tariff}).encode()))
    wh = session.get("wh", [])
    start = _epoch(session["start"])
    columns = from_slots(
        start=[start],
        end=[_epoch(session["end"])],
        charging_end=[_epoch(session["charging_end"]) if "charging_end" in session else ABSENT],
        zone=session["time_zone"],
        slots_from=[_epoch(session["slots_from"]) if wh else start],
        wh=wh,
        offsets=[0, len(wh)],
        slot_s=session.get("slot_s", 900),
        energy_wh=[session.get("energy_wh", ABSENT)],
    )
    return session_price(rate(columns, parse_tariff(tariff)), 0), session["time_zone"]


def _epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _short(one: dict[str, Any]) -> dict[str, Any]:
    kept = ("from", "to", "meter_start_wh", "meter_stop_wh", "dimension", "quantity", "unit", "unit_price", "vat")
    return {name: one[name] for name in kept} | {
        "element": one["element"],
        "amount": one["amount"],
        **({"reserved": True} if one["reserved"] else {}),
        **({"is_step": True} if one["is_step"] else {}),
    }
