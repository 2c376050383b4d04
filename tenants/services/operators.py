"""Operators: created with their first owner."""

from typing import Any

from django.db import transaction

from tenants.models import Membership, Operator, User
from tenants.services import memberships


def create(*, slug: str, name: str, owner: User | None = None, **particulars: Any) -> Operator:
    """Create an operator; `owner` becomes its first member.

    particulars: the other fields of `Operator`.
    Raises `ValidationError` naming the field when a value is not acceptable.
    """
    with transaction.atomic():
        # The scope opens after the row exists; django-auditlog needs one, so the creation is logged by the place given.
        operator = Operator(slug=slug, name=name, **particulars)
        operator.full_clean()
        Operator.objects.bulk_create([operator])
        if owner is not None:
            memberships.add(owner, operator=operator, role=Membership.Role.OWNER)
    return operator
