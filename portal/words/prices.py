"""Why a session costs what it costs, in words: the kernel's slices as rows and sentences for a page.

Amounts are shown to the minor unit (`ExplainedPrice.shown`): the rows a reader adds up give exactly the total that is
shown, also where single amounts have more decimals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from billing.domain import money
from billing.domain.explained.price import Adjustment, ExplainedPrice, Place, Slice
from billing.domain.tariff.model import Dimension
from portal.words import measures
from portal.words.tariffs import PER_UNIT, WHAT, incl_vat

SECONDS = "s"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the explanation, all of it written out."""

    at: str
    what: str
    quantity: str
    meter: str
    unit_price: str
    amount: str

    @property
    def sentence(self) -> str:
        """The row as a person would say it: `18:00–22:00: 7.412 kWh at SEK 3.20/kWh, SEK 23.72`."""
        facts = {"at": self.at, "what": self.what, "quantity": self.quantity, "price": self.unit_price}
        if not self.quantity:
            return _("%(at)s: %(what)s, %(price)s") % facts
        return _("%(at)s: %(quantity)s at %(price)s") % facts


@dataclass(frozen=True, slots=True)
class Story:
    """The whole explanation: rows, what follows them, and the totals, the last of which is to pay.

    is_cut: a greatest price of the tariff made it less than its rows.
    """

    slices: list[Step]
    totals: list[tuple[str, str]]
    notes: list[str]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """Where and from which day on a price is told, until when the car charged, and what of it changes its VAT."""

    tz: ZoneInfo
    first_day: object
    charged_until: datetime | None
    turned: frozenset[Place]


def story(price: ExplainedPrice, zone: str | ZoneInfo, *, charged_until: datetime | None = None) -> Story:
    """Explain a price with VAT, by the clock of the site where the car stood.

    charged_until: when the car took no more energy; what is said of energy ends there.
    """
    tz = ZoneInfo(zone) if isinstance(zone, str) else zone
    told = _Told(tz, _first_day(price.slices, tz), charged_until, price.turned())
    rows = [_step(part, amount, price.currency, told) for part, amount in zip(price.slices, price.shown, strict=False)]
    notes = _notes(price.flags)
    if told.turned:
        notes.append(_("The rate of VAT changed at midnight: what came before has the old rate, the rest the new one."))
    is_cut = any(part.kind == "MAXIMUM" for part in price.adjustments)
    return Story(rows, _totals(price, price.shown[len(rows) :]), notes, is_cut)


def _first_day(slices: Sequence[Slice], tz: ZoneInfo) -> object:
    return slices[0].start.astimezone(tz).date() if slices else None


def _step(part: Slice, amount: Decimal, currency: str, told: _Told) -> Step:
    return Step(
        at=_span(part, told),
        what=what(part, with_rate=part.place in told.turned),
        quantity=_quantity(part),
        meter=_meter(part),
        unit_price=unit_price(part, currency),
        amount=measures.money(amount, currency),
    )


def _span(part: Slice, told: _Told) -> str:
    start = clock(part.start.astimezone(told.tz), told.first_day)
    end = counted_until(part, told.charged_until)
    if part.dimension is Dimension.FLAT or part.start >= end:
        return start
    return f"{start}–{end.astimezone(told.tz):%H:%M}"


def counted_until(part: Slice, charged_until: datetime | None) -> datetime:
    """When a slice ended for its reader: energy ends with charging, though its price would have gone on."""
    if part.dimension is not Dimension.ENERGY or charged_until is None:
        return part.end
    return max(part.start, min(part.end, charged_until))


def clock(moment: datetime, first_day: object) -> str:
    """The clock, with the weekday when it is not the day on which the session began."""
    if moment.date() == first_day:
        return f"{moment:%H:%M}"
    return f"{WEEKDAYS_ABBR[moment.weekday()]} {moment:%H:%M}"


def what(part: Slice, *, with_rate: bool = False) -> str:
    """What a slice is for, and its rate of VAT where that changes."""
    if with_rate:
        return _("%(what)s, VAT %(rate)s") % {"what": what(part), "rate": measures.vat_rate(part.vat)}
    said = str(WHAT[part.dimension])
    if part.reserved:
        said = _("Reservation")
    return _("%(what)s, rounded up") % {"what": said} if part.is_step else said


def _quantity(part: Slice) -> str:
    if part.dimension is Dimension.FLAT:
        return ""
    if part.unit == SECONDS:
        minutes = part.quantity / 60
        return measures.quantity(minutes, "min", 0 if minutes == int(minutes) else 2)
    return measures.quantity(part.quantity, "kWh", 3)


def _meter(part: Slice) -> str:
    if part.dimension is not Dimension.ENERGY or part.meter_start_wh == 0:
        return ""
    return f"{measures.kwh(part.meter_start_wh, 3)} → {measures.kwh(part.meter_stop_wh, 3)}"


def unit_price(part: Slice, currency: str) -> str:
    """The price of a slice with VAT, in its unit."""
    price = part.unit_price if part.unit != SECONDS else part.unit_price / 60
    with_vat = incl_vat(price, None if part.tax_included else part.vat)
    return f"{measures.unit_price(with_vat, currency)}{PER_UNIT[part.dimension]}"


def _totals(price: ExplainedPrice, limits: Sequence[Decimal]) -> list[tuple[str, str]]:
    digits = money.minor_digits(price.currency)
    vat = price.to_pay - money.round_half_up(price.total.excl_vat, digits)
    rows = [(_limit(part), amount) for part, amount in zip(price.adjustments, limits, strict=True)]
    rows.append((_("Of which VAT"), vat))
    rows.append((_("Total"), price.to_pay))
    return [(label, measures.money(amount, price.currency)) for label, amount in rows]


def _limit(part: Adjustment) -> str:
    return _("Up to the minimum price") if part.kind == "MINIMUM" else _("Down to the maximum price")


def _notes(flags: Sequence[str]) -> list[str]:
    """What a reader should know about how the price was found; flags only for operators are left out."""
    words = {
        "INTERPOLATED": _(
            "The meter was not read exactly when the price changed; the energy in between was divided evenly."
        ),
        "ENERGY_DIFFERS": _("The meter's total and its readings differ; the total was billed."),
        "UNPRICED_ENERGY": _("Some of the energy had no price and was free."),
    }
    return [words[flag] for flag in flags if flag in words]
