"""A driver's own cards: seen, and blocked when one is lost."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charging.models import Token
from charging.services import tokens
from portal.gate.access import SignedInRequest, driver_view
from tenants.models import Operator


@driver_view
def token_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the driver's cards, the ones that work first."""
    own = Token.objects.filter(driver=request.driver).order_by("is_blocked", "visual_number", "pk")
    return render(request, "driver/tokens/list.html", {"nav": "tokens", "tokens": own})


@driver_view
@require_POST
def token_block(request: SignedInRequest, operator: Operator, token_id: UUID) -> HttpResponse:
    """Block a lost card at once. Only the operator can let it work again."""
    token = Token.objects.filter(driver=request.driver, public_id=token_id).first()
    if token is None:
        raise Http404
    tokens.block(token, at=timezone.now())
    messages.success(request, _("The card %(card)s is blocked.") % {"card": token})
    return redirect("driver:token_list", operator.slug)
