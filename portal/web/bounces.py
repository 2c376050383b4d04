"""What the mail server tells: that a letter came back."""

import re
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.services import letters
from portal.gate.access import public_view
from tenants.bounds import OutOfBounds, json_of
from tenants.models import Operator
from tenants.scoping import tenant_scope

#: A letter's Message-ID: which letter of which operator.
_OURS: Final = re.compile(r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([a-z0-9-]{1,63})@wattledger>?")
_LONGEST: Final = 100_000


@public_view("the mail server has no account: it shows the secret that it shares with the portal")
@csrf_exempt
@require_POST
def letter_bounced(request: HttpRequest) -> HttpResponse:
    """Note that the letter with this `message_id` came back; of one that we do not know nothing is said."""
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    secret = settings.MAIL_WEBHOOK_SECRET
    if not secret or not constant_time_compare(shown, secret):
        return _refused("The secret is not the one that was agreed.")
    told = _told(request)
    message_id = str(told.get("message_id", "")) if isinstance(told, dict) else ""
    if not _OURS.fullmatch(message_id.strip()):
        return _refused("message_id is missing, or not one of ours.")
    note(message_id)
    return HttpResponse(status=204)


def note(message_id: str) -> bool:
    """Note that the letter with this Message-ID came back; return whether there is such a one that had not yet."""
    named = _OURS.fullmatch(message_id.strip())
    operator = Operator.objects.filter(slug=named[2]).first() if named else None
    if named is None or operator is None:
        return False
    with tenant_scope(operator.pk):
        return letters.came_back(UUID(named[1]), at=timezone.now())


def _told(request: HttpRequest) -> Any:
    if len(request.body) > _LONGEST:
        return None
    try:
        return json_of(request.body)
    except (OutOfBounds, ValueError):
        return None


def _refused(why: str) -> HttpResponse:
    return HttpResponse(f"{why}\n", status=400, content_type="text/plain")
