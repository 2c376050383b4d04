"""Write quantities the way people read them: money, energy, time, shares.

The database keeps exact units (`*_wh`, `*_s`, `Decimal` money, aware UTC); a page shows
them in the reader's language. How a figure is written stands in `tenants.figures`, which
an invoice follows too; a float is refused there. What is missing is shown as a dash,
never as zero.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from billing.domain.money import from_minor, minor_digits
from tenants.figures import NBSP, Figures, figures

DASH = "\u2013"

Quantity = Decimal | int | None


def money(amount: Quantity, currency: str = "SEK") -> str:
    """An amount with its currency, to the smallest unit: `1 190,00 kr`, `SEK 1,190.00`."""
    return DASH if amount is None else _figures().money(amount, currency, minor_digits(currency))


def coins(amount: int | None, currency: str) -> str:
    """The same of an amount that is counted in whole coins: 12550 is `125,50 kr`."""
    return DASH if amount is None else money(from_minor(amount, currency), currency)


def unit_price(amount: Quantity, currency: str = "SEK") -> str:
    """A price per unit with all its decimals, at least those of the smallest unit: `0,3925 kr`."""
    return DASH if amount is None else _figures().unit_price(amount, currency, minor_digits(currency))


def decimal_sign() -> str:
    """The sign between the whole and the decimals."""
    return _figures().number(Decimal("0.5"), 1)[1]


def kwh(energy_wh: Quantity, decimals: int = 2) -> str:
    """Energy given in Wh, shown in kWh: `12 345` Wh is `12,35 kWh`; `|kwh:3` hides nothing."""
    return DASH if energy_wh is None else _figures().kwh(energy_wh, decimals)


def kw(power_w: Quantity, decimals: int = 1) -> str:
    """Power given in W, shown in kW."""
    return DASH if power_w is None else _figures().kw(power_w, decimals)


def number(value: Quantity, decimals: int = 0) -> str:
    """A plain number with grouped thousands."""
    return DASH if value is None else _figures().number(value, decimals)


def all_decimals(value: Quantity, at_least: int = 0) -> str:
    """A plain number with every decimal it has."""
    return DASH if value is None else _figures().all_decimals(value, at_least)


def typed(value: Decimal | int, at_least: int = 0) -> str:
    """A plain number as the reader types it, for fields of forms: no groups, a hyphen for minus."""
    return _figures().typed(value, at_least)


def quantity(value: Quantity, unit: str, decimals: int = 0) -> str:
    """A number of something: `12,35 kWh`."""
    return DASH if value is None else _figures().quantity(value, unit, decimals)


def percent(share: Quantity, decimals: int = 0) -> str:
    """A share of one as a percentage: `Decimal("0.125")` is `13 %` (`12,5 %` with one decimal)."""
    return DASH if share is None else _figures().percent(share, decimals)


def vat_rate(per_cent: Quantity) -> str:
    """A VAT rate, given in per cent, with the decimals it has; a dash where no VAT applies."""
    return DASH if per_cent is None else _figures().rate(per_cent)


def duration(seconds: Quantity) -> str:
    """A length of time in its two largest useful units: `42 s`, `7 min`, `5 h 07 min`, `3 d 4 h`."""
    return DASH if seconds is None else _figures().duration(seconds)


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
    return DASH if day is None else _figures().month(day)


def month_short(day: date | None) -> str:
    """A month where there is little room: `Mar`. Swedish writes it `mar`, as it writes every month."""
    return DASH if day is None else _figures().month_short(day)


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
    tz = ZoneInfo(zone) if isinstance(zone, str) else zone
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        str(tz),
        written(moment.astimezone(tz)),
    )


def _date(day: date) -> str:
    return _figures().day(day)


def _figures() -> Figures:
    """In the language of the page."""
    return figures(translation.get_language())
