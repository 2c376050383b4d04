"""How long things are kept: what the coming night removes, in words and figures, the rules, and legal holds.

Times can be tried before they are kept: the page then says what would go by them.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing.selectors import past_sums
from billing.services import past_hours
from portal.gate.access import SignedInRequest, operator_view
from portal.words import privacy as words
from tenants.models import Driver, LegalHold, Operator, RetentionNight
from tenants.permissions import Permission
from tenants.privacy import retention
from tenants.privacy.retention import Standing
from tenants.selectors import people

NIGHTS_SHOWN = 14


class RulesForm(forms.Form):
    """Days for each class, within what the law lets an operator choose."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in filter(lambda one: one.is_chosen, retention.classes()):
            bounds = {"least": each.least, "most": each.most, "days": each.days}
            self.fields[each.code] = forms.IntegerField(
                label=capfirst(str(words.CLASSES[each.code][0])),
                min_value=each.least,
                max_value=each.most,
                initial=retention.days_of(each),
                help_text=_("Days, from %(least)d to %(most)d; usually %(days)d.") % bounds,
            )


class HoldForm(forms.Form):
    """What may not go, and why."""

    customer_number = forms.CharField(
        label=gettext_lazy("Customer number"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("Empty: nothing at all is removed."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=500, help_text=gettext_lazy("Such as the claim or the authority's case.")
    )

    def clean_customer_number(self) -> Driver | None:
        """The driver of this number."""
        number = str(self.cleaned_data["customer_number"]).strip()
        if not number:
            return None
        driver = Driver.objects.filter(customer_number=number).first()
        if driver is None:
            raise forms.ValidationError(_("No driver has the customer number %(number)s.") % {"number": number})
        return driver


@operator_view(Permission.VIEW_PRIVACY)
def retention_page(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the rules, what the coming night will remove, and the nights before."""
    return _page(request, operator, RulesForm(), HoldForm())


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def retention_change(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Keep the operator's times, or show what would go by them."""
    form = RulesForm(request.POST)
    if form.is_valid() and "try" not in request.POST:
        retention.say(form.cleaned_data)
        messages.success(request, _("Saved. It applies from the coming night."))
        return redirect("staff:retention", operator.slug)
    return _page(request, operator, form, HoldForm())


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def hold_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Let nothing about somebody go, or nothing at all."""
    form = HoldForm(request.POST)
    if form.is_valid():
        driver, reason = form.cleaned_data["customer_number"], form.cleaned_data["reason"]
        retention.hold(driver=driver, reason=reason, by=request.user, at=timezone.now())
        messages.success(request, _("Held. Nothing of it is removed until you lift it."))
        return redirect("staff:retention", operator.slug)
    return _page(request, operator, RulesForm(), form)


@operator_view(Permission.MANAGE_PRIVACY)
@require_POST
def hold_lift(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Let the rules hold again."""
    retention.lift(get_object_or_404(LegalHold, public_id=public_id), at=timezone.now())
    messages.success(request, _("Lifted. The rules apply again from the coming night."))
    return redirect("staff:retention", operator.slug)


def _undecided(preview: list[Standing], night: datetime, operator: Operator) -> int:
    """How many sessions are as old as those that end, but wait for somebody."""
    days = next(each.days for each in preview if each.of is past_hours.CLASS)
    return past_sums.undecided((night - timedelta(days=days)).astimezone(operator.zone).date())


def _page(request: SignedInRequest, operator: Operator, rules: RulesForm, hold: HoldForm) -> HttpResponse:
    night = retention.next_night(timezone.now(), operator.zone)
    tried = rules.cleaned_data if rules.is_bound and not rules.errors else None
    preview = retention.standings(tried, at=night)
    holds = list(LegalHold.objects.filter(until=None).select_related("driver").order_by("pk"))
    names = people.named(row.made_by_id for row in holds if row.made_by_id)
    nights = RetentionNight.objects.order_by("-night")[:NIGHTS_SHOWN]
    context = {
        "nav": "privacy",
        "undecided": _undecided(preview, night, operator),
        "preview": [words.ending(each) for each in preview],
        "sentence": words.removed({each.of.code: each.due for each in preview}),
        "is_tried": tried is not None,
        "night": night,
        "is_all_held": retention.is_all_held(),
        "holds": [(row, names.get(row.made_by_id or 0)) for row in holds],
        "nights": [(row, words.removed(row.counts)) for row in nights],
        "otherwise": words.OTHERWISE,
        "rules": rules,
        "hold": hold,
    }
    status = 400 if rules.errors or hold.errors else 200
    return render(request, "staff/privacy/retention.html", context, status=status)
