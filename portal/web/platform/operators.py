"""The operators of the instance: found, created, suspended, resumed and closed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest
from portal.gate.platform_access import platform_view
from portal.web import addresses, invitation_letter, lists
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Operator
from tenants.selectors import platform, visits
from tenants.services.people import invitations, onboarding, operators


class OperatorFilter(forms.Form):
    """Which operators are listed."""

    search = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": gettext_lazy("Name or address in the portal")}),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"), required=False, choices=[("", gettext_lazy("all")), *Operator.State.choices]
    )


class OperatorForm(forms.Form):
    """A new operator with its first owner."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    legal_name = forms.CharField(label=gettext_lazy("Legal name"), max_length=200, required=False)
    slug = forms.SlugField(
        label=gettext_lazy("Address in the portal"),
        max_length=50,
        help_text=gettext_lazy("Small letters, digits and hyphens. It stays: /o/…/"),
    )
    owner = forms.EmailField(
        label=gettext_lazy("E-mail of the first owner"),
        help_text=gettext_lazy("They are invited, and invite the others themselves."),
    )

    def clean_slug(self) -> str:
        """Addresses are written in small letters."""
        return str(self.cleaned_data["slug"]).lower()


class ReasonForm(forms.Form):
    """Why it is done."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It is kept in the operator's log."),
        min_length=10,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class CloseForm(ReasonForm):
    """Why the operator is closed, and that it is meant."""

    slug = forms.CharField(
        label=gettext_lazy("Type the operator's address in the portal to confirm"),
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operator = operator

    def clean_slug(self) -> str:
        """Refuse anything but the operator's own address."""
        typed = str(self.cleaned_data["slug"]).strip()
        if typed != self.operator.slug:
            raise ValidationError(
                _("This is not the address: it is %(slug)s, you typed %(typed)s."),
                params={"slug": self.operator.slug, "typed": typed},
            )
        return typed


class OwnerForm(forms.Form):
    """Somebody to invite as an owner."""

    owner = forms.EmailField(label=gettext_lazy("E-mail of the owner"))


@platform_view()
def operator_list(request: SignedInRequest) -> HttpResponse:
    """List the operators."""
    filters = OperatorFilter(request.GET)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    rows = platform.operators(search=chosen.get("search", ""), state=chosen.get("state", ""))
    page = lists.numbered(rows, request)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "nav": "operators",
        "page": page,
        "filters": filters,
        "query": query.urlencode(),
        "is_filtered": any(chosen.values()),
    }
    return render(request, "platform/operators/list.html", context)


@platform_view(step_up=True)
def operator_new(request: SignedInRequest) -> HttpResponse:
    """Create an operator and invite its first owner."""
    form = OperatorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = dict(form.cleaned_data)
        try:
            made = onboarding.onboard(owner_email=facts.pop("owner"), by=request.user, **facts)
        except ValidationError as error:
            form.add_error(None, error)
        except Refused as refusal:
            form.add_error("owner", why(refusal))
        else:
            messages.success(request, _("%(operator)s has been created.") % {"operator": made.operator})
            return _show_link(request, made.operator, made.invitation)
    return _form(request, "platform/operators/new.html", form)


@platform_view()
def operator_detail(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show an operator: its state, who visited it, whether its owners allow changes."""
    found = get_object_or_404(platform.operators(), slug=slug)
    now = timezone.now()
    own = visits.running(at=now).filter(user=request.user, operator=found).first()
    context = {
        "nav": "operators",
        "found": found,
        "visits": lists.numbered(platform.visits(found), request, size=20),
        "own": own,
        "now": now,
        "portal_url": addresses.in_portal("staff:overview", found.slug),
        "leave_until": found.platform_may_change_until if visits.may_be_changed(found, at=now) else None,
    }
    return render(request, "platform/operators/detail.html", context)


@platform_view(step_up=True)
def operator_suspend(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for the reason and suspend the operator."""
    found = get_object_or_404(Operator, slug=slug)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operators.suspend(found, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, why(refusal))
        else:
            messages.success(request, _("%(operator)s is suspended.") % {"operator": found})
            return redirect("platform:operator_detail", slug)
    return _form(request, "platform/operators/suspend.html", form, found=found)


@require_POST
@platform_view(step_up=True)
def operator_resume(request: SignedInRequest, slug: str) -> HttpResponse:
    """Let a suspended operator work again."""
    found = get_object_or_404(Operator, slug=slug)
    try:
        operators.resume(found)
    except Refused as refusal:
        messages.error(request, why(refusal))
    else:
        messages.success(request, _("%(operator)s works again.") % {"operator": found})
    return redirect("platform:operator_detail", slug)


@platform_view(step_up=True)
def operator_close(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for the reason and the address, and close the operator for good."""
    found = get_object_or_404(Operator, slug=slug)
    form = CloseForm(request.POST or None, operator=found)
    if request.method == "POST" and form.is_valid():
        try:
            operators.close(found, reason=form.cleaned_data["reason"], at=timezone.now())
        except Refused as refusal:
            form.add_error(None, why(refusal))
        else:
            messages.success(request, _("%(operator)s is closed.") % {"operator": found})
            return redirect("platform:operator_detail", slug)
    return _form(request, "platform/operators/close.html", form, found=found)


@platform_view(step_up=True)
def owner_invite(request: SignedInRequest, slug: str) -> HttpResponse:
    """Invite an owner, where there is none: the first one's link has ended, or the last one has gone."""
    found = get_object_or_404(Operator, slug=slug, state=Operator.State.ACTIVE)
    form = OwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = invitations.invite_owner(found, email=form.cleaned_data["owner"], by=request.user)
        except Refused as refusal:
            form.add_error("owner", why(refusal))
        else:
            return _show_link(request, found, made)
    return _form(request, "platform/operators/invite.html", form, found=found)


def _form(request: SignedInRequest, template: str, form: forms.Form, **more: Any) -> HttpResponse:
    context = {"nav": "operators", "form": form, **more}
    return render(request, template, context, status=400 if form.errors else 200)


def _show_link(request: SignedInRequest, operator: Operator, made: invitations.Made) -> HttpResponse:
    """Mail the link; show it this one time where there is no mail server."""
    invitation = made.invitation
    link = addresses.whole(request, addresses.in_portal("account:invitation", invitation.public_id, made.secret))
    if invitation.is_mailed:
        invitation_letter.send(operator, invitation, link=link)
        messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": invitation.email})
        return redirect("platform:operator_detail", operator.slug)
    context = {
        "nav": "operators",
        "found": operator,
        "invitation": invitation,
        "link": link,
        "days": invitations.LIFETIME.days,
    }
    return render(request, "platform/operators/invited.html", context)
