"""The people of a payer: invited to see its invoices, and removed."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.gate.access import SignedInRequest, operator_view
from portal.web.acts import told
from portal.web.staff.accounts import InviteForm, account_or_404, crumbs
from portal.web.staff.people.invitation_link import count_letter, hand_over
from portal.words.say import why
from tenants.errors import Refused
from tenants.models import AccountPerson, Membership, Operator
from tenants.permissions import Permission
from tenants.selectors import invitations
from tenants.services.people import invitations as services
from tenants.services.people import memberships

M = TypeVar("M", bound=Model)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def account_invite(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Invite somebody to see what the payer is billed; again: a new link, and the old one ends."""
    account, form = account_or_404(public_id), InviteForm(request.POST)
    if account.driver is not None:  # a driver sees their own on pages of their own, and nobody else does
        raise Http404
    back = reverse("staff:account_detail", args=[operator.slug, public_id])
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(back)
    try:
        count_letter(operator, form.cleaned_data["email"])
        made = services.invite_payer(account, **form.cleaned_data, by=request.user)
    except Refused as refusal:
        messages.error(request, why(refusal))
        return redirect(back)
    return hand_over(request, operator, made, nav="accounts", crumbs=crumbs(operator, account), back=back)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def account_uninvite(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Withdraw an invitation to the payer's pages."""
    account = account_or_404(public_id)
    standing = invitations.of_account(operator, account.public_id)
    return _done(request, operator, public_id, standing, _("The invitation was withdrawn."), services.withdraw)


@operator_view(Permission.MANAGE_ACCOUNTS)
@require_POST
def account_person_remove(request: SignedInRequest, operator: Operator, public_id: UUID) -> HttpResponse:
    """Take the payer's pages away from a person."""
    people = AccountPerson.objects.select_related("user").filter(account=account_or_404(public_id))
    return _done(request, operator, public_id, people, _("The person no longer sees the payer's invoices."), _removed)


def _done(
    request: SignedInRequest,
    operator: Operator,
    account_id: UUID,
    rows: "QuerySet[M]",
    done: str,
    act: Callable[[M], Any],
) -> HttpResponse:
    """Do it with the one of the rows that the form names, if it is still there, and go back to the payer."""
    try:
        row = rows.filter(public_id=request.POST.get("which", "")).first()
    except ValidationError:
        row = None
    if row is not None:
        told(request, done, act, row)
    return redirect("staff:account_detail", operator.slug, account_id)


def _removed(person: AccountPerson) -> None:
    memberships.remove(
        Membership.objects.get(user=person.user, operator=person.operator_id, role=Membership.Role.PAYER)
    )
