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
from django.utils.translation import gettext_lazy as _

from billing.domain.calendar import month_after, month_bounds
from billing.models.billing_status import BillingStatus, Bucket
from billing.selectors import compartments, day_sums, host_shares, session_ledger
from billing.selectors.compartments import Compartment
from billing.selectors.day_sums import Wanted
from billing.selectors.host_shares import Among, HostCompartment
from charging.models import ChargingSession, Site
from charging.selectors import sessions, words
from charging.selectors.sessions import Criteria
from portal.web.months import MonthField
from portal.web.periods import PeriodForm
from portal.words.sessions import FLAGS
from tenants.models import Operator

ANY = ("", _("Any"))
BILLING = [
    (_("Bucket"), Bucket.choices),
    (_("In detail"), [(part.value, part.label) for part in BillingStatus if part.value not in Bucket.values]),
]


class SessionFilter(PeriodForm):
    """What a list of sessions is narrowed to. Places and people are meant by any word (`charging.selectors.words`)."""

    q = forms.CharField(
        label=_("Id, driver, card or station"), required=False, max_length=100, widget=forms.SearchInput
    )
    site = forms.ModelChoiceField(
        Site.objects.none(), label=_("Site"), required=False, to_field_name="public_id", empty_label=_("All sites")
    )
    billing = forms.ChoiceField(label=_("Billing"), required=False, choices=[ANY, *BILLING])
    station = forms.CharField(label=_("Station"), required=False, max_length=64)
    driver = forms.CharField(label=_("Driver"), required=False, max_length=100)
    card = forms.CharField(label=_("Card"), required=False, max_length=64)
    review = forms.ChoiceField(label=_("Review"), required=False, choices=[ANY, *ChargingSession.Review.choices[1:]])
    flag = forms.ChoiceField(label=_("Remark"), required=False, choices=[ANY, *FLAGS])

    compartment = forms.ChoiceField(
        label=_("Compartment of the reconciliation"),
        required=False,
        choices=[ANY, *Compartment.choices, *HostCompartment.choices],
    )
    month = MonthField(label=_("Month the session ended in"), required=False)

    MORE = ("station", "driver", "card", "review", "flag", "compartment", "month")
    OF_DRIVERS = ("driver", "card")
    usual = "30d"

    def __init__(self, query: QueryDict, *, operator: Operator, may_see_drivers: bool) -> None:
        """Read the query. Who may not see drivers cannot ask by them: the answer tells which numbers there are."""
        self.may_see_drivers = may_see_drivers
        super().__init__(query, operator=operator)
        self.fields["site"].queryset = Site.objects.order_by("name")  # type: ignore[attr-defined]
        if not may_see_drivers:
            for name in self.OF_DRIVERS:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Ask for days where hosts are meant: a session is held against their statements one by one."""
        found = super().clean() or {}
        if found.get("compartment") in HostCompartment and not (found.get("month") or found.get("since")):
            self.add_error("month", _("Choose a month, or from which day: sessions are compared with statements."))
        return found

    @cached_property
    def rows(self) -> QuerySet[ChargingSession]:
        """The sessions that the filter means; none when it cannot be read."""
        if not self.is_valid():
            return ChargingSession.objects.none()
        rows = sessions.listing(self.criteria())
        if month := self.cleaned_data["month"]:
            rows = rows.filter(compartments.in_month(*month_bounds(month, self.operator.time_zone)))
        rows, wanted = session_ledger.having(rows, self.cleaned_data["billing"]), self.cleaned_data["compartment"]
        if wanted not in HostCompartment:
            return compartments.having(rows, wanted)
        return host_shares.having(rows, wanted, Among(month, **self.span(), site=self.cleaned_data["site"]))

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

    def past(self) -> Wanted | None:
        """What the list would hold besides if everything were kept one by one; None when sums cannot tell."""
        if not self.is_valid():
            return None
        data, days = self.cleaned_data, {"since", "until"}
        asked = {name for name in ("q", *days, *self.MORE) if data.get(name)}
        month = data["month"]
        if asked - days - {"compartment", "month"} or (month and asked & days):
            return None
        within = {"first": data["since"], "last": data["until"]}
        if month:
            within = {"first": month, "last": month_after(month) - timedelta(days=1), "by": "ended_on"}
        return Wanted(**within, site=data["site"], statuses=self._statuses_at_home(), is_past=True)

    def _statuses_at_home(self) -> list[str] | None:
        """The statuses that the filter means, as long as nothing else tells the sessions apart."""
        compartment, where = self.cleaned_data["compartment"], day_sums.statuses_of(self.cleaned_data["billing"])
        if not compartment:
            return None if where is None else list(where)
        return [
            status
            for status, home in compartments.HOME.items()
            if home == compartment and (where is None or status in where)
        ]

    def criteria(self) -> Criteria:
        """The part of the filter that is about what happened."""
        data = self.cleaned_data
        return Criteria(
            **self.span(),
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

    def summed(self) -> str:
        """The query of this list with its totals."""
        query = self.asked.copy()
        query["totals"] = "now"
        return query.urlencode()
