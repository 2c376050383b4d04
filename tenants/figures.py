"""Figures as people read them, in Swedish and English: the one writer of numbers for pages, documents and sentences.

Pure: the language is handed in, and nothing here knows Django. Separators, the signs of per cent and of currencies, and
the names of months are Babel's (CLDR), looked up once for each language; the digits between them are Python's own. (A
call of Babel's `format_decimal` takes as long as ten figures here, and an invoice can have ten thousand.)

Whatever the language: rounded half up, away from zero, as `docs/rounding.md` says; a minus is U+2212, and what rounds
to zero has none; every space is a no-break space (U+00A0), so that a figure never splits over a line. Exact on the way:
a float is refused with a `TypeError`, because a page that rounds otherwise than the invoice is a page that finance
stops believing.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache, lru_cache
from typing import Final

from babel import Locale
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

NBSP: Final = "\u00a0"
MINUS: Final = "\u2212"

Amount = Decimal | int

#: Currencies that Swedish writes with a sign; the code of any other is unambiguous.
_SIGNED_IN_SWEDISH: Final = ("SEK", "EUR")
#: More digits than any sum has, so that none is lost on the way.
_EXACT: Final = Context(prec=200)


class Figures:
    """Writes the figures of one language. Get it from `figures`."""

    def __init__(self, language: str) -> None:
        locale = Locale.parse(language)
        self.language = language
        self._separators = str.maketrans({",": get_group_symbol(locale), ".": get_decimal_symbol(locale)})
        self._per_cent = locale.percent_formats[None].suffix[0]
        self._signs = {code: get_currency_symbol(code, locale) for code in _SIGNED_IN_SWEDISH}
        self._months: dict[int, str] = dict(locale.months["format"]["wide"])

    def number(self, value: Amount, decimals: int = 0) -> str:
        """A number with grouped thousands and exactly so many decimals: `1 204,50`, `1,204.50`."""
        minus, digits = self._parts(_exact(value), decimals)
        return f"{minus}{digits}"

    def all_decimals(self, value: Amount, at_least: int = 0) -> str:
        """A number with every decimal it has: `0,3925`."""
        exact = _exact(value)
        return self.number(exact, max(at_least, _decimals(exact)))

    def typed(self, value: Amount, at_least: int = 0) -> str:
        """A number as a keyboard writes it, to be read back: every decimal, no groups, a hyphen for minus."""
        exact = _exact(value) or Decimal(0)
        return f"{exact:.{max(at_least, _decimals(exact))}f}".translate(self._separators)

    def quantity(self, value: Amount, unit: str, decimals: int = 0) -> str:
        """A number of something: `12,35 kWh`. An invoice writes its amounts so too: `1 190,00 SEK`."""
        return f"{self.number(value, decimals)}{NBSP}{unit}"

    def kwh(self, energy_wh: Amount, decimals: int = 2) -> str:
        """Energy given in Wh, in kWh."""
        return self.quantity(_scaled(energy_wh, -3), "kWh", decimals)

    def kw(self, power_w: Amount, decimals: int = 1) -> str:
        """Power given in W, in kW."""
        return self.quantity(_scaled(power_w, -3), "kW", decimals)

    def money(self, amount: Amount, currency: str, decimals: int) -> str:
        """An amount with its currency, as a text has it: `1 190,00 kr`, `SEK 1,190.00`."""
        minus, digits = self._parts(_exact(amount), decimals)
        if self.language == "sv":
            return f"{minus}{digits}{NBSP}{self._signs.get(currency, currency)}"
        return f"{minus}{currency}{NBSP}{digits}"

    def unit_price(self, amount: Amount, currency: str, at_least: int) -> str:
        """A price with its currency and every decimal it has: `0,3925 kr`."""
        exact = _exact(amount)
        return self.money(exact, currency, max(at_least, _decimals(exact)))

    def percent(self, share: Amount, decimals: int = 0) -> str:
        """A share of one in per cent: `12,5 %`, `12.5%`."""
        return f"{self.number(_scaled(share, 2), decimals)}{self._per_cent}"

    def rate(self, per_cent: Amount) -> str:
        """What is given in per cent, such as a rate of VAT, with every decimal it has: `25 %`, `25%`."""
        return f"{self.all_decimals(per_cent)}{self._per_cent}"

    def duration(self, seconds: Amount) -> str:
        """A length of time in its two largest useful units: `42 s`, `7 min`, `5 h 07 min`, `3 d 4 h`."""
        exact = _exact(seconds)
        sign = MINUS if exact < 0 else ""
        return sign + _joined(_largest_units(int(exact.copy_abs())))

    def duration_exact(self, seconds: int) -> str:
        """A length of time to the second, without the units of which there are none: `2 h 5 min`, `45 min`, `30 s`."""
        hours, rest = divmod(seconds, 3600)
        minutes, left = divmod(rest, 60)
        parts = [(hours, "h"), (minutes, "min"), (left, "s")]
        return _joined([(str(count), unit) for count, unit in parts if count] or [("0", "min")])

    def day(self, day: date) -> str:
        """A day: ISO 8601 in Swedish; English names the month, which nobody misreads: `17 Mar 2026`."""
        if self.language == "sv":
            return f"{day:%Y-%m-%d}"
        return NBSP.join((str(day.day), self.month_short(day), str(day.year)))

    def month(self, day: date) -> str:
        """The month of a day: `mars 2026`, `March 2026`."""
        return f"{self._months[day.month]} {day.year}"

    def month_short(self, day: date) -> str:
        """The month where there is little room: `mar`, `Mar`."""
        return self._months[day.month][:3]

    def _parts(self, exact: Decimal, decimals: int) -> tuple[str, str]:
        rounded = exact.quantize(_quantum(decimals), rounding=ROUND_HALF_UP, context=_EXACT)
        return MINUS if rounded < 0 else "", f"{rounded.copy_abs():,.{decimals}f}".translate(self._separators)


def figures(language: str | None) -> Figures:
    """The figures of a language, such as `sv` or `sv-se`; English for one we do not have."""
    return _figures("sv" if (language or "").startswith("sv") else "en")


_figures = cache(Figures)


@lru_cache(maxsize=32)
def _quantum(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize(_EXACT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _exact(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise TypeError(f"a figure is Decimal or int, not {type(value).__name__}: {value!r}")
    return Decimal(value)


def _scaled(value: Amount, power: int) -> Decimal:
    return _exact(value).scaleb(power, context=_EXACT)


def _largest_units(seconds: int) -> list[tuple[str, str]]:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 60:
        return [(str(seconds), "s")]
    if minutes < 60:
        return [(str(minutes), "min")]
    if hours < 48:
        return [(str(hours), "h"), (f"{minutes % 60:02d}", "min")]
    return [(str(days), "d"), (str(hours % 24), "h")]


def _joined(parts: list[tuple[str, str]]) -> str:
    return NBSP.join(f"{count}{NBSP}{unit}" for count, unit in parts)
