"""Operators: created with their first owner, and changed."""

from typing import Any

from django.db import transaction

from tenants import audit
from tenants.models import Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services import memberships


def create(*, slug: str, name: str, owner: User | None = None, **particulars: Any) -> Operator:
    """Create an operator; `owner` becomes its first member.

    particulars: the other fields of `Operator`.
    Raises `ValidationError` naming the field when a value is not acceptable.
    """
    with transaction.atomic():
        operator = Operator(slug=slug, name=name, **particulars)
        operator.full_clean()
        # Without signals: django-auditlog would need the scope that only an existing operator can have.
        Operator.objects.bulk_create([operator])
        with tenant_scope(operator.pk):
            audit.record("operator.created", about=operator)
        if owner is not None:
            memberships.add(owner, operator=operator, role=Membership.Role.OWNER)
    return operator


@transaction.atomic
def change(operator: Operator, **particulars: Any) -> Operator:
    """Change the operator's particulars. Issued invoices keep those of their day.

    Raises `ValidationError` naming the field when a value is not acceptable.
    """
    row = Operator.objects.select_for_update().get(pk=operator.pk)
    for name, value in particulars.items():
        setattr(row, name, value)
    row.full_clean()
    row.save(update_fields=list(particulars))
    return row
