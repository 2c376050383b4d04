"""Inviting staff: by e-mail, with a role; withdrawn or given a new link while nobody has accepted."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import told
from portal.web.staff.people.invitation_link import count_letter, hand_over
from portal.web.staff.people.pages import WHAT_ROLES_DO, crumbs
from portal.web.staff.people.place_form import STAFF_ROLES, PlaceForm
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import Invitation, Operator
from tenants.permissions import Permission
from tenants.selectors import invitations
from tenants.services import mail
from tenants.services.people import invitations as services


class InvitationForm(PlaceForm):
    """Whom to invite, and to what."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=150, required=False, help_text=gettext_lazy("They can change it.")
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=[("", gettext_lazy("Choose a role")), *STAFF_ROLES])
    field_order = ["email", "name", "role", "limited", "sites"]


@operator_view(Permission.MANAGE_PEOPLE, step_up=True)
def invitation_new(request: SignedInRequest, operator: Operator) -> HttpResponse:
    """Invite somebody; the answer is the same whether the address is known here or not."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = {name: form.cleaned_data[name] for name in ("email", "name", "role")}
        try:
            count_letter(operator, facts["email"])
            made = services.invite(operator, **facts, site_public_ids=form.site_public_ids, by=request.user)
        except Refused as refusal:
            form.add_error("email", why(refusal))
        else:
            return _hand_over(request, operator, made)
    context = {
        "nav": "people",
        "form": form,
        "crumbs": crumbs(operator),
        "mails": mail.can_send(),
        "days": services.LIFETIME.days,
        "what_roles_do": [(role.label, words) for role, words in WHAT_ROLES_DO.items()],
    }
    return render(request, "staff/invitations/form.html", context, status=400 if form.errors else 200)


@operator_view(Permission.MANAGE_PEOPLE, step_up=True)
@require_POST
def invitation_renew(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Make a new link; the old one ends."""
    invitation = _invitation(operator, public_id)
    try:
        count_letter(operator, invitation.email)
        made = services.renew(invitation, by=request.user)
    except Refused as refusal:
        messages.error(request, why(refusal))
        return redirect("staff:people", operator.slug)
    return _hand_over(request, operator, made)


@operator_view(Permission.MANAGE_PEOPLE)
@require_POST
def invitation_withdraw(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """End the invitation."""
    told(request, _("The invitation was withdrawn."), services.withdraw, _invitation(operator, public_id))
    return redirect("staff:people", operator.slug)


def _hand_over(request: SignedInRequest, operator: Operator, made: services.Made) -> HttpResponse:
    back = reverse("staff:people", args=[operator.slug])
    return hand_over(request, operator, made, nav="people", crumbs=crumbs(operator), back=back)


def _invitation(operator: Operator, public_id: UUID) -> Invitation:
    return get_object_or_404(invitations.standing(operator), public_id=public_id)
