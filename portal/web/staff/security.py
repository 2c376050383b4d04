"""The operator's security: of which roles a second factor is required, and which acts need a second person."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.services.approved import ISSUE, PUBLISH
from portal.gate.access import SignedInRequest, operator_view
from portal.web import second_person
from portal.web.acts import attempted
from portal.words import approvals as approval_words
from tenants.models import Membership, Operator
from tenants.permissions import Permission
from tenants.privacy import erasure
from tenants.selectors import approvals, people
from tenants.services import four_eyes
from tenants.services.people import driver_exports, security

WHAT_IT_PREVENTS = {
    PUBLISH: gettext_lazy(
        "Nobody publishes prices alone: a finance colleague or an owner looks at the draft first. Where and for whom"
        " published prices apply, one person decides."
    ),
    ISSUE: gettext_lazy(
        "Nobody sends a month's invoices alone. Numbers and sums are seen by two people first. A credit note needs"
        " two people as well."
    ),
    driver_exports.ACTION: gettext_lazy(
        "Nobody downloads the register of all drivers alone. Only owners may, so you need two of them. The files for"
        " accounting need one person, and name the customers of their month."
    ),
    erasure.ACTION: gettext_lazy(
        "Nobody erases a person alone, as it cannot be undone. The second person sees whose request it is."
    ),
}


class FactorForm(forms.Form):
    """Of whom a second factor is required. Of owners always."""

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for role in Membership.Role:
            is_owner = role == Membership.Role.OWNER
            self.fields[role.value] = forms.BooleanField(
                label=role.label,
                required=False,
                initial=is_owner or role.value in operator.factor_required_of,
                disabled=is_owner,
                help_text=_("Always: an owner can change all of this.") if is_owner else "",
            )

    def chosen(self) -> list[str]:
        """The roles that are ticked."""
        return [role for role, ticked in self.cleaned_data.items() if ticked]


class FourEyesForm(forms.Form):
    """Which acts need a second person."""

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for act in four_eyes.choices():
            self.fields[act] = forms.BooleanField(
                label=approval_words.NAMES[act],  # type: ignore[arg-type]  # a lazy text is as good
                help_text=WHAT_IT_PREVENTS[act],
                required=False,
                initial=act in operator.four_eyes,
            )

    def chosen(self) -> list[str]:
        """The acts that are ticked."""
        return [act for act, ticked in self.cleaned_data.items() if ticked]


@operator_view(Permission.MANAGE_SECURITY, step_up=True)
def security_page(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show and change both; say whom it concerns."""
    sent = request.POST.get("form", "")
    factors = FactorForm(request.POST if sent == "factors" else None, operator=operator)
    four = FourEyesForm(request.POST if sent == "four_eyes" else None, operator=operator)
    if factors.is_bound and factors.is_valid() and _factors_kept(request, operator, factors):
        return redirect("staff:security", operator.slug)
    if four.is_bound and four.is_valid() and (answer := _four_eyes_kept(request, operator, four)) is not None:
        return answer
    context = {
        "nav": "settings",
        "factors": factors,
        "four_eyes": four,
        "without": _without_factor(operator),
        "alone": _alone(request),
        "other_owners": security.others(request.user),
        "switching_off": approvals.open_about(security.SWITCH_OFF, security.subject(), at=timezone.now()),
    }
    status = 400 if factors.errors or four.errors else 200
    return render(request, "staff/settings/security.html", context, status=status)


def _factors_kept(request: SignedInRequest, operator: Operator, form: FactorForm) -> bool:
    attempted(form, security.require_factor, operator, of=form.chosen())
    if form.errors:
        return False
    messages.success(request, _("Saved. Anyone without a second factor is asked to set one up before their next page."))
    return True


def _four_eyes_kept(request: SignedInRequest, operator: Operator, form: FourEyesForm) -> HttpResponse | None:
    now = timezone.now()
    asked = []

    def choose() -> Any:
        asked.append(security.choose_four_eyes(operator, acts=form.chosen(), by=request.user, at=now))
        return asked[0]

    attempted(form, choose)
    if form.errors:
        return None
    approval = asked[0]
    if approval is not None:
        return second_person.ask(request, operator, lambda: approval)
    messages.success(request, _("Saved."))
    return redirect("staff:security", operator.slug)


def _without_factor(operator: Operator) -> list[tuple[str, list[str], int]]:
    """Of each role: its label, the members who have no second factor (customers are only counted), and how many."""
    rows = people.without_factor(operator)
    found = []
    for role in Membership.Role:
        names = [str(place.user) for place in rows if place.role == role]
        if names:
            found.append((str(role.label), [] if role in Membership.CUSTOMERS else names, len(names)))
    return found


def _alone(request: SignedInRequest) -> list[str]:
    """The acts that would need a second person where there is none."""
    return [
        str(approval_words.NAMES[act])
        for act in four_eyes.choices()
        if approvals.holders(four_eyes.permission_of(act)).count() < 2
    ]
