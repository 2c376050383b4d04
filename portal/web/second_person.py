"""Asking for a second person from the page of the act itself: finance and staff share this."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.domain.errors import BillingError
from portal.gate.access import SignedInRequest
from portal.words.letters import Letter
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Approval, Operator
from tenants.services import four_eyes, mail


def ask(request: SignedInRequest, operator: Operator, make: Callable[[], Approval]) -> HttpResponse | None:
    """Ask, tell those who can decide, and show what waits; None when it was refused, with the reason as a message."""
    try:
        approval = make()
    except (Refused, BillingError) as refusal:
        messages.error(request, why(refusal))
        return None
    _tell(request, operator, approval)
    messages.info(request, _("Nothing has happened yet: it waits for a second person."))
    return redirect("staff:approval_detail", operator.slug, approval.public_id)


def _tell(request: SignedInRequest, operator: Operator, approval: Approval) -> None:
    path = reverse("staff:approval_detail", args=[operator.slug, approval.public_id])
    link = request.build_absolute_uri(path)
    for person in four_eyes.deciders(approval, at=approval.requested_at):
        mail.send(person, Letter.SECOND_PERSON_ASKED, operator=operator, person=request.user, act=approval, link=link)
