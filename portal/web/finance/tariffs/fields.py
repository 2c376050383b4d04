"""The fields of the tariff form: numbers by either decimal sign, times of day up to 24:00, lengths of time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain.tariff.kept import MAX_STEP
from portal.web.finance.tariffs.rows import KEPT_DECIMALS, MIDNIGHT
from portal.web.number_fields import TypedNumberField, digits, with_point
from portal.web.sensible_days import SENSIBLE
from portal.words import measures

#: Units that a person may write behind a number, and how many of the smallest each is.
TIME_UNITS: Final = {"": 60, "min": 60, "h": 3600, "s": 1}
ENERGY_UNITS: Final = {"": 1000, "kwh": 1000, "wh": 1}


class NumberField(TypedNumberField):
    """A number that is not negative."""

    def __init__(self, *, most: int = 99_999, decimal_places: int = KEPT_DECIMALS, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=Decimal(most), decimal_places=decimal_places, required=False, **kwargs)


class PriceField(NumberField):
    """An amount of money, shown with at least two decimals unless it is whole."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal):
            return value
        return measures.typed(value, at_least=0 if value == value.to_integral_value() else 2)


class ClockField(forms.TimeField):
    """A time of day as `22:00` in every language: a browser's own picker may say `10 PM`. 24:00 is midnight."""

    def __init__(self, **kwargs: Any) -> None:
        look = {"inputmode": "numeric", "autocomplete": "off", "placeholder": "00:00", "maxlength": 5}
        formats = ["%H:%M", "%H.%M", "%H"]
        unread = {"invalid": _("This is no time of day. Write it as 06:30 or 24:00.")}
        super().__init__(
            input_formats=formats,
            widget=forms.TimeInput(attrs=look, format="%H:%M"),
            error_messages=unread,
            required=False,
            **kwargs,
        )

    def to_python(self, value: Any) -> Any:
        """Read the time; the end of a day is the midnight that ends it."""
        if isinstance(value, str) and value.strip().replace(".", ":") in ("24", "24:00"):
            return MIDNIGHT
        return super().to_python(value)


class EndField(ClockField):
    """The end of some hours: midnight is shown as the end of the day."""

    def prepare_value(self, value: Any) -> Any:
        return "24:00" if value == MIDNIGHT else value


class SpanField(forms.CharField):
    """A length of time in minutes, or in `s` or `h` where that is written; seconds when it is read."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, required=False, widget=digits(), **kwargs)

    def clean(self, value: Any) -> int | None:
        """Return the seconds."""
        text = super().clean(value)
        return measured(text, TIME_UNITS, gettext("Write the time in minutes, such as 30."))

    def prepare_value(self, value: Any) -> Any:
        """Show minutes; seconds where they are no minutes."""
        return span(value) if isinstance(value, int) else value


def span(seconds: int) -> str:
    """Seconds as minutes; as seconds where minutes have no end of decimals."""
    minutes = Decimal(seconds) / 60
    return measures.typed(minutes) if seconds % 6 == 0 else f"{seconds} s"


def measured(text: str, units: Mapping[str, int], refusal: str) -> int | None:
    """A number with its unit as a whole number of the smallest; None for nothing."""
    written = str(with_point(text)).lower()
    if not written:
        return None
    number = written.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = units.get(written.removeprefix(number))
    try:
        found = None if unit is None or not number.isascii() else Decimal(number) * unit
    except ArithmeticError:
        found = None
    if found is None or not found.is_finite() or not 0 <= found <= MAX_STEP or found != found.to_integral_value():
        raise ValidationError(refusal)
    return int(found)


class DayField(forms.DateField):
    """A day, as browsers want it written."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        super().__init__(required=False, widget=widget, validators=[*SENSIBLE], **kwargs)
