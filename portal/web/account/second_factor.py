"""The person's own authenticator and recovery codes: set up, replaced, removed.

Whatever changes how a person proves themselves asks for a fresh proof first (step-up), so an unguarded screen
is not enough to take an account over; and the person gets a letter. Recovery codes are shown in the answer to the
form that made them and never again. Passkeys stand beside it, in `passkeys`.
"""

from typing import Any
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.gate.access import SignedInRequest
from portal.gate.next_page import next_page
from portal.gate.throttle import TooMany
from portal.web.account import passkey_site
from portal.web.account.challenge import UNCHECKABLE, CodeForm, counted, finish
from portal.web.account.proving import proved_view
from portal.web.account.waiting import too_many
from portal.words.letters import Letter
from tenants import qr
from tenants.log import sign_ins
from tenants.models import TotpDevice
from tenants.selectors import people
from tenants.services import mail
from tenants.services.proof import two_factor


@proved_view
def enrol(request: SignedInRequest) -> HttpResponse:
    """Show the seed of a new authenticator and put it into use when a code of it is given."""
    present = two_factor.authenticator(request.user)
    form = CodeForm(request.POST or None)
    form.fields["code"].label = _("Code that the new device shows")
    if request.method == "POST" and form.is_valid():
        try:
            device = _enrol(request, form)
        except TooMany as limit:
            return too_many(request, limit)
        if device is not None:
            return _enrolled(request, device, replaced=present is not None)
    return _enrol_page(request, form, present)


@proved_view
def recovery_codes(request: SignedInRequest) -> HttpResponse:
    """Make new recovery codes, which ends the old ones."""
    if two_factor.device(request.user) is None:
        return redirect("account:enrol")
    if request.method == "POST":
        mail.send(request.user, Letter.RECOVERY_CODES_MADE)
        return show_new_codes(request)
    return _confirm(
        request,
        title=_("New recovery codes"),
        text=_("Ten new codes are made and the old ones stop working."),
        button=_("Make new codes"),
    )


@proved_view
def remove(request: SignedInRequest) -> HttpResponse:
    """Take the authenticator away; the last factor only where none is required."""
    device = two_factor.authenticator(request.user)
    if device is None:
        return redirect("account:profile")
    if (refusal := refuse_last(request)) is not None:
        return refusal
    if request.method == "POST":
        return drop(request, device)
    if two_factor.count(request.user) > 1:
        title, text = _("Remove your authenticator"), _("From then on you prove with a passkey that it is you.")
    else:
        title = _("Sign in without a second factor")
        text = _("From then on the password alone opens your account. The recovery codes stop working.")
    return _confirm(request, title=title, text=text, button=_("Remove the authenticator"))


def refuse_last(request: SignedInRequest) -> HttpResponse | None:
    """Return the page that refuses to remove the only factor of a person of whom one is required; None if it may go."""
    if two_factor.count(request.user) > 1 or not people.is_factor_required(request.user):
        return None
    return _required(request)


def _required(request: SignedInRequest) -> HttpResponse:
    at = people.factor_required_at(request.user)
    return render(request, "account/factor_required.html", {"operators": at}, status=403)


def drop(request: SignedInRequest, device: Any) -> HttpResponse:
    """Remove the factor; the session goes on with one that is left."""
    try:
        two_factor.remove(device)
    except two_factor.LastRequired:
        return _required(request)
    sign_ins.record(request.user, sign_ins.FACTOR_REMOVED)
    mail.send(request.user, Letter.FACTOR_REMOVED)
    left = two_factor.device(request.user)
    if left is not None:
        finish(request, request.user, left)
    return redirect("account:profile")


def go_on(request: SignedInRequest, device: Any, event: str) -> HttpResponse:
    """Go on with the new factor under a new session key; with the first one come recovery codes."""
    finish(request, request.user, device)
    sign_ins.record(request.user, event)
    mail.send(request.user, Letter.FACTOR_ADDED)
    if event != sign_ins.FACTOR_ADDED:
        return show_new_codes(request)
    messages.success(request, _("It is ready. At your next sign-in you can choose it."))
    return redirect(next_page(request, default="account:profile"))


def show_new_codes(request: SignedInRequest) -> HttpResponse:
    """Make ten codes and show them, this once."""
    codes = two_factor.new_recovery_codes(request.user)
    sign_ins.record(request.user, sign_ins.RECOVERY_CODES_MADE, count=len(codes))
    title = _("Recovery codes of %(email)s for Wattledger. Each works once.") % {"email": request.user.email}
    text = "\n".join([title, "", *codes, ""])
    context = {
        "codes": codes,
        "as_text": "\n".join(codes),
        "file": f"data:text/plain;charset=utf-8,{quote(text)}",
        "next": next_page(request, reverse("account:operators")),
    }
    return render(request, "account/recovery_codes.html", context)


def _enrolled(request: SignedInRequest, device: TotpDevice, *, replaced: bool) -> HttpResponse:
    if replaced:
        return go_on(request, device, sign_ins.FACTOR_REPLACED)
    return go_on(request, device, sign_ins.FACTOR_ENROLLED if is_first(request) else sign_ins.FACTOR_ADDED)


def is_first(request: SignedInRequest) -> bool:
    """Tell whether the factor that was just put into use is the only one."""
    return two_factor.count(request.user) == 1


def _enrol(request: SignedInRequest, form: forms.Form) -> TotpDevice | None:
    def check() -> TotpDevice | None:
        return two_factor.enrol(request.user, code=form.cleaned_data["code"])

    try:
        device = counted(request, request.user, check)
    except two_factor.Uncheckable:
        form.add_error("code", UNCHECKABLE)
        return None
    if device is None:
        form.add_error("code", _("This is not the code the new device shows now. Scan the picture again and retry."))
    return device


def _confirm(request: SignedInRequest, *, title: str, text: str, button: str) -> HttpResponse:
    return render(request, "account/confirm.html", {"title": title, "text": text, "button": button})


def _enrol_page(request: SignedInRequest, form: forms.Form, present: TotpDevice | None) -> HttpResponse:
    offered = two_factor.offered_device(request.user)
    secret = two_factor.secret_text(offered)
    context = {
        "form": form,
        "present": present,
        "picture": qr.data_uri(two_factor.config_url(offered), module=5),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "required_at": people.factor_required_at(request.user),
        "has_factor": two_factor.device(request.user) is not None,
        "passkeys_work": passkey_site.site(request) is not None,
        "next": next_page(request),
    }
    return render(request, "account/enrol.html", context, status=400 if form.errors else 200)
