"""Ready-made stretches of days, by the operator's clock: what a chip says and an address keeps.

An address names the period and not its days, so that a view kept under a name goes on meaning "last month". The filter
of a list that has a time is a `PeriodForm`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.web import lists
from portal.web.sensible_days import SENSIBLE
from tenants.models import Operator

Days = tuple[date | None, date | None]


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
        Period("30d", _("30 days"), _last(30)),
        Period("month", _("This month"), lambda today: (today.replace(day=1), today)),
        Period("last_month", _("Last month"), _last_month),
        Period("year", _("This year"), lambda today: (today.replace(month=1, day=1), today)),
        Period("all", _("All time"), lambda today: (None, None)),
    )
}


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the day begins in the zone."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


class DayField(forms.DateField):
    """A day, as browsers want it written."""

    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    default_validators = [*SENSIBLE]


class PeriodForm(forms.Form):
    """A filter with days of the operator's zone: a ready-made period, or a first and a last day of one's own.

    usual: the period of a list that nobody narrowed.
    """

    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("To"), required=False)
    period = forms.CharField(required=False, widget=forms.HiddenInput)

    usual = "all"
    # What is searched for stands first, however a list calls it.
    field_order = ("q", "search")

    def __init__(self, query: QueryDict, *, operator: Operator) -> None:
        """Read the address."""
        self.operator = operator
        today = timezone.now().astimezone(operator.zone).date()
        self.period_name, self.asked = asked(lists.narrowed(query), today=today, usual=self.usual)
        data = self.asked.copy()
        if self.period_name:
            data["since"], data["until"] = written(PERIODS[self.period_name].days(today))
        data["period"] = self.period_name
        super().__init__(data)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first."))
        return found

    def span(self) -> dict[str, Any]:
        """The instants at which the days begin and are over. The form is valid."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return {
            "since": midnight(since, self.operator.zone) if since else None,
            "until": midnight(until + timedelta(days=1), self.operator.zone) if until else None,
        }

    def is_narrowed(self) -> bool:
        """Whether anything but the days narrows the list."""
        return any(self[name].value() for name in self.fields if name not in ("since", "until", "period"))

    def query(self) -> str:
        """The filter and the order as a query string, without the place in the list."""
        return self.asked.urlencode()

    def days_in_words(self) -> str:
        """The days of the list for the name of a file: a month, or from when to when."""
        first, last = self.cleaned_data["since"], self.cleaned_data["until"]
        if self.period_name in ("month", "last_month"):
            return f"{first:%Y-%m}"
        return "_".join(f"{day:%Y-%m-%d}" for day in (first, last) if day) or str(_("all"))

    def periods(self) -> list[tuple[Any, str, bool]]:
        """The ready-made periods: label, query, whether it is the present one."""
        found = []
        for period in PERIODS.values():
            query = self.asked.copy()
            for name in ("since", "until", "period"):
                query.pop(name, None)
            if period.name != self.usual:
                query["period"] = period.name
            found.append((period.label, query.urlencode(), period.name == self.period_name))
        return found


def asked(query: QueryDict, *, today: date, usual: str) -> tuple[str, QueryDict]:
    """Return the period that the address means, empty for days of one's own, and the address without the other.

    A form sends the days it shows with the period they come from: days that were changed count, not the period.
    """
    name = query.get("period", "")
    name = name if name in PERIODS else usual
    kept = query.copy()
    given = tuple(kept.pop(field, [""])[-1] for field in ("since", "until"))
    kept.pop("period", None)
    if any(given) and given != written(PERIODS[name].days(today)):
        kept["since"], kept["until"] = given
        return "", kept
    if name != usual:
        kept["period"] = name
    return name, kept


def written(days: Days) -> tuple[str, ...]:
    """Return the days as fields of forms hold them."""
    return tuple(day.isoformat() if day else "" for day in days)
