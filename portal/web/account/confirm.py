"""Confirming who one is, before something dangerous: a code, a recovery code or a passkey; else the password.

Reached from any page that asks for a fresh proof (`portal.gate.step_up`). Within the same limits as signing in,
and under a new session key afterwards.
"""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from portal.gate import kept, step_up, throttle
from portal.gate.access import SignedInRequest, account_view, find_access, inside
from portal.gate.next_page import next_page
from portal.gate.requests import client_network
from portal.gate.throttle import TooMany
from portal.web.account import passkey_site
from portal.web.account.challenge import finish, try_code
from portal.web.account.waiting import too_many
from portal.words import dangerous
from tenants.log import sign_ins
from tenants.selectors import people, platform
from tenants.services.proof import two_factor

RECOVERY_LENGTH = 16


class ProofForm(forms.Form):
    """A code that the authenticator shows now, or a recovery code."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Six digits from your authenticator; a recovery code if the device is gone."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True, "spellcheck": "false"}
        ),
    )


class RecoveryProofForm(ProofForm):
    """A recovery code: the person's other factors are passkeys."""

    code = forms.CharField(
        label=gettext_lazy("Recovery code"),
        max_length=40,
        help_text=gettext_lazy("Sixteen letters and digits. Each works once."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )


class PasswordProofForm(forms.Form):
    """The password, from people who have nothing else to prove."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


@account_view
@sensitive_post_parameters()
def confirm(request: SignedInRequest) -> HttpResponse:
    """Ask for a fresh proof and lead back to the page that wanted one."""
    user, target = request.user, next_page(request)
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        try:
            is_proved = _code_is_right(request, form) if "code" in form.fields else _password_is_right(request, form)
        except TooMany as limit:
            return too_many(request, limit)
        if is_proved:
            return redirect(target or "account:profile")
    demo = settings.DEMONSTRATION and people.is_of_demonstration(user) and two_factor.authenticator(user) is not None
    context = {
        "form": form,
        "next": target,
        "act": _act(request, target),
        "has_passkey": two_factor.passkeys(user).exists(),
        "passkeys_work": passkey_site.site(request) is not None,
        "demo_email": user.email if demo else "",
    }
    return render(request, "account/step_up.html", context, status=400 if form.errors else 200)


def _act(request: SignedInRequest, target: str) -> str:
    """Return what the person is about to do, read from where they go on to or from what is kept for them."""
    waiting = kept.seen(request, person=request.user.pk) if target == reverse("account:kept") else None
    try:
        found = resolve(urlsplit(waiting.path if waiting else target).path)
    except Resolver404:
        return ""
    typed = dict(waiting.fields) if waiting else {}
    permission: Any = getattr(found.func, "access", "")
    slug = found.kwargs.get("operator_slug")
    if slug is None:
        is_shown = permission == "account" or (permission == "platform" and platform.is_member(request.user))
        return dangerous.said(found.view_name, found.kwargs, typed) if is_shown else ""
    access = find_access(request.user, slug=slug)
    if access is None or not access.may(permission):
        return ""
    with inside(access, request.user, permission):
        return dangerous.said(found.view_name, found.kwargs, typed)


def _form(request: SignedInRequest) -> forms.Form:
    if two_factor.device(request.user) is None:
        return PasswordProofForm(request.POST or None)
    if two_factor.authenticator(request.user) is None:
        return RecoveryProofForm(request.POST or None)
    return ProofForm(request.POST or None)


def _code_is_right(request: SignedInRequest, form: forms.Form) -> bool:
    is_recovery = sum(letter.isalnum() for letter in form.cleaned_data["code"]) == RECOVERY_LENGTH
    check = two_factor.verify_recovery if is_recovery else two_factor.verify
    device = try_code(request, request.user, form, check)
    if device is None:
        return False
    finish(request, request.user, device)
    if is_recovery:
        left = people.unused_recovery_codes(request.user)
        sign_ins.record(request.user, sign_ins.RECOVERY_CODE_USED, left=left)
    sign_ins.record(request.user, sign_ins.PROVED, second_factor="recovery code" if is_recovery else "code")
    return True


def _password_is_right(request: SignedInRequest, form: forms.Form) -> bool:
    throttle.admit(throttle.PASSWORD_FROM_ADDRESS, client_network(request))
    throttle.admit(throttle.PASSWORD_WITHIN, request.user.pk)
    if not check_password(form.cleaned_data["password"], request.user.password):
        sign_ins.record(request.user, sign_ins.WRONG_PASSWORD)
        form.add_error("password", _("This is not your password."))
        return False
    throttle.forget(throttle.PASSWORD_WITHIN, request.user.pk)
    request.session.cycle_key()
    step_up.mark(request)
    sign_ins.record(request.user, sign_ins.PROVED, second_factor="none")
    return True
