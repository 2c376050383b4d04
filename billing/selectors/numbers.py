"""Documents by the numbers that people and banks call them by."""

import re

from billing.models import Invoice, NumberSeries
from billing.models.invoice import number_meant


def numbered(text: str) -> list[int]:
    """The documents with this number, with or without its letters, or with this OCR reference."""
    digits = re.sub(r"\s", "", text).lstrip("Ff")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) >= 18:
        return []
    numbers = [int(digits), *([meant] if (meant := number_meant(digits)) is not None else [])]
    series = list(NumberSeries.objects.values_list("code", flat=True))
    return list(Invoice.objects.filter(series__in=series, number__in=numbers).values_list("pk", flat=True))
