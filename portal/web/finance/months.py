"""A month in a form: `2026-10`, as a browser's month picker writes it."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from billing.domain.calendar import parse_month
from billing.domain.errors import BillingError


class MonthField(forms.CharField):
    """The first day of a month; None for an empty field."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"type": "month", "placeholder": "2026-10"}), **kwargs)

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
