"""The second step of signing in: a code from the person's device, or a recovery code.

It serves a person whose password was right (`pending`), and one who is signed in by password alone
because their device was enrolled elsewhere meanwhile. Passing it gives the session a new key.
"""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django_otp import login as otp_login
from django_otp.plugins.otp_totp.models import TOTPDevice

from portal import throttle
from portal.middleware.actor import client_address
from portal.throttle import TooMany
from portal.web import step_up
from portal.web.access import public_view
from portal.web.account import pending
from portal.web.account.waiting import too_many
from portal.web.language import keep_language
from portal.web.next_page import next_page
from tenants.actor import acting_as
from tenants.models import User
from tenants.selectors import people
from tenants.services import sign_ins, two_factor

Check = Callable[..., TOTPDevice | None]


class CodeForm(forms.Form):
    """Six digits from the device."""

    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label=_("Code"),
        error_messages={"invalid": _("A code has six digits.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True, "maxlength": 9}
        ),
    )


class RecoveryForm(forms.Form):
    """One of the codes that were shown when the device was enrolled."""

    code = forms.CharField(
        label=_("Recovery code"),
        max_length=40,
        help_text=_("Sixteen letters and digits. Each works once."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "autofocus": True}),
    )


@public_view("It stands between password and session: the person is known, but not signed in.")
def challenge(request: HttpRequest) -> HttpResponse:
    """Ask for the code the person's device shows now."""
    return _ask(request, CodeForm(request.POST or None), two_factor.verify, "account/challenge.html")


@public_view("As the challenge, for a person whose device is gone.")
def recovery(request: HttpRequest) -> HttpResponse:
    """Ask for a recovery code instead."""
    return _ask(request, RecoveryForm(request.POST or None), two_factor.verify_recovery, "account/recovery.html")


def attempt(request: HttpRequest, user: User, code: str, check: Check) -> TOTPDevice | None:
    """Check a code within the limits; a wrong one leaves a trace at each of the person's operators.

    Raises:
        TooMany: the limit of the person or of the address is reached; the code was not looked at.
    """
    throttle.admit(throttle.CODE_FROM_ADDRESS, client_address(request))
    throttle.admit(throttle.CODE_OF_PERSON, user.pk)
    device = check(user, code=code)
    if device is None:
        sign_ins.record(user, sign_ins.WRONG_CODE)
    else:
        throttle.forget(throttle.CODE_OF_PERSON, user.pk)
    return device


def finish(request: HttpRequest, user: User, device: TOTPDevice) -> None:
    """Sign the person in with both factors, under a new session key."""
    if request.user.is_authenticated:
        request.session.cycle_key()
        rotate_token(request)
    else:
        login(request, user)
        pending.end(request)
    otp_login(request, device)
    step_up.mark(request)


def _ask(request: HttpRequest, form: forms.Form, check: Check, template: str) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else pending.person(request)
    if user is None:
        return redirect("account:sign_in")
    target = next_page(request, default=pending.target(request))
    if request.method == "POST" and form.is_valid():
        try:
            device = attempt(request, user, form.cleaned_data["code"], check)
        except TooMany as limit:
            return too_many(request, limit)
        if device is not None:
            return _let_in(request, user, device, target=target, recovered=check is two_factor.verify_recovery)
        form.add_error("code", _("This code is not right, or was used before. Wait for the next one."))
    demo = settings.DEMONSTRATION and people.is_of_demonstration(user)
    context = {"form": form, "person": user, "next": target, "demo_email": user.email if demo else ""}
    return render(request, template, context, status=400 if form.errors else 200)


def _let_in(request: HttpRequest, user: User, device: TOTPDevice, *, target: str, recovered: bool) -> HttpResponse:
    finish(request, user, device)
    with acting_as(user):
        if recovered:
            sign_ins.record(user, sign_ins.RECOVERY_CODE_USED, left=people.unused_recovery_codes(user))
        sign_ins.record(user, sign_ins.SUCCEEDED, second_factor="recovery code" if recovered else "code")
    response = redirect("account:profile" if recovered else target or "account:operators")
    if user.language:
        keep_language(response, user.language)
    return response
