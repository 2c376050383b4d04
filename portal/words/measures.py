"""Write quantities the way people read them: money, energy, time, shares.

The database keeps exact units (`*_wh`, `*_s`, `Decimal` money, aware UTC); a page shows
them in the reader's language. Everything stays exact on the way: a float is refused with
a `TypeError`, because a page that rounds differently from the invoice is a page that
finance stops believing. What is missing is shown as a dash, never as zero.

Swedish and English differ in more than the comma: `1 190,00 kr` and `SEK 1,190.00`. All
spaces inside a quantity are no-break spaces, so that a figure never splits over a line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from billing.domain.money import minor_digits

DASH = "\u2013"
NBSP = "\u00a0"
MINUS = "\u2212"

SWEDISH_SYMBOLS = {"SEK": "kr", "EUR": "€"}
"""What Swedish writes after the amount; other currencies keep their code, which is unambiguous."""

Quantity = Decimal | int | None


def money(amount: Quantity, currency: str = "SEK") -> str:
    """An amount with its currency, to the smallest unit: `1 190,00 kr`, `SEK 1,190.00`."""
    if amount is None:
        return DASH
    places = minor_digits(currency)
    return _with_currency(_number(_exact(amount, "money"), places), currency)


def unit_price(amount: Quantity, currency: str = "SEK") -> str:
    """A price per unit with all its decimals, at least two: `0,3925 kr`."""
    if amount is None:
        return DASH
    exact = _exact(amount, "unit_price").normalize()
    exponent = exact.as_tuple().exponent
    places = max(-exponent, minor_digits(currency)) if isinstance(exponent, int) else 2
    return _with_currency(_number(exact, places), currency)


def kwh(energy_wh: Quantity, places: int = 2) -> str:
    """Energy given in Wh, shown in kWh: `12 345` Wh is `12,35 kWh`; `|kwh:3` hides nothing."""
    if energy_wh is None:
        return DASH
    return f"{_number(_exact(energy_wh, 'kwh').scaleb(-3), places)}{NBSP}kWh"


def kw(power_w: Quantity, places: int = 1) -> str:
    """Power given in W, shown in kW."""
    if power_w is None:
        return DASH
    return f"{_number(_exact(power_w, 'kw').scaleb(-3), places)}{NBSP}kW"


def number(value: Quantity, places: int = 0) -> str:
    """A plain number with grouped thousands."""
    return DASH if value is None else _number(_exact(value, "number"), places)


def percent(share: Quantity, places: int = 0) -> str:
    """A share of one as a percentage: `Decimal("0.125")` is `13 %` (`12,5 %` with one place)."""
    if share is None:
        return DASH
    figure = _number(_exact(share, "percent").scaleb(2), places)
    return f"{figure}{NBSP}%" if _swedish() else f"{figure}%"


def duration(seconds: Quantity) -> str:
    """A length of time in its two largest useful units: `42 s`, `7 min`, `5 h 07 min`, `3 d 4 h`."""
    if seconds is None:
        return DASH
    exact = _exact(seconds, "duration")
    sign = MINUS if exact < 0 else ""
    whole = int(abs(exact))
    if whole < 60:
        return f"{sign}{whole}{NBSP}s"
    minutes = whole // 60
    if minutes < 60:
        return f"{sign}{minutes}{NBSP}min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{sign}{hours}{NBSP}h{NBSP}{minutes:02d}{NBSP}min"
    days, hours = divmod(hours, 24)
    return f"{sign}{days}{NBSP}{gettext('d')}{NBSP}{hours}{NBSP}h"


def local_time(moment: datetime | None, zone: str | ZoneInfo = "UTC") -> SafeString | str:
    """An instant as date and clock in `zone`, inside `<time>` with the exact instant."""
    return _time_element(moment, zone, lambda local: f"{_date(local)}{NBSP}{local:%H:%M}")


def local_time_exact(moment: datetime | None, zone: str | ZoneInfo = "UTC") -> SafeString | str:
    """Date, clock with seconds and the offset, which tells the two readings of a repeated hour apart."""

    def written(local: datetime) -> str:
        return f"{_date(local)}{NBSP}{local:%H:%M:%S} {local.isoformat()[-6:]}"

    return _time_element(moment, zone, written)


def local_date(moment: datetime | date | None, zone: str | ZoneInfo = "UTC") -> SafeString | str:
    """The day of an instant in `zone`; a plain date is shown as it is."""
    if isinstance(moment, date) and not isinstance(moment, datetime):
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), _date(moment))
    return _time_element(moment, zone, _date)


def local_clock(moment: datetime | None, zone: str | ZoneInfo = "UTC") -> SafeString | str:
    """Only the clock of an instant in `zone`: `14:05`."""
    return _time_element(moment, zone, lambda local: f"{local:%H:%M}")


def month(day: date | None) -> str:
    """A billing month: `March 2025`."""
    return DASH if day is None else date_format(day, "F Y")


def month_short(day: date | None) -> str:
    """A month where there is little room: `Mar`. Swedish writes it `mar`, as it writes every month."""
    return DASH if day is None else date_format(day, "b" if _swedish() else "M")


def ago(moment: datetime | None, now: datetime) -> SafeString | str:
    """How long ago an instant was, refreshed by `relative-time.js` while the page stands open."""
    if moment is None:
        return DASH
    seconds = max(0, int((now - moment).total_seconds()))
    return format_html(
        '<time datetime="{}" data-relative>{}</time>',
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        _ago_text(seconds),
    )


def _ago_text(seconds: int) -> str:
    if seconds < 60:
        return gettext("just now")
    if seconds < 3600:
        count = seconds // 60
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", count) % {"count": count}
    if seconds < 86400:
        count = seconds // 3600
        return ngettext("%(count)d hour ago", "%(count)d hours ago", count) % {"count": count}
    count = seconds // 86400
    return ngettext("%(count)d day ago", "%(count)d days ago", count) % {"count": count}


def _time_element(
    moment: datetime | date | None, zone: str | ZoneInfo, written: Callable[[datetime], str]
) -> SafeString | str:
    if moment is None:
        return DASH
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"local_time needs an aware datetime, not {moment!r}")
    place = ZoneInfo(zone) if isinstance(zone, str) else zone
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        str(place),
        written(moment.astimezone(place)),
    )


def _date(day: date) -> str:
    """Swedish writes dates as ISO 8601 does; English names the month, which nobody misreads."""
    return f"{day:%Y-%m-%d}" if _swedish() else date_format(day, "j M Y").replace(" ", NBSP)


def _exact(value: object, filter_name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise TypeError(f"{filter_name} takes Decimal or int, not {type(value).__name__}: {value!r}")
    return Decimal(value)


def _number(value: Decimal, places: int) -> str:
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = number_format(abs(rounded), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if rounded < 0 else text


def _with_currency(figure: str, currency: str) -> str:
    if _swedish():
        return f"{figure}{NBSP}{SWEDISH_SYMBOLS.get(currency, currency)}"
    sign, digits = (MINUS, figure[1:]) if figure.startswith(MINUS) else ("", figure)
    return f"{sign}{currency}{NBSP}{digits}"


def _swedish() -> bool:
    return (translation.get_language() or "en").startswith("sv")
