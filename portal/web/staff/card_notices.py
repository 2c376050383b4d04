"""Odd uses of cards that were noticed: the list, those that nobody has looked after first."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charging.models import CardNotice
from charging.selectors import card_notices as selectors
from charging.services import card_notices as services
from portal.gate.access import SignedInRequest, operator_view
from portal.web import lists
from tenants.models import Operator
from tenants.permissions import Permission


@operator_view(Permission.VIEW_DRIVERS)
def card_notices(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show what is to be looked after, or with `?seen=1` what somebody has looked after; the newest first."""
    if tidy := lists.untidy(request):
        return tidy
    is_seen = request.GET.get("seen") == "1"
    context = {
        "nav": "tokens",
        "is_seen": is_seen,
        "page": lists.page(selectors.listing(is_seen=is_seen), request, by="at"),
        "crumbs": [(_("Cards"), reverse("staff:token_list", args=[operator.slug]))],
    }
    return render(request, "staff/tokens/odd.html", context)


@require_POST
@operator_view(Permission.MANAGE_DRIVERS)
def card_notice_seen(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Note that one was looked after."""
    notice = get_object_or_404(CardNotice, public_id=public_id)
    services.see(notice, by=request.user, at=timezone.now())
    messages.success(request, _("Noted. If it happens again, it stands here again."))
    return redirect("staff:card_notices", operator.slug)
