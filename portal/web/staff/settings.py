"""The operator's own particulars: what stands on its invoices, and where its days begin."""

import re
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum import iban, luhn

from billing.selectors import e_invoices
from billing.services import operator_changes
from portal.gate.access import SignedInRequest, operator_view
from portal.web.staff import zones
from portal.web.staff.country_choice import CountryField
from portal.words import e_invoices as e_invoice_words
from portal.words.say import why
from tenants import company_numbers
from tenants.company_numbers import compact
from tenants.errors import Refused
from tenants.models import Operator
from tenants.permissions import Permission

SELLER = (
    "legal_name", "organisation_number", "vat_number", "gln",
    "street", "postal_code", "city", "country", "email", "phone",
)  # fmt: skip
PAYMENT = ("bankgiro", "iban", "payment_terms_days", "rounds_to_crowns", "approved_for_f_tax")
PRICES = ("prices_include_vat",)
PRIVACY = ("privacy_contact", "smallest_group")
PORTAL = ("name", "time_zone", "language")


class OperatorForm(forms.ModelForm):  # type: ignore[type-arg]
    """The operator's particulars. Currency and address in the portal stay as they were at creation."""

    country = CountryField()
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=zones.choices,
        help_text=gettext_lazy("Where the operator's days and months begin."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("Of invoices and letters to drivers who have not chosen one."),
    )

    class Meta:
        model = Operator
        fields = (*PORTAL, *SELLER, *PAYMENT, *PRICES, *PRIVACY)
        help_texts: ClassVar = {
            "gln": gettext_lazy(
                "Only if you are found by it in the Peppol network, and not by your organisation number."
            ),
            "iban": gettext_lazy("For invoices in other currencies than SEK, and for those who pay from abroad."),
            "rounds_to_crowns": gettext_lazy("What is to be paid in SEK: 1–49 öre down, 50–99 up. VAT stays as it is."),
            "privacy_contact": gettext_lazy("Whom drivers and authorities turn to: a name, an e-mail address or both."),
            "smallest_group": gettext_lazy(
                "Drivers. Statistics show no hour, day, kind or group of fewer, nor what would give it away."
            ),
            "prices_include_vat": gettext_lazy("What a new tariff begins with. Consumers are to see prices with VAT."),
        }

    def clean_organisation_number(self) -> str:
        """Write a Swedish number as Swedes do: ten digits, a hyphen before the last four."""
        digits = re.sub(r"\D", "", number := str(self.cleaned_data["organisation_number"]))
        if not digits or self.data.get("country", "").upper() != "SE":
            return number
        if len(digits) != 10:
            raise forms.ValidationError(
                _("A Swedish organisation number has ten digits; this one has %(n)d.") % {"n": len(digits)}
            )
        return f"{digits[:6]}-{digits[6:]}"

    def clean_vat_number(self) -> str:
        """Refuse a Swedish VAT number of another shape: an invoice with it would be refused by its receiver."""
        number = re.sub(r"[\s-]", "", str(self.cleaned_data["vat_number"])).upper()
        if number.startswith("SE") and not re.fullmatch(r"SE\d{10}01", number):
            raise forms.ValidationError(_("A Swedish VAT number is SE, ten digits and 01."))
        return number

    def clean_bankgiro(self) -> str:
        """Write it as Swedes do, with a hyphen; refuse one whose check digit does not fit: nothing would arrive."""
        number = compact(str(self.cleaned_data["bankgiro"]))
        if number and not (len(number) in {7, 8} and luhn.is_valid(number)):
            raise forms.ValidationError(
                _("This is no bankgiro: seven or eight digits, the last of which fits the others.")
            )
        return f"{number[:-4]}-{number[-4:]}" if number else ""

    def clean_gln(self) -> str:
        """Refuse one whose check digit does not fit: no e-invoice would come from it."""
        try:
            return company_numbers.gln(str(self.cleaned_data["gln"]))
        except Refused as problem:
            raise forms.ValidationError(why(problem)) from problem

    def clean_iban(self) -> str:
        """Keep it plainly written; refuse one whose check digits do not fit."""
        number = compact(str(self.cleaned_data["iban"]))
        if number and not iban.is_valid(number):
            raise forms.ValidationError(_("This is no IBAN: its length or its check digits do not fit."))
        return number

    def groups(self) -> list[tuple[str, list[Any]]]:
        """The fields under their headings."""
        headings = [
            (_("On invoices"), SELLER),
            (_("Payment"), PAYMENT),
            (_("Prices"), PRICES),
            (_("Personal data"), PRIVACY),
            (_("Portal"), PORTAL),
        ]
        return [(heading, [self[name] for name in names]) for heading, names in headings]


@operator_view(Permission.MANAGE_OPERATOR, step_up=True, without_people=True)
def particulars(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the operator's particulars. Issued invoices keep those of their day."""
    form = OperatorForm(request.POST or None, instance=Operator.objects.get(pk=operator.pk))
    if request.method == "POST" and form.is_valid():
        operator_changes.change(operator, at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Saved. Invoices issued from now on show the new details."))
        return redirect("staff:settings", operator.slug)
    lacks = e_invoice_words.lacks(e_invoices.of_seller(operator, at=timezone.now()))
    context = {"nav": "settings", "form": form, "lacks": lacks}
    return render(request, "staff/settings/form.html", context, status=400 if form.errors else 200)
