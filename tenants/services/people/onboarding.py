"""A new operator: its row, what its drivers are asked, and the invitation of its first owner, all or nothing."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from tenants.models import Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import consents, invitations, operators


@dataclass(frozen=True, slots=True)
class Onboarded:
    """An operator and the invitation of its first owner."""

    operator: Operator
    invitation: invitations.Made


@transaction.atomic
def onboard(
    *, slug: str, name: str, owner_email: str, by: User | None = None, to_be_mailed: bool | None = None, **more: Any
) -> Onboarded:
    """Create an operator whose first owner is invited. A right of the platform's database role alone.

    more: the operator's other fields. `to_be_mailed` as in `invitations.invite`.
    Raises `ValidationError` naming the field when a value is not acceptable, `Refused` when the owner is not.
    """
    operator = create(slug=slug, name=name, **more)
    made = invitations.invite(operator, email=owner_email, role=Membership.Role.OWNER, by=by, to_be_mailed=to_be_mailed)
    return Onboarded(operator, made)


@transaction.atomic
def create(*, slug: str, name: str, **more: Any) -> Operator:
    """Create an operator that nobody can enter yet."""
    operator = operators.create(slug=slug, name=name, **more)
    with tenant_scope(operator.pk):
        consents.install_defaults(operator)
    return operator
