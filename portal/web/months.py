"""A month in a form, chosen by its name: `2026-10` in addresses."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from billing.domain.calendar import parse_month
from billing.domain.errors import BillingError
from portal.words import measures

#: So many years back, as long as books are kept.
YEARS = 8


class MonthSelect(forms.Select):
    """The months of the last years, the newest first and in the reader's language, and the one that is chosen.

    Browsers have pickers of months in their own language, and some have none. Written in one piece: a template for
    each of a hundred months would take longer than the rest of a page.
    """

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = str(value or "")
        groups = format_html_join(
            "",
            '<optgroup label="{}">{}</optgroup>',
            ((year, _options(months, chosen)) for year, months in groupby(_months(chosen), lambda month: month.year)),
        )
        empty = "" if self.is_required else format_html('<option value="">{}</option>', gettext("All"))
        found = flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name}))
        return format_html("<select{}>{}{}</select>", found, empty, groups)


class MonthField(forms.CharField):
    """The first day of a month; None for an empty field."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=MonthSelect, **kwargs)

    def clean(self, value: Any) -> Any:
        """Read the month."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_month(text)
        except BillingError as problem:
            raise ValidationError(gettext("A month is written as 2026-10.")) from problem

    def prepare_value(self, value: Any) -> Any:
        """Show a date as its month."""
        return f"{value:%Y-%m}" if isinstance(value, date) else value


def _months(chosen: str) -> Iterator[date]:
    today = timezone.now().date()
    last = today.year * 12 + today.month - 1
    months = {date(at // 12, at % 12 + 1, 1) for at in range(last - 12 * YEARS, last + 1)}
    with suppress(BillingError):
        months.add(parse_month(chosen))
    return iter(sorted(months, reverse=True))


def _options(months: Iterator[date], chosen: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        (
            (text := f"{month:%Y-%m}", SafeString(" selected") if text == chosen else "", measures.month(month))
            for month in months
        ),
    )
