"""Days that anybody may mean: validators for the fields of forms.

Far from our time a day overflows on its way to UTC, or is stored and cannot be read back.
"""

from datetime import date, datetime

from django.core.validators import MaxValueValidator, MinValueValidator

FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)
SENSIBLE = (MinValueValidator(FIRST), MaxValueValidator(LAST))


def sensible_moment(moment: datetime) -> None:
    """Refuse a time of a day that is not sensible."""
    for refuse in SENSIBLE:
        refuse(moment.date())
