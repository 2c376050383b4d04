"""What an entered tariff comes to while it is being made: when each row counts, example sessions.

Examples are priced by the kernel that prices real sessions, by the tariff in force and by the one that is entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.domain.errors import BillingError
from billing.domain.explained.price import ExplainedPrice
from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rating import rate
from billing.domain.sessions import metering
from billing.domain.sessions.columns import Sessions
from billing.domain.tariff.model import Dimension, Tariff, parse_tariff
from portal.web.finance.tariffs.form import ExampleForm
from portal.web.finance.tariffs.rows import PriceSheet
from portal.words import prices as price_words
from portal.words import tariff_reach
from portal.words import tariffs as tariff_words
from portal.words.changes import Change
from portal.words.say import why
from tenants.models import Operator


@dataclass(frozen=True, slots=True)
class Typical:
    """A session as many are: plugged in on a weekday (0 is Monday) at a time, charging and staying so many minutes."""

    name: str | Promise
    told: str | Promise
    day: int
    at: time
    kwh: int
    charging: int
    stay: int


TYPICAL: Final = (
    Typical(_("Quick stop"), _("Tue 12:00, 15 kWh in 45 min"), 1, time(12), 15, 45, 60),
    Typical(_("Overnight"), _("Tue 18:00, 35 kWh in 5 h, stays 13 h"), 1, time(18), 35, 300, 780),
    Typical(_("Weekend"), _("Sat 11:00, 20 kWh in 2 h, stays 4 h"), 5, time(11), 20, 120, 240),
)


def of_sheet(
    sheet: PriceSheet, numbers: list[int], example: ExampleForm, operator: Operator, current: Tariff | None
) -> dict[str, Any]:
    """The variables of the preview; what the tariff cannot be priced for, if that is so.

    numbers: what the form calls the rows of the sheet, in their order.
    """
    try:
        tariff = parse_tariff({"id": "preview", **sheet.document()})
    except BillingError as problem:
        return {"unpriceable": why(problem)}
    today = timezone.now().astimezone(operator.zone).date()
    own = example.session(zone=operator.time_zone, today=today) if example.is_valid() else None
    priced = None if own is None else _price(own, tariff)
    return {
        "remarks": tariff_words.remarks(tariff),
        "counting": _counting(sheet, numbers, tariff),
        "typical": [(one.name, one.told, _change(_session(one, operator, today), tariff, current)) for one in TYPICAL],
        "own": None if own is None else _change(own, tariff, current),
        "story": price_words.story(priced, operator.zone) if priced else None,
        "compared": current is not None,
    }


def _counting(sheet: PriceSheet, numbers: list[int], tariff: Tariff) -> dict[int, tariff_reach.Counting]:
    of_price: dict[tuple[int, Dimension], int] = {}
    for number, (element, dimension) in zip(numbers, sheet.positions(), strict=True):
        own = [dimension] if dimension else [one.type for one in tariff.elements[element].price_components]
        for each in own:
            of_price.setdefault((element, each), number)
    return tariff_reach.counting(tariff, of_price)


def _session(one: Typical, operator: Operator, today: date) -> Sessions:
    day = today + timedelta((one.day - today.weekday()) % 7)
    begin = datetime.combine(day, one.at, operator.zone).astimezone(UTC)
    charged = begin + timedelta(minutes=one.charging)
    return metering.from_totals(
        start=[int(begin.timestamp())],
        end=[int((begin + timedelta(minutes=one.stay)).timestamp())],
        zone=operator.time_zone,
        energy_wh=[one.kwh * 1000],
        charging_end=[int(charged.timestamp())],
    )


def _price(session: Sessions, tariff: Tariff) -> ExplainedPrice | None:
    try:
        return session_price(rate(session, tariff), 0)
    except BillingError:  # such as a tariff that is not valid on that day
        return None


def _change(session: Sessions, tariff: Tariff, current: Tariff | None) -> Change:
    return Change(_total(session, current), _total(session, tariff), tariff.currency)


def _total(session: Sessions, tariff: Tariff | None) -> Decimal | None:
    price = _price(session, tariff) if tariff else None
    return None if price is None else price.to_pay
