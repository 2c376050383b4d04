"""The filter of session lists: what stands in the URL, and the sessions it means.

Days are days of the operator's zone (`portal.web.periods`). Unless the URL says otherwise the last 30 days are shown,
so that the first page is quick whatever the operator's size.
"""

from datetime import timedelta
from functools import cached_property, reduce
from operator import and_
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.billing_status import BillingStatus, Bucket
from billing.selectors import day_sums, session_ledger
from billing.selectors.day_sums import Wanted
from charging.models import ChargingSession, Site
from charging.selectors import sessions, words
from charging.selectors.sessions import Criteria
from portal.web import lists, periods
from portal.web.periods import PERIODS
from portal.web.sensible_days import SENSIBLE
from portal.web.staff.days import midnight
from portal.words.sessions import FLAGS
from tenants.models import Operator

ANY = ("", _("Any"))
BILLING = [
    (_("Bucket"), Bucket.choices),
    (_("In detail"), [(part.value, part.label) for part in BillingStatus if part.value not in Bucket.values]),
]


class DayField(forms.DateField):
    """A day, as browsers want it written."""

    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    default_validators = [*SENSIBLE]


class SessionFilter(forms.Form):
    """What a list of sessions is narrowed to. Places and people are meant by any word (`charging.selectors.words`)."""

    q = forms.CharField(
        label=_("Id, driver, card or station"), required=False, max_length=100, widget=forms.SearchInput
    )
    since = DayField(label=_("From"), required=False)
    until = DayField(label=_("To"), required=False)
    site = forms.ModelChoiceField(
        Site.objects.none(), label=_("Site"), required=False, to_field_name="public_id", empty_label=_("All sites")
    )
    billing = forms.ChoiceField(label=_("Billing"), required=False, choices=[ANY, *BILLING])
    station = forms.CharField(label=_("Station"), required=False, max_length=64)
    driver = forms.CharField(label=_("Driver"), required=False, max_length=100)
    card = forms.CharField(label=_("Card"), required=False, max_length=64)
    review = forms.ChoiceField(label=_("Review"), required=False, choices=[ANY, *ChargingSession.Review.choices[1:]])
    flag = forms.ChoiceField(label=_("Remark"), required=False, choices=[ANY, *FLAGS])

    period = forms.CharField(required=False, widget=forms.HiddenInput)

    MORE = ("station", "driver", "card", "review", "flag")
    OF_DRIVERS = ("driver", "card")

    def __init__(self, query: QueryDict, *, operator: Operator, may_see_drivers: bool) -> None:
        """Read the query. Who may not see drivers cannot ask by them: the answer tells which numbers there are."""
        self.operator = operator
        self.may_see_drivers = may_see_drivers
        today = timezone.now().astimezone(operator.zone).date()
        self.period_name, self.asked = periods.asked(lists.narrowed(query), today=today)
        data = self.asked.copy()
        if self.period_name:
            data["since"], data["until"] = periods.written(PERIODS[self.period_name].days(today))
        data["period"] = self.period_name
        super().__init__(data)
        self.fields["site"].queryset = Site.objects.order_by("name")  # type: ignore[attr-defined]
        if not may_see_drivers:
            for name in self.OF_DRIVERS:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day lies before the first."))
        return found

    @cached_property
    def rows(self) -> QuerySet[ChargingSession]:
        """The sessions that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return ChargingSession.objects.none()
        rows = sessions.listing(self.criteria())
        return session_ledger.having(rows, self.cleaned_data["billing"])

    def by_day(self) -> Wanted | None:
        """The filter as sums by day know it; None when it asks for more than days, a site and a status."""
        if not self.is_valid() or any(self.cleaned_data.get(name) for name in (*self.MORE, "q")):
            return None
        data = self.cleaned_data
        return Wanted(
            first=data["since"],
            last=data["until"],
            site=data["site"],
            statuses=day_sums.statuses_of(data["billing"]),
        )

    def criteria(self) -> Criteria:
        """The part of the filter that is about what happened."""
        data, zone = self.cleaned_data, self.operator.zone
        return Criteria(
            since=midnight(data["since"], zone) if data["since"] else None,
            until=midnight(data["until"] + timedelta(days=1), zone) if data["until"] else None,
            site=data["site"],
            review=data["review"],
            flag=data["flag"],
            like=self._like(),
        )

    def _like(self) -> Q | None:
        data = self.cleaned_data
        ways = {"station": words.sessions_at, "driver": words.sessions_of, "card": words.sessions_with}
        found = [meant(text) for name, meant in ways.items() if (text := data.get(name))]
        if data["q"]:
            found.append(words.sessions(data["q"], people=self.may_see_drivers))
        return reduce(and_, found) if found else None

    def main_fields(self) -> list[forms.BoundField]:
        """The fields that are always in sight, without the search field."""
        return [self[name] for name in self.fields if name not in (*self.MORE, "q", "period")]

    def more_fields(self) -> list[forms.BoundField]:
        """The fields behind `More filters`."""
        return [self[name] for name in self.MORE if name in self.fields]

    def more_in_use(self) -> int:
        """How many of the fields behind `More filters` narrow the list."""
        return sum(bool(field.value()) for field in self.more_fields())

    def is_narrowed(self) -> bool:
        """Whether anything but the dates narrows the list."""
        return any(self[name].value() for name in self.fields if name not in ("since", "until", "period"))

    def summed(self) -> str:
        """The query of this list with its totals."""
        query = self.asked.copy()
        query["totals"] = "now"
        return query.urlencode()

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
        """Ready-made ranges of days: label, query, whether it is the present one."""
        found = []
        for period in PERIODS.values():
            query = self.asked.copy()
            for name in ("since", "until", "period"):
                query.pop(name, None)
            if period.name != periods.DEFAULT:
                query["period"] = period.name
            found.append((period.label, query.urlencode(), period.name == self.period_name))
        return found
