"""The second step of signing in: a code from the person's authenticator, a passkey, or a recovery code.

It serves a person whose password was right (`pending`), and one who is signed in by password alone
because their device was enrolled elsewhere meanwhile. Passing it gives the session a new key. The checks here
(`attempt`, `try_code`) are those of every other page that asks for a proof.
"""

from collections.abc import Callable
from functools import partial

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django_otp import login as otp_login
from django_otp.models import Device

from portal.gate import step_up, throttle
from portal.gate.access import public_view
from portal.gate.next_page import next_page
from portal.gate.requests import client_network
from portal.gate.throttle import TooMany
from portal.web.account import passkey_site, pending
from portal.web.account.waiting import too_many
from portal.web.language import keep_language
from tenants.actor import acting_as
from tenants.log import sign_ins
from tenants.models import User
from tenants.selectors import people
from tenants.services.proof import two_factor

Check = Callable[..., Device | None]

WRONG = _("This code is not right, or was used before. Wait for the next one.")
UNCHECKABLE = _(
    "The codes of your authenticator cannot be checked any more. Use a passkey or a recovery code, and set the "
    "authenticator up again afterwards."
)


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
    """Ask for the code the person's device shows now, or for a passkey."""
    return _ask(request, CodeForm(request.POST or None), two_factor.verify, "account/challenge.html")


@public_view("As the challenge, for a person whose device is gone.")
def recovery(request: HttpRequest) -> HttpResponse:
    """Ask for a recovery code instead."""
    return _ask(request, RecoveryForm(request.POST or None), two_factor.verify_recovery, "account/recovery.html")


def who(request: HttpRequest) -> User | None:
    """Return who is to prove themselves: signed in, or past the password; None for a stranger."""
    return request.user if isinstance(request.user, User) else pending.person(request)


def attempt(request: HttpRequest, user: User, code: str, check: Check) -> Device | None:
    """Check a code within the limits; a wrong one leaves a trace at each of the person's operators.

    An authenticator that cannot be checked any more proves nothing; the person is told so.

    Raises:
        TooMany: the limit of the person or of the address is reached; the code was not looked at.
    """
    try:
        return counted(request, user, partial(check, user, code=code))
    except two_factor.Uncheckable:
        messages.error(request, str(UNCHECKABLE))
        return None


def try_code(request: HttpRequest, user: User, form: forms.Form, check: Check, *, field: str = "code") -> Device | None:
    """Check the code of a form as `attempt` does; what is wrong with it stands at its field afterwards."""
    try:
        device = counted(request, user, partial(check, user, code=form.cleaned_data[field]))
    except two_factor.Uncheckable:
        form.add_error(field, UNCHECKABLE)
        return None
    if device is None:
        form.add_error(field, WRONG)
    return device


def counted(
    request: HttpRequest, user: User, check: Callable[[], Device | None], *, failure: str = sign_ins.WRONG_CODE
) -> Device | None:
    """Run the check within the limits of the person and the address; record the failure if it is none.

    Raises:
        TooMany: a limit is reached, and nothing was checked.
        Uncheckable: the authenticator's seed does not open.
    """
    throttle.admit(throttle.CODE_FROM_ADDRESS, client_network(request))
    throttle.admit(throttle.CODE_OF_PERSON, user.pk)
    try:
        device = check()
    except two_factor.Paused as pause:
        raise TooMany(pause.wait_s) from pause
    if device is None:
        sign_ins.record(user, failure)
    else:
        throttle.forget(throttle.CODE_OF_PERSON, user.pk)
    return device


def finish(request: HttpRequest, user: User, device: Device) -> None:
    """Sign the person in with both factors, under a new session key."""
    if request.user.is_authenticated:
        request.session.cycle_key()
        rotate_token(request)
    else:
        login(request, user)
        pending.end(request)
    otp_login(request, device)
    step_up.mark(request)


def let_in(request: HttpRequest, user: User, device: Device, *, target: str, by: str) -> HttpResponse:
    """Sign the person in, record it, and send them on. `by` is what proved them: code, passkey or recovery code."""
    recovered = by == "recovery code"
    finish(request, user, device)
    with acting_as(user):
        if recovered:
            sign_ins.record(user, sign_ins.RECOVERY_CODE_USED, left=people.unused_recovery_codes(user))
        sign_ins.record(user, sign_ins.SUCCEEDED, second_factor=by)
    response = redirect("account:profile" if recovered else target or "account:operators")
    if user.language:
        keep_language(response, user.language)
    return response


def _ask(request: HttpRequest, form: forms.Form, check: Check, template: str) -> HttpResponse:
    user = who(request)
    if user is None:
        return redirect("account:sign_in")
    target = next_page(request, default=pending.target(request))
    if request.method == "POST" and form.is_valid():
        try:
            device = try_code(request, user, form, check)
        except TooMany as limit:
            return too_many(request, limit)
        if device is not None:
            by = "recovery code" if check is two_factor.verify_recovery else "code"
            return let_in(request, user, device, target=target, by=by)
    demo = settings.DEMONSTRATION and people.is_of_demonstration(user)
    context = {
        "form": form,
        "person": user,
        "next": target,
        "demo_email": user.email if demo else "",
        "has_authenticator": two_factor.authenticator(user) is not None,
        "has_passkey": two_factor.passkeys(user).exists(),
        "passkeys_work": passkey_site.site(request) is not None,
    }
    return render(request, template, context, status=400 if form.errors else 200)
