"""The price of a session in words, in Swedish and English, in the local time of the place of charging.

One sentence a slice ("18:00–22:00, 7.412 kWh at 3.20 SEK: 23.7184 SEK"), one for each step, minimum or maximum, and one
for the total. Prices are shown excluding VAT, as the tariff has them.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from billing.domain.explained.price import Adjustment, SessionPrice, Slice
from billing.domain.money import round_half_up
from billing.domain.tariff.model import Dimension
from billing.domain.zones import zone_named

_WORDS: Final = {
    "en": {
        "ENERGY": "{when}, {quantity} kWh at {price} {currency}: {amount} {currency}",
        "TIME": "{when}, {quantity} charging at {price} {currency} an hour: {amount} {currency}",
        "PARKING_TIME": "{when}, {quantity} parking at {price} {currency} an hour: {amount} {currency}",
        "RESERVED": "{when}, {quantity} reserved at {price} {currency} an hour: {amount} {currency}",
        "FLAT": "{start}, fee: {amount} {currency}",
        "RESERVED_FLAT": "{start}, fee for the reservation: {amount} {currency}",
        "STEP_ENERGY": "Rounded up to the next step: {quantity} kWh at {price} {currency}: {amount} {currency}",
        "STEP_TIME": "Rounded up to the next step: {quantity} at {price} {currency} an hour: {amount} {currency}",
        "MINIMUM": "Up to the minimum price: {amount} {currency}",
        "MAXIMUM": "Down to the maximum price: {amount} {currency}",
        "TOTAL": "Total: {amount} {currency} excluding VAT, {incl} {currency} including VAT",
        "TOTAL_EXCL": "Total: {amount} {currency}",
        "MIXED": "Nothing of this session has a price",
    },
    "sv": {
        "ENERGY": "{when}, {quantity} kWh à {price} {currency}: {amount} {currency}",
        "TIME": "{when}, {quantity} laddning à {price} {currency} per timme: {amount} {currency}",
        "PARKING_TIME": "{when}, {quantity} parkering à {price} {currency} per timme: {amount} {currency}",
        "RESERVED": "{when}, {quantity} reservation à {price} {currency} per timme: {amount} {currency}",
        "FLAT": "{start}, avgift: {amount} {currency}",
        "RESERVED_FLAT": "{start}, avgift för reservationen: {amount} {currency}",
        "STEP_ENERGY": "Avrundat upp till nästa steg: {quantity} kWh à {price} {currency}: {amount} {currency}",
        "STEP_TIME": "Avrundat upp till nästa steg: {quantity} à {price} {currency} per timme: {amount} {currency}",
        "MINIMUM": "Upp till lägsta pris: {amount} {currency}",
        "MAXIMUM": "Ned till högsta pris: {amount} {currency}",
        "TOTAL": "Summa: {amount} {currency} exklusive moms, {incl} {currency} inklusive moms",
        "TOTAL_EXCL": "Summa: {amount} {currency}",
        "MIXED": "Ingenting i den här laddningen har ett pris",
    },
}


def sentences(price: SessionPrice, zone: str, language: str = "en") -> list[str]:
    """Why the session costs what it costs, one sentence for each part.

    `zone` is where the charging took place; `language` "sv" or "en" (any other, such as "sv-SE", by its first part,
    English if unknown).
    """
    code = language.partition("-")[0].lower()
    teller = _Teller(price.currency, zone, code if code in _WORDS else "en")
    told = [teller.slice(one) for one in price.slices]
    told += [teller.adjustment(one) for one in price.adjustments]
    return [*(told or [teller.words["MIXED"]]), teller.total(price)]


class _Teller:
    """Finds the words of one language and prints numbers and times its way."""

    def __init__(self, currency: str, zone: str, language: str) -> None:
        self.words = _WORDS[language]
        self.comma = language == "sv"
        self.currency = currency
        self.zone = zone_named(zone)

    def slice(self, one: Slice) -> str:
        return self.words[_key(one)].format(
            when=self._when(one.start, one.end),
            start=self._clock(one.start),
            quantity=self._number(_three(one.quantity))
            if one.unit == "kWh"
            else _duration(int(round_half_up(one.quantity, 0))),
            price=self._number(_two(one.unit_price)),
            amount=self._money(one.amount),
            currency=self.currency,
        )

    def adjustment(self, one: Adjustment) -> str:
        return self.words[one.kind].format(amount=self._money(one.cost.excl_vat), currency=self.currency)

    def total(self, price: SessionPrice) -> str:
        incl = price.total.incl_vat
        amount = self._money(price.total.excl_vat)
        if incl is None:
            return self.words["TOTAL_EXCL"].format(amount=amount, currency=self.currency)
        return self.words["TOTAL"].format(amount=amount, incl=self._money(incl), currency=self.currency)

    def _when(self, start: datetime, end: datetime) -> str:
        return f"{self._clock(start)}–{self._clock(end)}"

    def _clock(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return local.strftime("%H:%M:%S" if local.second else "%H:%M")

    def _money(self, amount: Decimal) -> str:
        return self._number(_two(amount))

    def _number(self, value: Decimal) -> str:
        text = f"{value:f}"
        return text.replace(".", ",") if self.comma else text


def _key(one: Slice) -> str:
    if one.is_step:
        return "STEP_ENERGY" if one.dimension is Dimension.ENERGY else "STEP_TIME"
    if one.reserved:
        return "RESERVED_FLAT" if one.dimension is Dimension.FLAT else "RESERVED"
    return one.dimension.value


def _duration(seconds: int) -> str:
    """`2 h 05 min`, with seconds only where there are any."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes or not (hours or left) else []
    parts += [f"{left} s"] if left else []
    return " ".join(parts)


def _two(value: Decimal) -> Decimal:
    """At least two decimals, more only where the value has them."""
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    return round_half_up(plain, max(2, -exponent if isinstance(exponent, int) else 2))


def _three(value: Decimal) -> Decimal:
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    return round_half_up(plain, max(3, -exponent if isinstance(exponent, int) else 3))
