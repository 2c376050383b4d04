"""A simulation: past months' sessions priced again by a version of a tariff, for who pays more, where and when.

Nothing is stored but the report: the last one asked for stands on the page, for everybody who makes prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import PriceEffect, TariffVersion
from billing.selectors.tariff_listing import TariffSummary
from billing.services import effects
from billing.services.effect_steps import KINDS
from billing.services.effects import Sums, Tally
from charging.models import ChargingSession, Site
from portal.gate.access import SignedInRequest, operator_view
from portal.web.charts import Chart, Series
from portal.web.finance.tariffs.effect import Effect, change, effect_of, sessions_of
from portal.web.finance.tariffs.pages import tariff_or_404, terms_of
from portal.web.finance.tariffs.publish import last_month
from portal.web.months import MonthField
from portal.words.changes import Change
from tenants.models import Account, Driver, DriverGroup, Operator
from tenants.permissions import Permission

#: So many months at once, at most.
MOST_MONTHS = 36
ASSIGNED, EVERYWHERE = PriceEffect.Reach.ASSIGNED, PriceEffect.Reach.EVERYWHERE


class SimulationForm(forms.Form):
    """Which version is tried on which months' sessions, and on whose."""

    version = forms.ChoiceField(label=_("Prices"))
    first = MonthField(label=_("From"))
    last = MonthField(label=_("To"))
    reach = forms.ChoiceField(label=_("Sessions"))

    def __init__(self, data: QueryDict | None, *, shelved: TariffSummary, operator: Operator) -> None:
        month = f"{last_month(operator):%Y-%m}"
        super().__init__(data, initial={"first": month, "last": month})
        self.latest = timezone.now().astimezone(operator.zone).date()
        self.versions = {f"{version.number}": version for version in shelved.versions if terms_of(version)}
        fields: Any = self.fields
        fields["version"].choices = [(number, _named(version)) for number, version in self.versions.items()]
        sites = Site.objects.order_by("name").values_list("public_id", "name")
        groups = DriverGroup.objects.order_by("name").values_list("public_id", "name")
        choices = [
            (ASSIGNED.value, ASSIGNED.label),
            (EVERYWHERE.value, EVERYWHERE.label),
            (gettext("Sites"), [(f"site:{key}", name) for key, name in sites]),
            (gettext("Groups"), [(f"group:{key}", name) for key, name in groups]),
        ]
        fields["reach"].choices = [choice for choice in choices if choice[1]]
        if not shelved.assignments:
            fields["reach"].initial = EVERYWHERE.value

    def clean(self) -> dict[str, Any]:
        """Refuse months in the wrong order, to come, or too many."""
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last:
            if first > last:
                self.add_error("last", gettext("This month is before the first one."))
            elif first > self.latest:
                self.add_error("first", gettext("Nothing has been charged in this month yet."))
            elif (last.year - first.year) * 12 + last.month - first.month >= MOST_MONTHS:
                said = gettext("These are more than %(most)s months. Choose fewer.")
                self.add_error("last", ValidationError(said % {"most": MOST_MONTHS}))
        return self.cleaned_data

    @property
    def chosen(self) -> TariffVersion:
        """The version that is tried."""
        return self.versions[self.cleaned_data["version"]]

    def wanted(self) -> dict[str, Any]:
        """The months and the sessions, as `effects.ask` takes them."""
        reach, _colon, key = self.cleaned_data["reach"].partition(":")
        months = {"month": self.cleaned_data["first"], "last_month": self.cleaned_data["last"]}
        models: dict[str, Any] = {"site": Site, "group": DriverGroup}
        target = {reach: models[reach].objects.get(public_id=key)} if key else {}
        return {**months, "reach": reach, **target}


@dataclass(frozen=True, slots=True)
class Report:
    """What the page shows of a simulation that is done.

    least: fewer drivers are no part of it. withholds: some parts are not shown. is_coarse: none that tells of people
    is, as the operator has asked for larger groups since.
    """

    effect: Effect
    least: int
    withholds: bool
    is_coarse: bool
    hours: Chart
    weekdays: Chart
    groups: list[tuple[str, int, Change]]
    kinds: list[tuple[str, int, Change]]
    dearest: list[tuple[ChargingSession, Change]]
    losers: list[tuple[Driver, Change]]
    winners: list[tuple[Driver, Change]]


