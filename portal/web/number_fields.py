"""Numbers as people write them: comma or point, blanks between thousands, the minus sign of a printed page.

A browser's own field for numbers takes the decimal sign of the browser's language alone, and nothing that is pasted
with blanks; so these are fields for text, with a keyboard of digits on a phone.
"""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from portal.words import measures
from tenants.figures import MINUS


def digits() -> forms.TextInput:
    """A field for a number, without a browser's arrows."""
    return forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})


def with_point(value: Any) -> Any:
    """`1 203,20` and `1203.20` alike.

    Raises:
        ValidationError: it has both signs, and could be either of two amounts.
    """
    if not isinstance(value, str):
        return value
    text = "".join(value.split()).replace(MINUS, "-")
    if "," in text and "." in text:
        raise ValidationError(gettext("Write the number with one decimal sign, such as 3.20."))
    return text.replace(",", ".")


class TypedNumberField(forms.DecimalField):
    """A number. Comma and point both mean the decimal sign, whatever the reader's language."""

    def __init__(self, *, min_value: Any = None, max_value: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("widget", digits())
        super().__init__(**kwargs)
        self.min_value: Any = min_value
        self.max_value: Any = max_value

    def validate(self, value: Any) -> None:
        """Refuse what lies out of bounds, naming both as people write them."""
        super().validate(value)
        if value is None:
            return
        if self.min_value is not None and value < self.min_value:
            facts = {"value": measures.typed(value), "least": measures.typed(self.min_value)}
            raise ValidationError(gettext("%(value)s is too little: at least %(least)s.") % facts)
        if self.max_value is not None and value > self.max_value:
            facts = {"value": measures.typed(value), "most": measures.typed(self.max_value)}
            raise ValidationError(gettext("%(value)s is too much: at most %(most)s.") % facts)

    def to_python(self, value: Any) -> Any:
        """Read a number by either decimal sign."""
        text = with_point(value)
        if isinstance(text, str) and "e" in text.lower():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)

    def prepare_value(self, value: Any) -> Any:
        """Show the number with the decimal sign of the reader's language."""
        return measures.typed(value) if isinstance(value, Decimal) else value
