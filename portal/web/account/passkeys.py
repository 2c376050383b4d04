"""Passkeys: made, named, removed, and used as the second step of signing in or as a fresh proof.

Never alone: using one needs a person past the password (`challenge.who`). The browser's script asks for
options, lets the device sign, and sends its answer with an ordinary form. The challenge is kept on our side and
taken before anything is checked, so an answer is looked at once.
"""

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, public_view
from portal.gate.next_page import next_page
from portal.gate.throttle import TooMany
from portal.web.account import passkey_site, pending
from portal.web.account.challenge import counted, finish, let_in, who
from portal.web.account.proving import proved_view
from portal.web.account.second_factor import drop, go_on, is_first, refuse_last
from portal.web.account.waiting import too_many
from portal.words.say import why
from tenants.errors import Refused
from tenants.log import sign_ins
from tenants.models import User
from tenants.selectors import people
from tenants.services.proof import passkeys, two_factor

NOT_THIS = gettext_lazy("That passkey was not accepted. Try again, or confirm another way.")


class NameForm(forms.Form):
    """What the person calls the key."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("So that you know later which one it is, such as “Phone” or “Key on my ring”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@public_view("As the challenge: it answers a person who is past the password.")
@require_POST
def use_options(request: HttpRequest) -> HttpResponse:
    """Return what the browser needs to use one of the person's passkeys."""
    user, site = who(request), passkey_site.site(request)
    if user is None or site is None:
        return JsonResponse({"error": _("Too much time has passed. Sign in again.")}, status=400)
    options, state = passkeys.options_to_use(user, site=site)
    passkey_site.keep(request, state)
    return JsonResponse(options)


@public_view("As the challenge.")
@require_POST
def use(request: HttpRequest) -> HttpResponse:
    """Let a person in whose passkey signed our challenge; or, if they are in, take it as a fresh proof."""
    user, site = who(request), passkey_site.site(request)
    if user is None or site is None:
        return redirect("account:sign_in")
    target = next_page(request, default=pending.target(request))
    state = passkey_site.take(request)
    check = partial(passkeys.verify, user, site=site, state=state, answer=passkey_site.answer(request))
    try:
        device = counted(request, user, check, failure=sign_ins.WRONG_PASSKEY)
    except TooMany as limit:
        return too_many(request, limit)
    is_in = isinstance(request.user, User) and request.user.is_verified()
    if device is None:
        messages.error(request, str(NOT_THIS))
        return _back(page="account:step_up" if is_in else "account:challenge", target=target)
    if not is_in:
        return let_in(request, user, device, target=target, by="passkey")
    finish(request, user, device)
    sign_ins.record(user, sign_ins.PROVED, second_factor="passkey")
    return redirect(target or "account:profile")


@proved_view
@require_POST
def new_options(request: SignedInRequest) -> HttpResponse:
    """Return what the browser needs to make a passkey."""
    site = passkey_site.site(request)
    if site is None:
        return JsonResponse({"error": _("Passkeys do not work at this address.")}, status=400)
    try:
        options, state = passkeys.options_to_register(request.user, site=site)
    except Refused as refusal:
        return JsonResponse({"error": why(refusal)}, status=400)
    passkey_site.keep(request, state)
    return JsonResponse(options)


@proved_view
def new(request: SignedInRequest) -> HttpResponse:
    """Make a passkey and name it; with the first factor come recovery codes."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = _register(request, form)
        if made is not None:
            return _registered(request, made)
    context = {
        "form": form,
        "required_at": people.factor_required_at(request.user),
        "has_factor": two_factor.device(request.user) is not None,
        "passkeys_work": passkey_site.site(request) is not None,
        "local_url": _local_address(request),
        "next": next_page(request),
    }
    return render(request, "account/passkey_new.html", context, status=400 if form.errors else 200)


@proved_view
def rename(request: SignedInRequest, key: str) -> HttpResponse:
    """Call the passkey something else."""
    held = _held(request, key)
    form = NameForm(request.POST or None, initial={"name": held.name})
    if request.method == "POST" and form.is_valid():
        passkeys.rename(held, name=form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("account:profile")
    return render(request, "account/passkey_rename.html", {"form": form}, status=400 if form.errors else 200)


@proved_view
def remove(request: SignedInRequest, key: str) -> HttpResponse:
    """Take the passkey away; the last factor only where none is required."""
    held = _held(request, key)
    if (refusal := refuse_last(request)) is not None:
        return refusal
    if request.method == "POST":
        return drop(request, held)
    is_last = two_factor.count(request.user) == 1
    text = _("It no longer opens this account. Delete it on the device as well.")
    if is_last:
        text = _("From then on the password alone opens your account. The recovery codes stop working.")
    title = _("Remove the passkey “%(name)s”") % {"name": held.name}
    return render(request, "account/confirm.html", {"title": title, "text": text, "button": _("Remove the passkey")})


def _register(request: SignedInRequest, form: NameForm) -> Any:
    site, state, answer = passkey_site.site(request), passkey_site.take(request), passkey_site.answer(request)
    if site is None or state is None or answer is None:
        form.add_error(None, _("Your device has not made a passkey, or it took too long. Try again."))
        return None
    name = form.cleaned_data["name"]
    try:
        return passkeys.register(request.user, site=site, state=state, answer=answer, name=name)
    except passkeys.NotThisKey:
        form.add_error(None, _("This passkey cannot be used here. Try again, or choose another device."))
    except Refused as refusal:
        form.add_error(None, why(refusal))
    return None


def _registered(request: SignedInRequest, made: Any) -> HttpResponse:
    return go_on(request, made, sign_ins.FACTOR_ENROLLED if is_first(request) else sign_ins.FACTOR_ADDED)


def _held(request: SignedInRequest, key: str) -> Any:
    held = two_factor.passkeys(request.user).filter(credential_id_sha256=key).first()
    if held is None:
        raise Http404
    return held


def _back(*, page: str, target: str) -> HttpResponse:
    response = redirect(page)
    if target:
        response["Location"] += f"?{urlencode({'next': target})}"
    return response


def _local_address(request: HttpRequest) -> str:
    """Return the address of this page that a development can have passkeys at."""
    host, _colon, port = request.get_host().rpartition(":")
    return f"{request.scheme}://localhost:{port}{request.path}" if host == "127.0.0.1" else ""
