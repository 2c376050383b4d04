"""The person's operators: where to work today."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portal.web.access import SignedInRequest, account_view
from tenants.models import Membership
from tenants.selectors import people


@account_view
def operators(request: SignedInRequest) -> HttpResponse:
    """Show the person's places; with only one, go there at once."""
    places = [_place(membership) for membership in people.memberships(request.user)]
    if len({place["url"] for place in places}) == 1:
        return redirect(places[0]["url"])
    return render(request, "account/operators.html", {"places": places})


def _place(membership: Membership) -> dict[str, str]:
    page = "driver:history" if membership.role == Membership.Role.DRIVER else "staff:overview"
    return {
        "name": membership.operator.name,
        "role": membership.get_role_display(),
        "url": reverse(page, args=[membership.operator.slug]),
    }
