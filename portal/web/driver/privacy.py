"""A driver's privacy page: what is asked, the present answers, everything ever answered, and who has looked.

Taking consent back is the same one click as giving it (GDPR art. 7(3)).
"""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, driver_view
from portal.gate.requests import client_address
from portal.web import lists
from portal.words import copies
from portal.words.say import why
from tenants.errors import Refused
from tenants.log import reading as audit_log
from tenants.models import ConsentEvent, ConsentPurpose, Operator
from tenants.selectors import consents, notices
from tenants.services.people import consents as services

LOOKS_SHOWN = 20


class DecisionForm(forms.Form):
    """Yes or no, and to which words: their hash as the page showed them."""

    decision = forms.ChoiceField(choices=ConsentEvent.Decision.choices)
    words = forms.CharField(max_length=64, required=False)


@driver_view
def privacy(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what the operator asks and what the driver has answered."""
    page = lists.page(audit_log.looks(request.driver), request, by="timestamp", size=LOOKS_SHOWN)
    context = {
        "nav": "privacy",
        "driver": request.driver,
        "questions": consents.questions(request.driver, language=_language(operator)),
        "proofs": consents.proofs(request.driver),
        "looks": copies.looks(page.rows, operator),
        "page": page,
        "notice": notices.in_force(_language(operator)),
    }
    return render(request, "driver/privacy/page.html", context)


@require_POST
@driver_view
def decide(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Keep the driver's answer about one purpose."""
    purpose = get_object_or_404(ConsentPurpose, public_id=public_id, is_active=True)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That was neither yes nor no; nothing has changed."))
        return redirect("driver:privacy", operator.slug)
    try:
        services.record(
            request.driver,
            purpose,
            form.cleaned_data["decision"],
            channel=ConsentEvent.Channel.PORTAL,
            at=timezone.now(),
            language=_language(operator),
            by=request.user,
            address=client_address(request),
            words=form.cleaned_data["words"],
        )
        messages.success(request, _("Your answer has been saved."))
    except Refused as refusal:
        messages.error(request, why(refusal))
    return redirect("driver:privacy", operator.slug)


def _language(operator: Operator) -> str:
    return get_language() or operator.language
