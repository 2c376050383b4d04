"""A driver's own cards: seen, reported lost in one tap, and taken back when they are found."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charging.models import ChargingSession, Token
from charging.selectors import sessions
from charging.services import tokens
from portal.gate.access import SignedInRequest, driver_view
from portal.web.acts import told
from tenants.models import Driver, Operator

#: A lost card may have been used by somebody for a while before it is missed.
LOOK_BACK, SHOWN = timedelta(days=14), 10


@driver_view
def token_list(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Show the driver's cards, the ones that work first, and of those blocked what was charged with them lately."""
    every = Token.objects.filter(driver=request.driver)
    own = sorted(every, key=lambda token: (token.is_blocked, token.visual_number, token.pk))
    cards = [(token, _lately(token, request.driver)) for token in own]
    return render(request, "driver/tokens/list.html", {"nav": "tokens", "cards": cards})


@driver_view
@require_POST
def token_block(request: SignedInRequest, operator: Operator, token_id: UUID) -> HttpResponse:
    """Block a lost card at once."""
    token = _own(request, token_id)
    tokens.report_lost(token, at=timezone.now())
    messages.success(request, _("The card %(card)s no longer works.") % {"card": token})
    return redirect("driver:token_list", operator.slug)


@driver_view
@require_POST
def token_found(request: SignedInRequest, operator: Operator, token_id: UUID) -> HttpResponse:
    """Let a card work again that the driver had reported lost."""
    token = _own(request, token_id)
    told(request, _("The card %(card)s works again.") % {"card": token}, tokens.report_found, token, at=timezone.now())
    return redirect("driver:token_list", operator.slug)


def _own(request: SignedInRequest, token_id: UUID) -> Token:
    token = Token.objects.filter(driver=request.driver, public_id=token_id).first()
    if token is None:
        raise Http404
    return token


def _lately(token: Token, driver: Driver) -> list[ChargingSession]:
    """The driver's sessions with a blocked card, from shortly before it was blocked on."""
    if token.blocked_at is None:
        return []
    since = token.blocked_at - LOOK_BACK
    used = ChargingSession.objects.filter(driver=driver, token=token, started_at__gte=since)
    return list(sessions.shown(used).order_by("-started_at", "-pk")[:SHOWN])
