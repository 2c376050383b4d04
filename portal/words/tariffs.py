"""A tariff for people: its prices as rows with "what" and "when", as chips, and as a week of hours.

OCPI prices may exclude VAT, and time is priced per hour; a driver is told prices with VAT, and minutes.
Everything here only words what the tariff says; what a session costs is the kernel's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.dates import WEEKDAYS as DAY_NAMES
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from billing.domain import money
from billing.domain.lint.remarks import lint_tariff
from billing.domain.tariff.model import WEEKDAYS, Dimension, Element, PriceComponent, Restrictions, Tariff
from billing.domain.tariff.windows import MINUTES_OF_DAY, week_table
from billing.selectors.vat_rates import Other
from portal.words import regions
from portal.words.measures import all_decimals, unit_price, vat_rate
from portal.words.say import say

WHAT: dict[Dimension, str | Promise] = {
    Dimension.ENERGY: gettext_lazy("Energy"),
    Dimension.TIME: gettext_lazy("Charging time"),
    Dimension.PARKING_TIME: gettext_lazy("Parking after charging"),
    Dimension.FLAT: gettext_lazy("Start fee"),
}
UNITS: dict[Dimension, str | Promise] = {
    Dimension.ENERGY: gettext_lazy("per kWh"),
    Dimension.TIME: gettext_lazy("per minute"),
    Dimension.PARKING_TIME: gettext_lazy("per minute"),
    Dimension.FLAT: gettext_lazy("per session"),
}
PER_UNIT = {
    Dimension.ENERGY: "/kWh",
    Dimension.TIME: "/min",
    Dimension.PARKING_TIME: "/min",
    Dimension.FLAT: "",
}
#: As OCPI writes them.
PER_HOUR_UNIT = {**PER_UNIT, Dimension.TIME: "/h", Dimension.PARKING_TIME: "/h"}
#: What else a tariff's document may say, by its OCPI name.
BESIDES: dict[str, str | Promise] = {
    "type": gettext_lazy("Kind of tariff"),
    "start_date_time": gettext_lazy("Valid from"),
    "end_date_time": gettext_lazy("Valid until"),
    "min_price": gettext_lazy("At least"),
    "max_price": gettext_lazy("At most"),
    "tariff_alt_text": gettext_lazy("Text for drivers"),
    "tariff_alt_url": gettext_lazy("Page for drivers"),
    "energy_mix": gettext_lazy("Energy mix"),
}
TIMED = {Dimension.TIME, Dimension.PARKING_TIME}
SHOWN_DECIMALS = 4

#: Bands of the week clock for one to five different prices, cheapest first.
BANDS = {1: (3,), 2: (1, 4), 3: (1, 3, 5), 4: (1, 2, 4, 5), 5: (1, 2, 3, 4, 5)}


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price of a tariff: for what, when, and how much with and without VAT in the shown unit."""

    dimension: Dimension
    what: str
    when: str
    unit: str
    excl_vat: Decimal
    vat: Decimal | None
    incl_vat: Decimal
    currency: str

    @property
    def vat_said(self) -> str:
        """The VAT rate with as many decimals as it has; a dash where no VAT applies."""
        return vat_rate(self.vat)

    @property
    def told(self) -> str:
        """The price as a driver is told it."""
        return f"{unit_price(self.incl_vat, self.currency)}{PER_UNIT[self.dimension]}"


@dataclass(frozen=True, slots=True)
class Week:
    """The energy price of each hour of a week in bands, and what the bands mean."""

    hours: list[list[int]]
    legend: list[tuple[int, str]]
    label: str
    note: str


def rows(tariff: Tariff) -> list[PriceRow]:
    """The prices in the order in which a person asks: energy, time, parking, fee."""
    order = list(WHAT)
    found = [_row(tariff, element, component) for element in tariff.elements for component in element.price_components]
    return sorted(found, key=lambda row: order.index(row.dimension))


