"""An invitation's link: whoever opens it takes the place, as themselves.

Without an account for the address they make one; with one they accept signed in as exactly that person, with
both factors if they have two. A link that opens nothing says so and nothing more.
"""

import contextlib
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django_otp import user_has_device

from charging.services import site_memberships
from portal.gate import links
from portal.gate.access import public_view, to_second_factor
from portal.web.account.password import NewPasswordForm
from portal.web.account.waiting import link_page
from portal.web.context import home_of
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Invitation, User
from tenants.selectors import people
from tenants.services.people import invitations


class JoinForm(NewPasswordForm):
    """The name and password of somebody new."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    field_order = ["name", "password", "again"]


PAGE = "account:join"


@public_view("It is the single-use link of an invitation, opened by people who may have no account yet.")
@link_page
def link(request: HttpRequest, public_id: UUID, secret: str) -> HttpResponse:
    """Take the secret out of the address, and go on to the invitation."""
    try:
        invitations.opened(public_id, secret=secret)
    except invitations.Ended:
        return _ended(request)
    return links.take_out(request, PAGE, public_id=public_id, secret=secret)


@public_view("It is opened by the single-use link of an invitation, by people who may have no account yet.")
@sensitive_post_parameters()
def invitation(request: HttpRequest) -> HttpResponseBase:
    """Show what the invitation offers, and give it to the person it is for."""
    held = links.taken_out(request, PAGE)
    if not held:
        return _ended(request)
    try:
        found = invitations.opened(UUID(held["public_id"]), secret=held["secret"])
        if request.user.is_authenticated or _is_known_to_have_account(found):
            return _accept(request, found)
        return _join(request, found)
    except invitations.Ended:
        return _ended(request)


def _ended(request: HttpRequest) -> HttpResponse:
    return render(request, "account/link_ended.html", status=410)


def _is_known_to_have_account(found: Invitation) -> bool:
    """Whether whoever opened the link may be told that there is an account: the mailbox is theirs.

    A link that was handed over may be opened by whoever made it, who would learn who has an account elsewhere. They
    are offered both, to sign in and to make an account, and the answer to the form is the same too.
    """
    return found.is_mailed and invitations.account_of(found) is not None


def _join(request: HttpRequest, found: Invitation) -> HttpResponse:
    form = JoinForm(request.POST or None, user=User(email=found.email, name=found.name), initial={"name": found.name})
    if request.method == "POST" and form.is_valid():
        facts = {"name": form.cleaned_data["name"], "password": form.cleaned_data["password"]}
        try:
            with contextlib.suppress(invitations.HasAccount):
                site_memberships.accept_as_new(found, **facts, language=request.LANGUAGE_CODE or "")
        except invitations.Ended:
            raise
        except Refused as refusal:
            form.add_error(None, why(refusal))
        else:
            messages.success(request, _joined(found))
            return redirect("account:sign_in")
    context = {"form": form, "here": reverse(PAGE)}
    return _show(request, found, "account/invitation_new.html", **context, status=400 if form.errors else 200)


def _joined(found: Invitation) -> str:
    if found.is_mailed:
        return _("Your account is ready. Sign in with it.")
    return _("Sign in with your password. If you had an account already, its password is still the old one.")


def _accept(request: HttpRequest, found: Invitation) -> HttpResponseBase:
    user = request.user
    if not isinstance(user, User) or user.email.lower() != found.email:
        status = 403 if request.method == "POST" else 200
        return _show(request, found, "account/invitation_other.html", here=request.get_full_path(), status=status)
    if user_has_device(user) and not user.is_verified():
        return to_second_factor(request)  # type: ignore[arg-type]  # the person is known here
    if request.method == "POST":
        try:
            place = site_memberships.accept(found, user=user)
        except invitations.Ended:
            raise
        except Refused as refusal:
            messages.error(request, why(refusal))
        else:
            messages.success(request, _("You now have a role at %(operator)s.") % {"operator": place.operator})
            return redirect(home_of(place))
    return _show(request, found, "account/invitation.html")


def _show(request: HttpRequest, found: Invitation, template: str, *, status: int = 200, **more: Any) -> HttpResponse:
    inviter = people.named([found.invited_by_id]) if found.invited_by_id else {}
    context = {"invitation": found, "inviter": next(iter(inviter.values()), None), **more}
    return render(request, template, context, status=status)
