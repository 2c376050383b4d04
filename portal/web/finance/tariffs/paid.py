"""What a driver, or whoever charges with a card, pays at an outlet now, or at another time, and why."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.domain.calendar import day_of
from billing.domain.errors import BillingError
from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rating import rate
from billing.domain.kernel.turns import rate_over
from billing.domain.sessions import metering
from billing.domain.tariff.model import Tariff
from billing.selectors import discounts, paid, vat_rates
from billing.selectors.discounts import TakenOff
from charging.models import Site, Station
from charging.selectors import drivers, words
from portal.gate.access import SignedInRequest, operator_view
from portal.web.account_choice import CardField
from portal.web.finance.tariffs.pages import reading_of, target_of, terms_of
from portal.web.sensible_days import sensible_moment
from portal.words import invoices as invoice_words
from portal.words import prices as price_words
from tenants.models import Account, Driver, Operator
from tenants.permissions import Permission

#: An hour at the power of a usual outlet.
EXAMPLE_WH = 11_000
NAMED = 5


class AskForm(forms.Form):
    """Who, where and when. Without a driver and a card: anybody who has no terms of their own."""

    station = forms.CharField(label=_("Station or site"), max_length=100, widget=forms.SearchInput)
    driver = forms.CharField(label=_("Driver"), max_length=100, required=False, widget=forms.SearchInput)
    card = CardField(required=False, widget=forms.SearchInput)
    at = forms.DateTimeField(
        label=_("When"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        validators=[sensible_moment],
    )

    def __init__(self, query: QueryDict, *, may_see_drivers: bool) -> None:
        """Read the query. Who may not see drivers cannot ask by them."""
        super().__init__(query if "station" in query else None)
        if not may_see_drivers:
            del self.fields["driver"], self.fields["card"]

    def clean_station(self) -> Station:
        """The one station that the words mean."""
        text = self.cleaned_data["station"]
        own = Station.objects.filter(merged_into=None).select_related("site")
        exact = own.filter(identifier=text).first()
        if exact is not None:
            return exact
        rows = own.filter(words.of_station(text)).order_by("identifier")
        found: Station = _only(rows, text, same=lambda station: station.site_id)
        return found

    def clean_driver(self) -> Driver | None:
        """The one driver whom the words mean."""
        text = self.cleaned_data["driver"]
        rows = drivers.listing(text).order_by("customer_number")
        return _only(rows, text, same=lambda driver: driver.pk) if text else None

    def clean(self) -> dict[str, Any]:
        """Ask for a driver or a card, not both: whose card it is then is known."""
        data = super().clean() or {}
        if data.get("driver") and data.get("card"):
            self.add_error("card", gettext("Name a driver or a card: one of the two."))
        return data


def _only(rows: "QuerySet[Any]", text: str, *, same: Any) -> Any:
    """The row that is meant; several are as good as one if they come to the same."""
    found: list[Model] = list(rows[: NAMED + 1])
    if not found:
        raise ValidationError(gettext("Nothing is found by “%(text)s”.") % {"text": text})
    if len({same(row) for row in found}) > 1:
        named = ", ".join(str(row) for row in found[:NAMED])
        raise ValidationError(gettext("Which one? %(names)s …") % {"names": named})
    return found[0]


@operator_view(Permission.VIEW_TARIFFS)
def tariff_paid(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Say by which tariff a session would be priced, why by that one, and what an hour comes to."""
    form = AskForm(request.GET, may_see_drivers=request.access.may(Permission.VIEW_DRIVERS))
    page: dict[str, Any] = {"nav": "tariffs", "form": form}
    if form.is_bound and form.is_valid():
        page |= _answer(form, operator)
    return render(request, "finance/tariffs/paid.html", page)


def _answer(form: AskForm, operator: Operator) -> dict[str, Any]:
    station: Station = form.cleaned_data["station"]
    driver, card = form.cleaned_data.get("driver"), form.cleaned_data.get("card")
    site: Site = station.site
    chosen = form.cleaned_data["at"]
    at: datetime = chosen.replace(tzinfo=site.zone) if chosen else timezone.now()
    known = paid.paid(driver, station, at=at, card=card)
    terms = terms_of(known.version)
    if terms and known.is_resold:
        terms = terms.taxed(known.rate)
    story = _hour(terms, site, at, is_resold=known.is_resold) if terms else None
    taken_off = _taken_off(known.payer, at, operator)
    return {
        "station": station,
        "driver": driver,
        "nobody_pays": card is not None and known.payer is None,
        "is_resold": known.is_resold,
        "payer": known.payer,
        "taken_off": invoice_words.taken_off(taken_off, is_cut=story is not None and story.is_cut),
        "at": at,
        "version": known.version,
        "reasons": [(target_of(one), one) for one in known.assignments],
        "story": story,
        **(reading_of(known.version) if known.version else {}),
    }


def _taken_off(payer: Account | None, at: datetime, operator: Operator) -> list[TakenOff]:
    return discounts.agreed(payer, on=day_of(at, operator.time_zone)) if payer else []


def _hour(terms: Tariff, site: Site, at: datetime, *, is_resold: bool) -> price_words.Story | None:
    """What an hour comes to that begins then, by the kernel."""
    begin, end = int(at.timestamp()), int((at + timedelta(hours=1)).timestamp())
    session = metering.from_totals(start=[begin], end=[end], zone=site.time_zone, energy_wh=[EXAMPLE_WH])
    turns = None if is_resold else vat_rates.turns(site.country, site.time_zone, begin, end)
    rated = rate(session, terms) if turns is None else rate_over(session, [terms], turns)
    try:
        return price_words.story(session_price(rated, 0), site.zone)
    except BillingError:
        return None
