"""The form that says where a tariff applies, and from when: several places, groups and drivers at once."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.selectors.tariff_listing import TariffSummary
from charging.models import Site, Station
from portal.web.sensible_days import SENSIBLE
from portal.words import measures
from tenants.models import Account, DriverGroup, Operator

EVERYWHERE = "everywhere"


class AssignForm(forms.Form):
    """Where a tariff applies, and when. Nothing is chosen beforehand; it begins when the tariff does."""

    where = forms.MultipleChoiceField(label=_("Sites and groups"), required=False, widget=forms.CheckboxSelectMultiple)
    stations = forms.CharField(
        label=_("Stations"), max_length=1000, required=False, help_text=_("Identifiers, with commas between.")
    )
    customer_numbers = forms.CharField(
        label=_("Drivers and payers"),
        max_length=1000,
        required=False,
        help_text=_("Customer numbers, with commas between."),
    )
    valid_from = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), validators=SENSIBLE
    )
    valid_until = forms.DateField(
        label=_("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        validators=SENSIBLE,
    )

    def __init__(self, data: QueryDict | None = None, *, shelved: TariffSummary, operator: Operator) -> None:
        self.zone = operator.zone
        self.begins = min(
            (version.valid_from for version in shelved.versions if version.published_at and version.valid_from),
            default=None,
        )
        today = timezone.now().astimezone(self.zone).date()
        first = max(today, self._first_day() or today)
        super().__init__(data, initial={"valid_from": first})
        sites = Site.objects.filter(is_active=True).order_by("name").values_list("public_id", "name")
        groups = DriverGroup.objects.order_by("name").values_list("public_id", "name")
        where: Any = self.fields["where"]
        choices = [
            (gettext("All that no other tariff is for"), [(EVERYWHERE, gettext("everywhere"))]),
            (gettext("Sites"), [(f"site:{key}", name) for key, name in sites]),
            (gettext("Groups"), [(f"group:{key}", name) for key, name in groups]),
        ]
        where.choices = [choice for choice in choices if choice[1]]

    def _first_day(self) -> date | None:
        return self.begins.astimezone(self.zone).date() if self.begins else None

    def clean_customer_numbers(self) -> list[dict[str, Any]]:
        """The drivers, and the payers who are no single person, that were named."""
        numbers = _words(self.cleaned_data["customer_numbers"])
        rows = Account.objects.select_related("driver").filter(customer_number__in=numbers)
        named = {row.customer_number: {"driver": row.driver} if row.driver else {"account": row} for row in rows}
        unknown = [number for number in numbers if number not in named]
        if unknown:
            raise ValidationError(gettext("No customer has the number %(number)s.") % {"number": ", ".join(unknown)})
        return [named[number] for number in numbers]

    def clean_stations(self) -> list[dict[str, Any]]:
        """The stations that were named."""
        identifiers = _words(self.cleaned_data["stations"])
        rows = Station.objects.select_related("site").filter(identifier__in=identifiers)
        named = {row.identifier: {"station": row} for row in rows}
        unknown = [identifier for identifier in identifiers if identifier not in named]
        if unknown:
            raise ValidationError(
                gettext("No station has the identifier %(identifier)s.") % {"identifier": ", ".join(unknown)}
            )
        return [named[identifier] for identifier in identifiers]

    def clean_valid_from(self) -> date:
        """Refuse days before the tariff has prices: nothing could be priced by it."""
        first: date = self.cleaned_data["valid_from"]
        begins = self._first_day()
        if begins is not None and first < begins:
            raise ValidationError(
                gettext("The tariff has prices from %(day)s on.") % {"day": measures.local_date(begins)}
            )
        return first

    def clean(self) -> dict[str, Any]:
        """Ask for a place, and refuse an end before the beginning."""
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and last and last <= first:
            self.add_error("valid_until", gettext("The end must come after the beginning."))
        if not self.errors and not any(cleaned[name] for name in ("where", "stations", "customer_numbers")):
            self.add_error("where", gettext("Choose where it applies."))
        return cleaned

    def assignments(self) -> list[dict[str, Any]]:
        """What the service needs for each, with days as instants of the operator's clock."""
        facts = self.cleaned_data
        last = facts["valid_until"]
        begin = datetime.combine(facts["valid_from"], time(), self.zone)
        if self.begins is not None and facts["valid_from"] == self._first_day():
            begin = max(begin, self.begins)
        span = {"valid_from": begin, "valid_until": datetime.combine(last, time(), self.zone) if last else None}
        chosen = [_target(choice) for choice in facts["where"]]
        return [{**target, **span} for target in [*chosen, *facts["stations"], *facts["customer_numbers"]]]


def _words(text: str) -> list[str]:
    """The words of a text, each once, in their order."""
    return list(dict.fromkeys(text.replace(",", " ").split()))


def _target(choice: str) -> dict[str, Any]:
    kind, _colon, key = choice.partition(":")
    match kind:
        case "site":
            return {"site": Site.objects.get(public_id=key)}
        case "group":
            return {"group": DriverGroup.objects.get(public_id=key)}
    return {}