def bounds(tariff: Tariff) -> list[tuple[str, Decimal]]:
    """The least and the greatest price of a session, with VAT where the tariff says so."""
    named = ((_("At least"), tariff.min_price), (_("At most"), tariff.max_price))
    return [(label, bound.excl_vat if bound.incl_vat is None else bound.incl_vat) for label, bound in named if bound]


def prices(tariff: Tariff) -> dict[str, str]:
    """Every price of the tariff as a driver is told it, by what it is for and when."""
    named = {f"{row.what}, {row.when}": row.told for row in rows(tariff)}
    return named | {label: unit_price(amount, tariff.currency) for label, amount in bounds(tariff)}


def changes(before: Tariff | None, after: Tariff | None) -> list[tuple[str, str, str]]:
    """What differs between two wordings of a tariff, price by price: (which price, before, after)."""
    old, new = (prices(terms) if terms else {} for terms in (before, after))
    return [
        (name, old.get(name, ""), new.get(name, ""))
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    ]


def chips(tariff: Tariff) -> list[str]:
    """The tariff in a few short words, prices with VAT: `2.10–3.20 SEK/kWh`, `start 5 SEK`."""
    listed = rows(tariff)
    made = [_span([row for row in listed if row.dimension is dimension]) for dimension in WHAT]
    limits = [f"{label.lower()} {unit_price(amount, tariff.currency)}" for label, amount in bounds(tariff)]
    return [chip for chip in made if chip] + limits


def remarks(tariff: Tariff) -> list[tuple[str, str]]:
    """What a person should know before publishing: (sentence, the hours or days it is about)."""
    return [(say(finding.code, finding.facts), _where(tariff, finding.path)) for finding in lint_tariff(tariff)]


def other_rate(other: Other) -> str:
    """That energy is priced with another rate of VAT than the standard one of a country where the tariff applies."""
    facts = {
        "country": regions.country(other.standard.country),
        "standard": vat_rate(other.standard.percent),
        "day": _day(other.standard.since),
        "rate": vat_rate(other.priced),
    }
    said = _(
        "Energy is priced with %(rate)s VAT, but the tariff applies in %(country)s, "
        "where the standard rate has been %(standard)s since %(day)s."
    )
    if other.priced is None:
        said = _(
            "Energy is priced without VAT, but the tariff applies in %(country)s, "
            "where the standard rate has been %(standard)s since %(day)s."
        )
    return said % facts


def week(tariff: Tariff) -> Week:
    """Which energy price applies at the start of each hour, Monday first.

    Elements that also depend on energy, power, duration or season are left out, and the note says so.
    """
    prices = [[_price_at(tariff, day * MINUTES_OF_DAY + hour * 60) for hour in range(24)] for day in range(7)]
    distinct = sorted({price for day in prices for price in day if price is not None})
    band_of = bands(distinct)
    unpriced = any(price is None for day in prices for price in day)
    return Week(
        hours=[[0 if price is None else band_of[price] for price in day] for day in prices],
        legend=_legend(band_of, tariff.currency, unpriced=unpriced),
        label=_("Energy price by weekday and hour"),
        note=_left_out(tariff),
    )


def when(restrictions: Restrictions) -> str:
    """When an element applies, in words; empty when it always does."""
    parts = [
        days(restrictions.day_of_week),
        _clock(restrictions),
        _season(restrictions),
        *(_range(restrictions, *names) for names in _RANGES),
        _late(restrictions),
        _("while reserved") if restrictions.reservation else "",
    ]
    return ", ".join(part for part in parts if part)


def told(element: Element) -> list[str]:
    """Each price of an element as the document has it, without its currency: `Energy 2.00/kWh, 06:00–22:00`."""
    conditions = when(element.restrictions)
    return [
        f"{WHAT[one.type]} {all_decimals(one.price, 2)}{PER_HOUR_UNIT[one.type]}"
        + (f", {conditions}" if conditions else "")
        for one in element.price_components
    ]


