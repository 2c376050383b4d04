"""The price of a session as the command line tells it, in the local time of the site.

One sentence a slice ("18:00–22:00, 7.412 kWh at 3.20 SEK: 23.7184 SEK"), one for each step, minimum or maximum, and one
for the total. Prices and amounts are shown as the tariff has them, without VAT or with it. Figures are as they are
typed, so that a line can be worked on by a program: no groups, ordinary spaces and hyphens.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.domain.explained.price import Adjustment, ExplainedPrice, Slice
from billing.domain.money import round_half_up
from billing.domain.tariff.model import Dimension
from billing.domain.zones import zone_named
from tenants.figures import NBSP, figures

_WORDS: dict[str, str | Promise] = {
    "ENERGY": _("%(when)s, %(quantity)s kWh at %(price)s %(currency)s: %(amount)s %(currency)s"),
    "TIME": _("%(when)s, %(quantity)s charging at %(price)s %(currency)s an hour: %(amount)s %(currency)s"),
    "PARKING_TIME": _("%(when)s, %(quantity)s parking at %(price)s %(currency)s an hour: %(amount)s %(currency)s"),
    "RESERVED": _("%(when)s, %(quantity)s reserved at %(price)s %(currency)s an hour: %(amount)s %(currency)s"),
    "FLAT": _("%(start)s, fee: %(amount)s %(currency)s"),
    "RESERVED_FLAT": _("%(start)s, fee for the reservation: %(amount)s %(currency)s"),
    "STEP_ENERGY": _(
        "Rounded up to the next step: %(quantity)s kWh at %(price)s %(currency)s: %(amount)s %(currency)s"
    ),
    "STEP_TIME": _(
        "Rounded up to the next step: %(quantity)s at %(price)s %(currency)s an hour: %(amount)s %(currency)s"
    ),
    "MINIMUM": _("Up to the minimum price: %(amount)s %(currency)s"),
    "MAXIMUM": _("Down to the maximum price: %(amount)s %(currency)s"),
    "TOTAL": _("Total: %(amount)s %(currency)s excluding VAT, %(incl)s %(currency)s including VAT"),
    "TOTAL_EXCL": _("Total: %(amount)s %(currency)s"),
    "MIXED": _("Nothing of this session has a price"),
}


def sentences(price: ExplainedPrice, zone: str) -> list[str]:
    """Why the session costs what it costs, one sentence for each part, in the present language.

    `zone` is where the charging took place.
    """
    teller = _Teller(price, zone)
    told = [teller.slice(one) for one in price.slices]
    told += [teller.adjustment(one) for one in price.adjustments]
    return [*(told or [str(_WORDS["MIXED"])]), teller.total(price)]


class _Teller:
    """Prints the numbers and times of one session."""

    def __init__(self, price: ExplainedPrice, zone: str) -> None:
        self.currency = price.currency
        self.tax_included = price.tax_included
        self.zone = zone_named(zone)
        self.figures = figures(get_language())

    def say(self, word: str, **facts: str) -> str:
        return str(_WORDS[word]) % {**facts, "currency": self.currency}

    def slice(self, one: Slice) -> str:
        return self.say(
            _key(one),
            when=self._when(one.start, one.end),
            start=self._clock(one.start),
            quantity=self._quantity(one),
            price=self._price(one.unit_price),
            amount=self._amount(one.amount, one.amount_incl),
        )

    def adjustment(self, one: Adjustment) -> str:
        return self.say(one.kind, amount=self._amount(one.cost.excl_vat, one.cost.incl_vat))

    def total(self, price: ExplainedPrice) -> str:
        incl = price.total.incl_vat
        amount = self._price(price.total.excl_vat)
        if incl is None:
            return self.say("TOTAL_EXCL", amount=amount)
        return self.say("TOTAL", amount=amount, incl=self._price(incl))

    def _when(self, start: datetime, end: datetime) -> str:
        return f"{self._clock(start)}–{self._clock(end)}"

    def _clock(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return local.strftime("%H:%M:%S" if local.second else "%H:%M")

    def _quantity(self, one: Slice) -> str:
        if one.unit == "kWh":
            return self.figures.typed(one.quantity, at_least=3)
        seconds = int(round_half_up(one.quantity, 0))
        return self.figures.duration_exact(seconds).replace(NBSP, " ")

    def _amount(self, excl_vat: Decimal, incl_vat: Decimal | None) -> str:
        return self._price(incl_vat if self.tax_included and incl_vat is not None else excl_vat)

    def _price(self, amount: Decimal) -> str:
        return self.figures.typed(amount, at_least=2)


def _key(one: Slice) -> str:
    if one.is_step:
        return "STEP_ENERGY" if one.dimension is Dimension.ENERGY else "STEP_TIME"
    if one.reserved:
        return "RESERVED_FLAT" if one.dimension is Dimension.FLAT else "RESERVED"
    return one.dimension.value
