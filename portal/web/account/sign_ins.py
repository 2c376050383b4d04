"""Where a person is signed in: every browser with its last trace, and the way to end them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, account_view
from portal.words import browsers as browser_words
from tenants.log import sign_ins
from tenants.selectors import browser_sessions, people
from tenants.services.proof import browser_sessions as services


@account_view
def sign_in_list(request: SignedInRequest) -> HttpResponse:
    """Show the browsers in which the person is signed in, this one first."""
    rows = browser_sessions.live(request.user, at=timezone.now())
    entries = sorted((_entry(row, request) for row in rows), key=lambda entry: not entry["is_this"])
    place = people.memberships(request.user).first()
    context = {
        "entries": entries,
        "others": len(entries) - 1,
        "now": timezone.now(),
        "zone": place.operator.time_zone if place else "UTC",
    }
    return render(request, "account/sign_ins.html", context)


@account_view
@require_POST
def end(request: SignedInRequest, public_id: UUID) -> HttpResponse:
    """End one of them."""
    rows = browser_sessions.live(request.user, at=timezone.now())
    row = next((row for row in rows if row.public_id == public_id), None)
    if row is not None and row.pk != request.session.session_key:
        services.end(row)
        sign_ins.record(request.user, sign_ins.ENDED_ELSEWHERE, count=1)
        messages.success(request, _("That browser is signed out."))
    return redirect("account:sessions")


@account_view
@require_POST
def end_others(request: SignedInRequest) -> HttpResponse:
    """End all but this one."""
    count = services.end_all(request.user, but=request.session.session_key)
    if count:
        sign_ins.record(request.user, sign_ins.ENDED_ELSEWHERE, count=count)
    said = ngettext("%(n)d other browser is signed out.", "%(n)d other browsers are signed out.", count)
    messages.success(request, said % {"n": count})
    return redirect("account:sessions")


def _entry(row: Any, request: SignedInRequest) -> dict[str, Any]:
    return {
        "row": row,
        "browser": browser_words.of(row.user_agent),
        "is_this": row.pk == request.session.session_key,
    }
