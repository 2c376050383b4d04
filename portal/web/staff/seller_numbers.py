"""The operator's VAT numbers in other countries, which documents with their VAT are issued under."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.selectors import sellers
from billing.services import seller_numbers as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import attempted
from portal.web.staff.country_choice import CountryField
from tenants.models import Operator
from tenants.permissions import Permission

MOST, EMPTY = 40, 2


class NumbersForm(forms.Form):
    """A row for each country, and some empty ones. A row whose number is emptied goes."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        known = [*sellers.numbers_abroad().items()]
        self.count = min(len(known) + EMPTY, MOST)
        for index in range(self.count):
            country, number = known[index] if index < len(known) else ("", "")
            self.fields[f"country_{index}"] = CountryField(required=False, initial=country)
            self.fields[f"number_{index}"] = forms.CharField(
                label=_("VAT number"), max_length=20, required=False, initial=number
            )

    def clean(self) -> dict[str, Any]:
        """A number needs its country, and a country has one number."""
        data = super().clean() or {}
        seen: set[str] = set()
        for index in range(self.count):
            country, number = data.get(f"country_{index}", ""), data.get(f"number_{index}", "")
            if number and not country:
                self.add_error(f"country_{index}", _("Choose the country of the number."))
            if number and country in seen:
                self.add_error(f"country_{index}", _("A country has one number."))
            seen |= {country} if number else set()
        return data

    def rows(self) -> list[tuple[Any, Any]]:
        """The fields of each row."""
        return [(self[f"country_{index}"], self[f"number_{index}"]) for index in range(self.count)]

    def numbers(self) -> dict[str, str]:
        """What is to be kept."""
        data = self.cleaned_data
        rows = ((data[f"country_{index}"], data[f"number_{index}"]) for index in range(self.count))
        return {country: number for country, number in rows if number}


@operator_view(Permission.MANAGE_OPERATOR, step_up=True, without_people=True)
def numbers(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the numbers. Documents keep those they were issued with."""
    form = NumbersForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        attempted(form, services.keep, form.numbers())
        if not form.errors:
            messages.success(request, _("Saved. Invoices issued from now on show them."))
            return redirect("staff:seller_numbers", operator.slug)
    context = {"nav": "settings", "form": form}
    return render(request, "staff/settings/seller_numbers.html", context, status=400 if form.errors else 200)
