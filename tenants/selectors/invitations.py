"""Reads of invitations. Global, as a link is opened before any scope can be."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from tenants.models import Invitation, Membership, Operator, User


def standing(operator: Operator) -> QuerySet[Invitation]:
    """The operator's invitations of staff that nobody accepted or withdrew, expired ones too, newest first."""
    return _standing().filter(operator=operator).exclude(role__in=Membership.CUSTOMERS).order_by("-created_at", "-pk")


def of_driver(operator: Operator, driver_public_id: UUID) -> Invitation | None:
    """The invitation that stands for this driver, expired or not."""
    return _standing().filter(operator=operator, driver_public_id=driver_public_id).order_by("-pk").first()


def of_account(operator: Operator, account_public_id: UUID) -> QuerySet[Invitation]:
    """The invitations that stand for this account, expired or not, the newest first."""
    return _standing().filter(operator=operator, account_public_id=account_public_id).order_by("-pk")


def made_by(user: User, operator: Operator) -> QuerySet[Invitation]:
    """The person's invitations here that nobody accepted or withdrew, of drivers too."""
    return _standing().filter(operator=operator, invited_by_id=user.pk)


def acceptable() -> QuerySet[Invitation]:
    """Every invitation whose link still opens something now."""
    return _standing().filter(expires_at__gt=timezone.now(), operator__state=Operator.State.ACTIVE)


def _standing() -> QuerySet[Invitation]:
    return Invitation.objects.select_related("operator").filter(accepted_at=None, withdrawn_at=None)