def besides(rest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a tariff's document says that neither prices nor limits of the form are: (what, written)."""
    return [(str(name), _short_json(rest[key])) for key, name in BESIDES.items() if rest.get(key) not in (None, "", [])]


def incl_vat(price: Decimal, vat: Decimal | None) -> Decimal:
    """A price with its VAT (None: it has none, or includes it), in as many decimals as a price list shows."""
    return money.round_half_up(Fraction(price) * (1 + Fraction(vat or 0) / 100), SHOWN_DECIMALS).normalize()


def _where(tariff: Tariff, path: str) -> str:
    """An element, found by its path in the document, as the hours and days it applies in."""
    number = re.match(r"elements\[(\d+)\]", path)
    return when(tariff.elements[int(number[1])].restrictions) if number else ""


def _row(tariff: Tariff, element: Element, component: PriceComponent) -> PriceRow:
    said = Fraction(component.price) / (60 if component.type in TIMED else 1)
    factor = 1 + Fraction(component.vat or 0) / 100
    excl, with_vat = (said / factor, said) if tariff.tax_included else (said, said * factor)
    return PriceRow(
        dimension=component.type,
        what=str(WHAT[component.type]),
        when=when(element.restrictions) or _otherwise(tariff, component.type),
        unit=str(UNITS[component.type]),
        excl_vat=money.round_half_up(excl, 6).normalize(),
        vat=component.vat,
        incl_vat=money.round_half_up(with_vat, SHOWN_DECIMALS).normalize(),
        currency=tariff.currency,
    )


def _otherwise(tariff: Tariff, dimension: Dimension) -> str:
    """What "no restriction" means: always, or whenever no other price of the kind applies."""
    named = sum(component.type is dimension for element in tariff.elements for component in element.price_components)
    return _("all other times") if named > 1 else _("always")


def _span(listed: Sequence[PriceRow]) -> str:
    """One kind of price as a chip, from the cheapest to the dearest."""
    if not listed:
        return ""
    dimension, currency = listed[0].dimension, listed[0].currency
    prices = sorted({row.incl_vat for row in listed})
    said = f"{_from_to(prices[0], prices[-1], currency)}{PER_UNIT[dimension]}"
    if dimension is Dimension.ENERGY:
        return said
    words = {
        Dimension.TIME: pgettext("a price", "charging"),
        Dimension.PARKING_TIME: _("parking"),
        Dimension.FLAT: _("start"),
    }
    return f"{words[dimension]} {said}"


def _from_to(low: Decimal, high: Decimal, currency: str) -> str:
    """One amount or a span of two, with the currency once, where the language writes it."""
    first, last = unit_price(low, currency), unit_price(high, currency)
    if low == high:
        return last
    if last.startswith(currency):
        return f"{first}–{last.removeprefix(currency).lstrip()}"
    return f"{all_decimals(low, 2)}–{last}"


def _price_at(tariff: Tariff, minute: int) -> Decimal | None:
    for element in tariff.elements:
        if not _only_clock(element.restrictions):
            continue
        table = week_table(element.restrictions)
        if table is None or table[minute]:
            for component in element.price_components:
                if component.type is Dimension.ENERGY:
                    return incl_vat(component.price, None if tariff.tax_included else component.vat)
    return None


def _only_clock(restrictions: Restrictions) -> bool:
    clock = {"start_time", "end_time", "day_of_week"}
    return not any(getattr(restrictions, name) for name in Restrictions.__slots__ if name not in clock)


def not_drawn() -> str:
    """Why a price is missing in the week."""
    return _("Prices that also depend on energy, power, duration or season are not drawn.")


def _left_out(tariff: Tariff) -> str:
    hidden = any(
        component.type is Dimension.ENERGY and not _only_clock(element.restrictions)
        for element in tariff.elements
        for component in element.price_components
    )
    return not_drawn() if hidden else ""


def bands(distinct: Sequence[Decimal]) -> dict[Decimal, int]:
    """A band for each price; with more than five prices neighbours share one."""
    if len(distinct) <= 5:
        return dict(zip(distinct, BANDS.get(len(distinct), ()), strict=True))
    return {price: 1 + rank * 5 // len(distinct) for rank, price in enumerate(distinct)}


def _legend(band_of: dict[Decimal, int], currency: str, *, unpriced: bool) -> list[tuple[int, str]]:
    entries = []
    for band in sorted(set(band_of.values())):
        inside = [price for price, own in band_of.items() if own == band]
        entries.append((band, f"{_from_to(inside[0], inside[-1], currency)}/kWh"))
    return [(0, _("no price")), *entries] if unpriced else entries


def days(names: Sequence[str]) -> str:
    """Days of the week in their order: `Mon–Fri`, `Saturday`, `Sat, Sun`; empty for all of them."""
    numbers = [WEEKDAYS.index(name) for name in names]
    if not numbers or len(numbers) == 7:
        return ""
    if len(numbers) == 1:
        return str(DAY_NAMES[numbers[0]])
    if numbers == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 2:
        return f"{WEEKDAYS_ABBR[numbers[0]]}–{WEEKDAYS_ABBR[numbers[-1]]}"
    return ", ".join(str(WEEKDAYS_ABBR[day]) for day in numbers)


def _clock(restrictions: Restrictions) -> str:
    start, end = restrictions.start_time, restrictions.end_time
    if start is None and end is None:
        return ""
    return f"{start or '00:00':%H:%M}–{end:%H:%M}" if start and end else _half_open(restrictions)


def _half_open(restrictions: Restrictions) -> str:
    if restrictions.start_time:
        return f"{restrictions.start_time:%H:%M}–24:00"
    return f"00:00–{restrictions.end_time:%H:%M}"


def _season(restrictions: Restrictions) -> str:
    first, last = restrictions.start_date, restrictions.end_date
    if first and last:
        return _("from %(first)s until %(last)s") % {"first": _day(first), "last": _day(last)}
    if first:
        return _("from %(first)s") % {"first": _day(first)}
    return _("until %(last)s") % {"last": _day(last)} if last else ""


def _day(day: object) -> str:
    return f"{day:%Y-%m-%d}"


_RANGES = (
    ("min_kwh", "max_kwh", "kWh"),
    ("min_power", "max_power", "kW"),
    ("min_current", "max_current", "A"),
)


def _range(restrictions: Restrictions, low: str, high: str, unit: str) -> str:
    least, below = getattr(restrictions, low), getattr(restrictions, high)
    if least is not None and below is not None:
        return f"{_short(least)}–{_short(below)} {unit}"
    if least is not None:
        return _("from %(amount)s") % {"amount": f"{_short(least)} {unit}"}
    return _("below %(amount)s") % {"amount": f"{_short(below)} {unit}"} if below is not None else ""


def _late(restrictions: Restrictions) -> str:
    least, below = restrictions.min_duration, restrictions.max_duration
    said = []
    if least is not None:
        said.append(_("from %(time)s after plug-in") % {"time": _minutes(least)})
    if below is not None:
        said.append(_("until %(time)s after plug-in") % {"time": _minutes(below)})
    return ", ".join(said)


def _minutes(seconds: int) -> str:
    minutes = seconds // 60
    if minutes and minutes % 60 == 0:
        return ngettext("%(count)d hour", "%(count)d hours", minutes // 60) % {"count": minutes // 60}
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


def _short_json(value: object) -> str:
    """A value of a document as one line of at most 120 signs."""
    if isinstance(value, Mapping):
        value = ", ".join(f"{key} {_short_json(part)}" for key, part in value.items())
    elif isinstance(value, list):
        value = "; ".join(_short_json(part) for part in value)
    text = str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def _short(amount: Decimal) -> str:
    return all_decimals(amount)
