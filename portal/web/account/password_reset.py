"""A new password for who has forgotten theirs: by a letter to their mailbox.

The page does the same for every address, known or not: it counts the attempt and hands the address to the
background, so neither the answer nor its time says who has an account. Without a mail server a link cannot reach the
person alone; the page then says who can help, and never shows one.
"""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from portal.gate import throttle
from portal.gate.access import public_view
from portal.gate.requests import client_network
from portal.gate.throttle import TooMany
from portal.web.account.password_by_link import ByLink
from portal.web.account.waiting import link_page, too_many
from tenants.services import mail
from tenants.services.proof import password_letters, password_links


class AskForm(forms.Form):
    """Whose password."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )


@public_view("Who has forgotten their password cannot sign in.")
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for the address, and have a link mailed to it."""
    if not mail.can_send():
        return render(request, "account/password_reset_by_hand.html")
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        try:
            throttle.admit(throttle.RESET_FROM_ADDRESS, client_network(request))
            throttle.admit(throttle.RESET_OF_PERSON, (email, client_network(request)))
            throttle.admit(throttle.RESET_OF_PERSON_ANYWHERE, email)
        except TooMany as limit:
            return too_many(request, limit)
        password_letters.ask(email=email, address=_address(request))
        return render(request, "account/password_reset_sent.html", {"email": email})
    return render(request, "account/password_reset.html", {"form": form}, status=400 if form.errors else 200)


LINK = ByLink(
    password_links.NEW,
    "account:new_password",
    "account/password_reset_choose.html",
    "account/password_link_ended.html",
)


@public_view("It is a single-use link from a letter.")
@link_page
def letter(request: HttpRequest, person: str, token: str) -> HttpResponse:
    """Take the token out of the address, and go on to the page."""
    return LINK.opened(request, person=person, token=token)


@public_view("It is opened by a single-use link from a letter.")
@sensitive_post_parameters()
def choose(request: HttpRequest) -> HttpResponse:
    """Let the person choose a new password; the second factor is asked for at the next sign-in as ever."""
    return LINK.chosen(request)


def _address(request: HttpRequest) -> str:
    """Return the address of a link, with places for its parts."""
    whole = request.build_absolute_uri(reverse("account:password_reset_choose", args=["0", "1"]))
    start = whole.removesuffix("0/1/")
    return start.replace("{", "{{").replace("}", "}}") + "{person}/{token}/"