@operator_view(Permission.MANAGE_TARIFFS)
def tariff_simulate(request: SignedInRequest, operator: Operator, tariff_id: UUID) -> HttpResponse:
    """Ask which version is tried on what, have it worked out, and show the report."""
    shelved = tariff_or_404(tariff_id)
    form = SimulationForm(request.POST if request.method == "POST" else None, shelved=shelved, operator=operator)
    if request.method == "POST" and form.is_valid():
        purpose = PriceEffect.Purpose.SIMULATION
        effects.ask(form.chosen, at=timezone.now(), purpose=purpose, **form.wanted())
        return redirect("finance:tariff_simulate", operator.slug, tariff_id)
    rows = PriceEffect.objects.select_related("site", "group")
    row = rows.filter(tariff=shelved.tariff, purpose=PriceEffect.Purpose.SIMULATION).first()
    page: dict[str, Any] = {"nav": "tariffs", "shelved": shelved, "form": form, "work": row}
    if row is not None:
        shown = [version for version in shelved.versions if version.document_sha256 == row.document_sha256]
        page["version"] = shown[-1] if shown else None
        is_done = row.finished_at and not row.is_open
        page["report"] = _report(row, shelved.tariff.currency, operator.smallest_group) if is_done else None
    status = 400 if form.errors else 200
    return render(request, "finance/tariffs/simulation.html", page, status=status)


def _named(version: TariffVersion) -> str:
    if version.published_at is None:
        return gettext("the draft")
    return gettext("version %(number)s") % {"number": version.number}


def _report(row: PriceEffect, currency: str, least: int) -> Report | None:
    effect = effect_of(row, currency)
    tally = effect.tally
    if not tally.total.sessions:
        return None
    is_coarse = tally.least < least
    names = dict(DriverGroup.objects.filter(pk__in=tally.parts["group"]).values_list("pk", "name"))
    kinds = {index: str(Account.Kind(kind).label).capitalize() for index, kind in enumerate(KINDS)}
    return Report(
        effect,
        least=least,
        withholds=any(tally.withheld.values()),
        is_coarse=is_coarse,
        hours=_chart(gettext("Revenue by hour of the day"), gettext("Hour"), _hours(), tally, "hour", currency),
        weekdays=_chart(gettext("Revenue by day of the week"), gettext("Day"), _weekdays(), tally, "weekday", currency),
        groups=_rows(tally.parts["group"], {0: gettext("in no group"), **names}, currency),
        kinds=_rows(tally.parts["kind"], kinds, currency),
        dearest=sessions_of(tally.dearest, currency),
        losers=_drivers(tally.losers, currency),
        winners=_drivers(tally.winners, currency),
    )


def _hours() -> list[str]:
    return [f"{hour:02}" for hour in range(24)]


def _weekdays() -> list[str]:
    return [str(WEEKDAYS[day]) for day in range(7)]


def _chart(title: str, x_label: str, xs: Sequence[str], tally: Tally, part: str, currency: str) -> Chart:
    sums, gaps = tally.parts[part], tally.withheld.get(part, ())
    each = [None if index in gaps else change(sums.get(index, Sums()), currency) for index in range(len(xs))]
    return Chart(
        title=title,
        x_label=x_label,
        xs=xs,
        series=[
            Series(gettext("As it was"), [one.old if one else None for one in each], currency, decimals=2),
            Series(gettext("New"), [one.new if one else None for one in each], currency, decimals=2),
        ],
        summary=gettext("including VAT"),
    )


def _rows(sums: dict[int, Sums], names: dict[int, str], currency: str) -> list[tuple[str, int, Change]]:
    return [(names[key], each.sessions, change(each, currency)) for key, each in sums.items() if key in names]


def _drivers(named: list[tuple[int, int, int]], currency: str) -> list[tuple[Driver, Change]]:
    known = Driver.objects.select_related("identity").in_bulk([key for key, _, _ in named])
    return [(known[key], change(Sums(1, old, new), currency)) for key, old, new in named if key in known]
