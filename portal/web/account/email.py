"""Another e-mail address: asked for when signed in, agreed to in the present mailbox, proved in the new one."""

from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.gate import links, throttle
from portal.gate.access import SignedInRequest, public_view
from portal.gate.throttle import TooMany
from portal.web.account.proving import proved_view
from portal.web.account.waiting import link_page, too_many
from portal.web.acts import attempted
from tenants.services import mail
from tenants.services.people import email_changes
from tenants.services.people.email_changes import Change, Stage


class EmailForm(forms.Form):
    """The new address."""

    email = forms.EmailField(
        label=gettext_lazy("New e-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )


@proved_view
def ask(request: SignedInRequest) -> HttpResponse:
    """Ask for the new address, and write to the present one."""
    form = EmailForm(request.POST or None)
    if request.method == "POST" and mail.can_send() and form.is_valid():
        try:
            throttle.admit(throttle.RESET_OF_PERSON, ("email", request.user.pk))
        except TooMany as limit:
            return too_many(request, limit)
        address = _address(request, "account:email_agree_by_letter")
        attempted(form, email_changes.ask, request.user, form.cleaned_data["email"], address=address)
        if not form.errors:
            return render(request, "account/email_asked.html", {"mailbox": request.user.email})
    context = {"form": form, "can_send": mail.can_send()}
    return render(request, "account/email.html", context, status=400 if form.errors else 200)


@public_view("It is a link from a letter to the present mailbox.")
@link_page
def agree_letter(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address, and go on to the page."""
    return _taken_out(request, token, Stage.AGREE)


@public_view("It is opened by a link from a letter to the present mailbox.")
@link_page
def agree(request: HttpRequest) -> HttpResponse:
    """Agree to the change, which writes to the new mailbox."""
    change = _held(request, Stage.AGREE)
    if change is None:
        return _ended(request)
    if request.method == "POST":
        email_changes.agree(change, address=_address(request, "account:email_prove_by_letter"))
        return render(request, "account/email_asked.html", {"mailbox": change.email})
    return render(request, "account/email_agree.html", {"change": change, "stage": Stage.AGREE})


@public_view("It is a link from a letter to the new mailbox.")
@link_page
def prove_letter(request: HttpRequest, token: str) -> HttpResponse:
    """Take the token out of the address, and go on to the page."""
    return _taken_out(request, token, Stage.PROVE)


@public_view("It is opened by a link from a letter to the new mailbox.")
@link_page
def prove(request: HttpRequest) -> HttpResponse:
    """Change the address."""
    change = _held(request, Stage.PROVE)
    if change is None:
        return _ended(request)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if request.method == "POST" and attempted(form, email_changes.use, change, at=timezone.now()) is not None:
        logout(request)
        messages.success(request, _("Your e-mail address is changed. Sign in with it."))
        return redirect("account:sign_in")
    context = {"change": change, "stage": Stage.PROVE, "form": form}
    return render(request, "account/email_agree.html", context, status=400 if form.is_bound else 200)


def _taken_out(request: HttpRequest, token: str, stage: Stage) -> HttpResponse:
    if email_changes.change_of_link(token, stage) is None:
        return _ended(request)
    return links.take_out(request, f"account:email_{stage}", token=token)


def _held(request: HttpRequest, stage: Stage) -> Change | None:
    held = links.taken_out(request, f"account:email_{stage}")
    return email_changes.change_of_link(held["token"], stage) if held else None


def _ended(request: HttpRequest) -> HttpResponse:
    return render(request, "account/email_ended.html", status=410)


def _address(request: HttpRequest, page: str) -> str:
    """The address of a link, with a place for its token."""
    whole = request.build_absolute_uri(reverse(page, args=["0"])).removesuffix("0/")
    return whole.replace("{", "{{").replace("}", "}}") + "{token}/"
