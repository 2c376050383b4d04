"""Signing in: the first of two steps, and out.

A right password alone opens nothing for a person with a second factor: they wait, not signed in, at
the challenge (`pending`). Unknown addresses get the same answer after the same time, so that nobody
learns who has an account. Attempts are limited by network, by person at a network, and more widely by person alone,
before anything is checked: guessing stays bounded, and who guesses from one place keeps nobody else out.
"""

import time

from django import forms
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from portal.gate import kept, step_up, throttle, viewing
from portal.gate.access import public_view
from portal.gate.next_page import next_page
from portal.gate.requests import client_network
from portal.gate.throttle import TooMany
from portal.web.account import pending
from portal.web.account.waiting import too_many
from portal.web.language import keep_language
from tenants.actor import acting_as
from tenants.log import sign_ins
from tenants.models import User
from tenants.services.proof import two_factor

# A refusal takes this long, or twice or three times as long: never a little longer for whatever had to be done for it.
# More than a password check and an entry in the log on an ordinary day.
REFUSAL_S = 0.4


class SignInForm(forms.Form):
    """Address and password."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@public_view("Signing in is for people who are not.")
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for address and password, then send the person on to their second factor or to work."""
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        began = time.monotonic()
        try:
            user = _check(request, form)
        except TooMany as limit:
            return too_many(request, limit)
        if user is not None:
            return _go_on(request, user)
        status = 400
        form.add_error(None, _("The e-mail address or the password is wrong."))
        _wait(began)
    return render(request, "account/sign_in.html", {"form": form, "next": next_page(request)}, status=status)


@public_view("A person whose session has ended may press it too.")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    target = next_page(request, default="home")
    if isinstance(request.user, User):
        viewing.end(request)
        sign_ins.record(request.user, sign_ins.SIGNED_OUT)
    logout(request)
    response = redirect(target)
    # What the worker kept goes also when this page was loaded past it, as a reload by force is.
    response["Clear-Site-Data"] = '"storage"'
    return response


def _wait(began: float) -> None:
    """Let the refusal end at a whole multiple of its time, also on a machine so busy that once was not enough."""
    if REFUSAL_S:
        time.sleep(REFUSAL_S - (time.monotonic() - began) % REFUSAL_S)


def _check(request: HttpRequest, form: SignInForm) -> User | None:
    email = form.cleaned_data["email"].lower()
    network = client_network(request)
    throttle.admit(throttle.PASSWORD_FROM_ADDRESS, network)
    throttle.admit(throttle.PASSWORD_OF_PERSON, (email, network))
    throttle.admit(throttle.PASSWORD_OF_PERSON_ANYWHERE, email)
    user = authenticate(request, username=email, password=form.cleaned_data["password"])
    if isinstance(user, User):
        throttle.forget(throttle.PASSWORD_OF_PERSON, (email, network))
        return user
    sign_ins.wrong_password(User.objects.filter(email=email).first())
    return None


def _go_on(request: HttpRequest, user: User) -> HttpResponse:
    target = next_page(request, default="account:operators")
    if two_factor.device(user) is not None:
        pending.begin(request, user, target=next_page(request))
        return redirect("account:challenge")
    with kept.across(request):
        request.session.flush()  # a new key, also for somebody who is signed in already
    login(request, user)
    step_up.mark(request)
    with acting_as(user):
        sign_ins.record(user, sign_ins.SUCCEEDED, second_factor="none")
    response = redirect(target)
    if user.language:
        keep_language(response, user.language)
    return response
