"""Closing one's own account."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from charging.services import site_memberships
from portal.gate.access import SignedInRequest
from portal.web.account.proving import proved_view
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Operator, User
from tenants.privacy import closing
from tenants.selectors import people


@proved_view
def close(request: SignedInRequest) -> HttpResponse:
    """Say what ends and what stays, and close the account."""
    if request.method == "POST":
        try:
            closing.close(request.user, leave=_leave)
        except Refused as refusal:
            messages.error(request, why(refusal))
        else:
            logout(request)
            messages.success(request, _("Your account is closed."))
            return redirect("account:sign_in")
    places = list(people.memberships(request.user))
    return render(request, "account/close.html", {"places": places})


def _leave(user: User, operator: Operator) -> None:
    site_memberships.leave(user, operator=operator)
