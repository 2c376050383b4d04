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
from billing.selectors import booking_accounts
from billing.selectors.booking_accounts import USUAL, Account
from billing.services import booking_accounts as services
from portal.gate.access import SignedInRequest, operator_view
from tenants.models import Operator
from tenants.permissions import Permission

_NUMBER = RegexValidator(
    r"^[1-8][0-9]{3,5}$", gettext_lazy("An account has four to six digits, the first from 1 to 8.")
)


class AccountsForm(forms.Form):
    """A number and a name for each use. Emptied, a use has the usual account again."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        known = booking_accounts.accounts()
        for use, label in BookingAccount.Use.choices:
            self.fields[f"{use}_number"] = forms.CharField(
                label=_("Account of %(use)s") % {"use": label},
                max_length=6,
                required=False,
                validators=[_NUMBER],
                initial=known[use].number,
                widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            )
            self.fields[f"{use}_name"] = forms.CharField(
                label=_("Name of the account of %(use)s") % {"use": label},
                max_length=50,
                required=False,
                initial=known[use].name,
            )

    def rows(self) -> list[tuple[str, Any, Any]]:
        """What each row is for, and its fields."""
        return [(str(label), self[f"{use}_number"], self[f"{use}_name"]) for use, label in BookingAccount.Use.choices]

    def accounts(self) -> dict[str, Account]:
        """What is to be kept."""
        told = {use: (self.cleaned_data[f"{use}_number"], self.cleaned_data[f"{use}_name"]) for use in USUAL}
        return {use: Account(number, name or USUAL[use].name) for use, (number, name) in told.items() if number}


@operator_view(Permission.MANAGE_OPERATOR)
def accounts(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the accounts. Files that were made keep theirs."""
    form = AccountsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.keep(form.accounts())
        messages.success(request, _("Saved."))
        return redirect("staff:booking_accounts", operator.slug)
    context = {"nav": "settings", "form": form}
    return render(request, "staff/settings/booking_accounts.html", context, status=400 if form.errors else 200)
