"""The reasons for crediting that people choose from, in the languages of the operator's documents."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.selectors import credit_reasons
from billing.selectors.credit_reasons import Reason
from billing.services import credit_reasons as services
from portal.gate.access import SignedInRequest, operator_view
from portal.words import regions
from tenants.models import Operator
from tenants.permissions import Permission

MOST, EMPTY = 30, 3


class ReasonsForm(forms.Form):
    """A row for each reason, and some empty ones. A row that is emptied goes."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        known = credit_reasons.reasons()
        self.count = min(len(known) + EMPTY, MOST)
        for index in range(self.count):
            own = known[index] if index < len(known) else Reason("", "")
            for name, words in (("sv", own.swedish), ("en", own.english)):
                self.fields[f"{name}_{index}"] = forms.CharField(
                    label=_("Reason %(number)s in %(language)s")
                    % {"number": index + 1, "language": regions.language(name)},
                    max_length=100,
                    required=False,
                    initial=words,
                )

    def rows(self) -> list[tuple[Any, Any]]:
        """The fields of each row, Swedish first."""
        return [(self[f"sv_{index}"], self[f"en_{index}"]) for index in range(self.count)]

    def reasons(self) -> list[Reason]:
        """What is to be kept."""
        found = [
            Reason(self.cleaned_data[f"sv_{index}"], self.cleaned_data[f"en_{index}"]) for index in range(self.count)
        ]
        return [reason for reason in found if reason.swedish or reason.english]


@operator_view(Permission.MANAGE_OPERATOR, without_people=True)
def reasons(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the list of reasons. Documents keep what they said."""
    form = ReasonsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.keep(form.reasons())
        messages.success(request, _("Saved."))
        return redirect("staff:credit_reasons", operator.slug)
    context = {"nav": "settings", "form": form}
    return render(request, "staff/settings/credit_reasons.html", context, status=400 if form.errors else 200)
