"""Stopping the reset of one's second factor: from a letter without signing in, or from any page when signed in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.gate import links
from portal.gate.access import SignedInRequest, account_view, public_view
from portal.gate.next_page import next_page
from portal.web.account.waiting import link_page
from tenants.selectors import people
from tenants.services.proof import factor_resets

PAGE = "account:stop_reset"


@public_view("It is a link from a letter: the person may have no device to sign in with.")
@link_page
def letter(request: HttpRequest, word: str) -> HttpResponse:
    """Take the word out of the address, and go on to the page."""
    if factor_resets.by_stop_word(word) is None:
        return render(request, "account/factor_reset.html", {"reset": None}, status=410)
    return links.take_out(request, PAGE, word=word)


@public_view("It is opened by a link from a letter: the person may have no device to sign in with.")
def stop_by_letter(request: HttpRequest) -> HttpResponse:
    """Ask, and stop the reset: a mail program that looks ahead at links must not."""
    reset = factor_resets.by_stop_word(links.taken_out(request, PAGE).get("word", ""))
    if reset is None:
        return render(request, "account/factor_reset.html", {"reset": None}, status=410)
    if request.method == "POST":
        factor_resets.stop(reset, by=reset.user, at=now(), why="by letter")
        reset.refresh_from_db(fields=["stopped_at", "stopped_by_id", "done_at"])
    return render(request, "account/factor_reset.html", {"reset": reset})


@account_view
@require_POST
def stop(request: SignedInRequest) -> HttpResponse:
    """Stop the reset that is under way."""
    reset = people.open_reset(request.user)
    if reset is not None and factor_resets.stop(reset, by=request.user, at=now(), why="by the person"):
        messages.success(request, _("The reset is stopped. Your second factor stays as it is."))
    return redirect(next_page(request, default="account:profile"))
