"""The reset of a member's lost second factor: asked for here, done a day later unless somebody stops it."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, operator_view
from portal.web.staff.people.pages import crumbs
from portal.words.letters import Letter
from portal.words.say import say, why
from tenants.errors import Refused
from tenants.models import FactorReset, Membership, Operator
from tenants.permissions import Permission
from tenants.selectors import people
from tenants.services import mail
from tenants.services.proof import factor_resets


class ReasonForm(forms.Form):
    """Why, for the person's letter and the log."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("How you know that it is really this person who asks. It is kept in the audit log."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@operator_view(Permission.MANAGE_PEOPLE, step_up=True)
def reset(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Ask for the reset, or see the one that is under way."""
    place = _place(operator, public_id)
    under_way = people.open_reset(place.user)
    why_not = None if under_way else factor_resets.why_not(place.user, operator=operator, by=request.user)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and not under_way and not why_not and form.is_valid():
        try:
            _ask(request, operator, place, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, why(refusal))
        else:
            return redirect("staff:factor_reset", operator.slug, public_id)
    context = {
        "nav": "people",
        "place": place,
        "form": form,
        "under_way": under_way if under_way and under_way.operator == operator else None,
        "why_not": say(why_not) if why_not else "",
        "crumbs": crumbs(operator),
    }
    return render(request, "staff/people/factor_reset.html", context, status=400 if form.errors or why_not else 200)


@operator_view(Permission.MANAGE_PEOPLE, step_up=True)
@require_POST
def withdraw(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Stop the reset."""
    under_way = people.open_reset(_place(operator, public_id).user)
    if under_way is not None and under_way.operator == operator:
        factor_resets.stop(under_way, by=request.user, at=now(), why="withdrawn")
        messages.success(request, _("The reset is stopped."))
    return redirect("staff:factor_reset", operator.slug, public_id)


def _place(operator: Operator, public_id: UUID) -> Membership:
    return get_object_or_404(people.staff(operator), public_id=public_id)


def _ask(request: SignedInRequest, operator: Operator, place: Membership, *, reason: str) -> FactorReset:
    asked = factor_resets.ask(place.user, operator=operator, by=request.user, reason=reason, at=now())
    stop = reverse("account:factor_reset_by_letter", args=[factor_resets.stop_word(asked)])
    link = request.build_absolute_uri(stop)
    if mail.send(place.user, Letter.FACTOR_RESET_ASKED, operator=operator, due=asked.due_at, link=link):
        messages.success(request, _("The person has been told by mail."))
    else:
        messages.warning(request, _("There is no mail server: tell the person yourself. They see it when signed in."))
    return asked
