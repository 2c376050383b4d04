"""What a person sent and could not do then, shown to them when they can: to be sent now, or let go."""

from django.http import HttpResponse
from django.shortcuts import redirect, render

from portal.gate import kept, step_up
from portal.gate.access import SignedInRequest, account_view


@account_view
def go_on(request: SignedInRequest) -> HttpResponse:
    """Offer to send what is kept, once. After a fresh proof the browser sends it by itself, where it can."""
    found = kept.seen(request, person=request.user.pk)
    kept.let_go(request)
    if found is None:
        return redirect("account:operators")
    context = {"kept": found, "at_once": found.for_proof and step_up.is_fresh(request)}
    return render(request, "account/kept.html", context)
