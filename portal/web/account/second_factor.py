"""The person's own second factor: enrol a device, replace it, recovery codes, and (drivers) remove it.

Whatever changes an existing factor asks for a code of it first, so an unguarded screen is not enough
to take an account over. Recovery codes are shown in the answer to the form that made them and never again.
"""

from collections.abc import Callable

import segno
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_otp.plugins.otp_totp.models import TOTPDevice

from portal.throttle import TooMany
from portal.web.access import SignedInRequest, account_view
from portal.web.account.challenge import CodeForm, attempt, finish
from portal.web.account.waiting import too_many
from portal.web.next_page import next_page
from tenants.selectors import people
from tenants.services import sign_ins, two_factor

RECOVERY_LENGTH = 16
Act = Callable[[SignedInRequest], HttpResponse]


class PresentCodeForm(forms.Form):
    """A proof from the factor in use: its code, or a recovery code."""

    present = forms.CharField(
        label=gettext_lazy("Code of your present device"),
        max_length=40,
        help_text=gettext_lazy("Six digits; a recovery code if the device is gone."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )


@account_view
def enrol(request: SignedInRequest) -> HttpResponse:
    """Show the secret of a new device and put it into use when a code of it is given."""
    present = two_factor.device(request.user)
    proof = PresentCodeForm(request.POST or None) if present else None
    form = CodeForm(request.POST or None)
    form.fields["code"].widget.attrs["autofocus"] = present is None
    form.fields["code"].label = _("Code that the new device shows")
    if request.method == "POST" and form.is_valid() and (proof is None or proof.is_valid()):
        try:
            device = _enrol(request, form, proof)
        except TooMany as limit:
            return too_many(request, limit)
        if device is not None:
            finish(request, request.user, device)
            sign_ins.record(request.user, sign_ins.FACTOR_REPLACED if present else sign_ins.FACTOR_ENROLLED)
            return _show_new_codes(request)
    return _enrol_page(request, form, proof)


@account_view
def recovery_codes(request: SignedInRequest) -> HttpResponse:
    """Make new recovery codes, which ends the old ones."""
    return _with_proof(
        request,
        _show_new_codes,
        title=_("New recovery codes"),
        text=_("Ten new codes are made and the old ones stop working."),
        button=_("Make new codes"),
    )


@account_view
def remove(request: SignedInRequest) -> HttpResponse:
    """Take the second factor away, for people of whom none is required."""
    if people.is_staff_anywhere(request.user):
        return render(request, "account/factor_required.html", status=403)
    return _with_proof(
        request,
        _remove,
        title=_("Sign in without a second factor"),
        text=_("From then on the password alone opens your account. The recovery codes stop working."),
        button=_("Remove the device"),
    )


def _enrol(request: SignedInRequest, form: forms.Form, proof: PresentCodeForm | None) -> TOTPDevice | None:
    if proof is not None and not _proved(request, proof):
        return None
    device = attempt(request, request.user, form.cleaned_data["code"], two_factor.enrol)
    if device is None:
        form.add_error("code", _("This is not the code the new device shows now. Scan the picture again and retry."))
    return device


def _proved(request: SignedInRequest, proof: PresentCodeForm) -> bool:
    code = proof.cleaned_data["present"]
    is_recovery = sum(letter.isalnum() for letter in code) == RECOVERY_LENGTH
    check = two_factor.verify_recovery if is_recovery else two_factor.verify
    if attempt(request, request.user, code, check) is not None:
        return True
    proof.add_error("present", _("This code is not right, or was used before. Wait for the next one."))
    return False


def _with_proof(request: SignedInRequest, act: Act, *, title: str, text: str, button: str) -> HttpResponse:
    if two_factor.device(request.user) is None:
        return redirect("account:enrol")
    proof = PresentCodeForm(request.POST or None)
    if request.method == "POST" and proof.is_valid():
        try:
            if _proved(request, proof):
                return act(request)
        except TooMany as limit:
            return too_many(request, limit)
    context = {"form": proof, "title": title, "text": text, "button": button}
    return render(request, "account/prove.html", context, status=400 if proof.errors else 200)


def _remove(request: SignedInRequest) -> HttpResponse:
    two_factor.remove(request.user)
    sign_ins.record(request.user, sign_ins.FACTOR_REMOVED)
    return redirect("account:profile")


def _show_new_codes(request: SignedInRequest) -> HttpResponse:
    codes = two_factor.new_recovery_codes(request.user)
    sign_ins.record(request.user, sign_ins.RECOVERY_CODES_MADE, count=len(codes))
    return render(
        request,
        "account/recovery_codes.html",
        {"codes": codes, "next": next_page(request, reverse("account:operators"))},
    )


def _enrol_page(request: SignedInRequest, form: forms.Form, proof: PresentCodeForm | None) -> HttpResponse:
    offered = two_factor.offered_device(request.user)
    context = {
        "form": form,
        "proof": proof,
        "picture": segno.make(offered.config_url, error="m").svg_data_uri(scale=5, border=3, light="#fff"),
        "secret": _spaced(offered),
        "required": people.is_staff_anywhere(request.user),
        "next": next_page(request),
    }
    return render(
        request, "account/enrol.html", context, status=400 if form.errors or (proof and proof.errors) else 200
    )


def _spaced(device: TOTPDevice) -> str:
    secret = two_factor.secret_text(device)
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
