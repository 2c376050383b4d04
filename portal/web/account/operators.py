"""The person's operators: where to work today, and how to leave one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_list_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from charging.services import site_memberships
from portal.gate import viewing
from portal.gate.access import SignedInRequest, account_view
from portal.web import addresses
from portal.web.account.proving import proved_view
from portal.web.context import home_of
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Membership, Operator, PlatformVisit
from tenants.selectors import people, platform, visits


@account_view
def operators(request: SignedInRequest) -> HttpResponse:
    """Show the person's places; with only one, go there at once, unless they ask for all of them."""
    user = request.user
    places = [_place(membership) for membership in people.memberships(user)]
    if platform.is_member(user):
        places += [_platform(), *(_visit(visit) for visit in visits.running(at=timezone.now()).filter(user=user))]
    urls = {place["url"] for place in places}
    if len(urls) == 1 and "all" not in request.GET and not addresses.is_elsewhere(places[0]["url"]):
        return redirect(places[0]["url"])
    return render(request, "account/operators.html", {"places": places})


@proved_view
def leave(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask whether the person wants to give up every place at the operator, and do it."""
    places = get_list_or_404(people.memberships(request.user).filter(operator__slug=slug))
    operator = places[0].operator
    if request.method == "POST":
        try:
            site_memberships.leave(request.user, operator=operator, but_session=request.session.session_key)
        except Refused as refusal:
            messages.error(request, why(refusal))
        else:
            messages.success(request, _("You have left %(operator)s.") % {"operator": operator})
            return redirect("account:operators")
    return render(request, "account/leave.html", {"leaving": operator, "places": places})


@account_view
@require_POST
def stop_viewing(request: SignedInRequest) -> HttpResponse:
    """See the portal with one's own eyes again. It works from every page: no operator's rules stand before it."""
    ended = viewing.end(request)
    if ended is None or not people.memberships(request.user).filter(operator__slug=ended.operator_slug).exists():
        return redirect("account:operators")
    return redirect("staff:people", ended.operator_slug)


def _place(membership: Membership) -> dict[str, str]:
    operator, role = membership.operator, membership.get_role_display()
    is_active = operator.state == Operator.State.ACTIVE
    return {
        "name": operator.name,
        "role": role if is_active else f"{role}, {operator.get_state_display()}",
        "url": home_of(membership),
        "slug": operator.slug,
    }


def _platform() -> dict[str, str]:
    return {
        "name": _("Platform"),
        "role": _("run this instance"),
        "url": addresses.in_platform("platform:operator_list"),
        "slug": "",
    }


def _visit(visit: PlatformVisit) -> dict[str, str]:
    url = reverse("staff:overview", args=[visit.operator.slug])
    return {"name": visit.operator.name, "role": _("visit as platform staff"), "url": url, "slug": ""}
