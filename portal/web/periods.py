"""Ready-made stretches of days, by the operator's clock: what a chip says and an address keeps.

An address names the period and not its days, so that a view kept under a name goes on meaning "last month".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Days = tuple[date | None, date | None]
DEFAULT = "30d"


@dataclass(frozen=True, slots=True)
class Period:
    """A period: its name in addresses, its words, and its first and last day seen from a day (None: no bound)."""

    name: str
    label: str | Promise
    days: Callable[[date], Days]


def _last(count: int) -> Callable[[date], Days]:
    return lambda today: (today - timedelta(days=count - 1), today)


def _last_month(today: date) -> Days:
    end = today.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


PERIODS = {
    period.name: period
    for period in (
        Period("today", _("Today"), _last(1)),
        Period("7d", _("7 days"), _last(7)),
        Period(DEFAULT, _("30 days"), _last(30)),
        Period("month", _("This month"), lambda today: (today.replace(day=1), today)),
        Period("last_month", _("Last month"), _last_month),
        Period("year", _("This year"), lambda today: (today.replace(month=1, day=1), today)),
        Period("all", _("All time"), lambda today: (None, None)),
    )
}


def asked(query: QueryDict, *, today: date) -> tuple[str, QueryDict]:
    """Return the period that the address means, empty for days of one's own, and the address without the other.

    A form sends the days it shows with the period they come from: days that were changed count, not the period.
    """
    name = query.get("period", "")
    name = name if name in PERIODS else DEFAULT
    kept = query.copy()
    given = tuple(kept.pop(field, [""])[-1] for field in ("since", "until"))
    kept.pop("period", None)
    if any(given) and given != written(PERIODS[name].days(today)):
        kept["since"], kept["until"] = given
        return "", kept
    if name != DEFAULT:
        kept["period"] = name
    return name, kept


def written(days: Days) -> tuple[str, ...]:
    """Return the days as fields of forms hold them."""
    return tuple(day.isoformat() if day else "" for day in days)
