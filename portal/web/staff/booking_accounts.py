"""The accounts that documents are booked on, in files for an accounting program."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import RegexValidator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import BookingAccount
from billing.selectors import booking_accounts, sellers
from billing.selectors.booking_accounts import BY_COUNTRY, USUAL, Account
from billing.services import booking_accounts as services
from portal.gate.access import SignedInRequest, operator_view
from portal.words import regions
from tenants.models import Operator
from tenants.permissions import Permission

_NUMBER = RegexValidator(
    r"^[1-8][0-9]{3,5}$", gettext_lazy("An account has four to six digits, the first from 1 to 8.")
)


#: A use, or a use in a country.
Key = tuple[str, str]


class AccountsForm(forms.Form):
    """A number and a name for each use, and for VAT and sales of each country where the operator has a number of VAT.

    Emptied, a use has the usual account again, and a country that of all countries.
    """

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        chart = booking_accounts.chart()
        countries = sorted({*sellers.numbers_abroad(), *(country for _use, country in chart.abroad)})
        self.labels: dict[Key, str] = {(use, ""): str(label) for use, label in BookingAccount.Use.choices}
        for use in BY_COUNTRY:
            for country in countries:
                named = {"use": use.label, "country": regions.country(country)}
                self.labels[use.value, country] = _("%(use)s: %(country)s") % named
        for key, label in self.labels.items():
            known = chart.account(*key)
            self.fields[_field(key, "number")] = forms.CharField(
                label=_("Account of %(use)s") % {"use": label},
                max_length=6,
                required=False,
                validators=[_NUMBER],
                initial=known.number,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            )
            self.fields[_field(key, "name")] = forms.CharField(
                label=_("Name of the account of %(use)s") % {"use": label},
                max_length=50,
                required=False,
                initial=known.name,
            )

    def rows(self) -> list[tuple[str, Any, Any]]:
        """What each row is for, and its fields."""
        return [(label, self[_field(key, "number")], self[_field(key, "name")]) for key, label in self.labels.items()]

    def accounts(self) -> dict[str, Account]:
        """What is to be kept for each use."""
        return {use: account for (use, country), account in self._told().items() if not country}

    def abroad(self) -> dict[Key, Account]:
        """What is to be kept for a country alone."""
        return {key: account for key, account in self._told().items() if key[1]}

    def _told(self) -> dict[Key, Account]:
        told = {key: [self.cleaned_data[_field(key, part)] for part in ("number", "name")] for key in self.labels}
        return {key: Account(number, name or USUAL[key[0]].name) for key, (number, name) in told.items() if number}


def _field(key: Key, part: str) -> str:
    return "_".join(filter(None, (*key, part)))


@operator_view(Permission.MANAGE_OPERATOR)
def accounts(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the accounts. Files that were made keep theirs."""
    form = AccountsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.keep(form.accounts(), form.abroad())
        messages.success(request, _("Saved."))
        return redirect("staff:booking_accounts", operator.slug)
    context = {"nav": "settings", "form": form}
    return render(request, "staff/settings/booking_accounts.html", context, status=400 if form.errors else 200)
