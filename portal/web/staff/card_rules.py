"""What cards may do when nobody can be asked about them in time: by kind of card, up to a sum a month."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from charging.domain.ocpp.unasked import Kind, Rule
from charging.selectors import card_rules as selectors
from charging.selectors.card_rules import Used
from charging.services import card_rules as services
from portal.gate.access import SignedInRequest, operator_view
from tenants.models import Operator
from tenants.permissions import Permission

MOST = 1_000_000


class CardRuleForm(forms.Form):
    """Whether cards of one kind are let in, and how far."""

    is_open = forms.BooleanField(label=gettext_lazy("Let them charge"), required=False)
    most = forms.IntegerField(label=gettext_lazy("At most in a month"), min_value=0, max_value=MOST)
    reckoned = forms.IntegerField(
        label=gettext_lazy("A charge is reckoned as"),
        min_value=1,
        max_value=MOST,
        help_text=gettext_lazy(
            "What it will cost is not known yet, so each counts as this much at least, until it is over."
        ),
    )

    def rule(self) -> Rule:
        """What is to hold. The form is valid."""
        return Rule(**self.cleaned_data)


@operator_view(Permission.MANAGE_OPERATOR, step_up=True, without_people=True)
def card_rules(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change the rules, with what they have let in this month."""
    used = selectors.of_operator(at=timezone.now())
    forms_ = {each.kind: _form(request, each) for each in used}
    is_sent = request.method == "POST"
    valid = [form.is_valid() for form in forms_.values()]  # all, so that all errors show at once
    if is_sent and all(valid):
        services.keep({kind: form.rule() for kind, form in forms_.items()})
        messages.success(request, _("Saved."))
        return redirect("staff:card_rules", operator.slug)
    context = {"nav": "settings", "rows": [(each, forms_[Kind(each.kind)]) for each in used]}
    return render(request, "staff/settings/card_rules.html", context, status=400 if is_sent else 200)


def _form(request: SignedInRequest, used: Used) -> CardRuleForm:
    rule = used.rule
    initial = {"is_open": rule.is_open, "most": rule.most, "reckoned": rule.reckoned}
    return CardRuleForm(request.POST if request.method == "POST" else None, prefix=used.kind, initial=initial)
