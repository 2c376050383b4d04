"""Operators: created with their first owner, changed; suspended, resumed and closed.

Creating one and changing its state are rights of the platform's database role alone.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from tenants.currencies import check_billed
from tenants.errors import Code, Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Invitation, Membership, Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import memberships
from tenants.services.platform import visits as platform_visits

State = Operator.State


def create(*, slug: str, name: str, owner: User | None = None, **particulars: Any) -> Operator:
    """Create an operator; `owner` becomes its first member.

    particulars: the other fields of `Operator`.
    Raises `ValidationError` naming the field when a value is not acceptable.

    Raises:
        Refused: nothing is billed in its currency.
    """
    with transaction.atomic():
        operator = Operator(slug=slug, name=name, **particulars)
        check_billed(operator.currency)
        operator.full_clean()
        # Without signals: django-auditlog would need the scope that only an existing operator can have.
        Operator.objects.bulk_create([operator])
        audit.record_at(operator.pk, Event.OPERATOR_CREATED, about=operator)
        if owner is not None:
            memberships.add(owner, operator=operator, role=Membership.Role.OWNER)
    return operator


def change(operator: Operator, **particulars: Any) -> Operator:
    """Change the operator's particulars. Issued invoices keep those of their day.

    Raises `ValidationError` naming the field when a value is not acceptable.

    Raises:
        Refused: nothing is billed in its new currency.
    """
    if "currency" in particulars:
        check_billed(particulars["currency"])
    with tenant_scope(operator.pk):
        row = Operator.objects.select_for_update().get(pk=operator.pk)
        for name, value in particulars.items():
            setattr(row, name, value)
        row.full_clean()
        row.save(update_fields=list(particulars))
    return row


def suspend(operator: Operator, *, reason: str) -> None:
    """Let nobody of the operator in and let its background work rest, until it is resumed. Nothing is lost.

    reason: stands in the operator's log, which its owners read once they are let in again.

    Raises:
        Refused: it is not active.
    """
    _move(operator, {State.ACTIVE}, State.SUSPENDED, Event.OPERATOR_SUSPENDED, reason)


def resume(operator: Operator) -> None:
    """Let the operator work again. What waited goes on with the next sweep.

    Raises:
        Refused: it is not suspended.
    """
    _move(operator, {State.SUSPENDED}, State.ACTIVE, Event.OPERATOR_RESUMED)


def close(operator: Operator, *, reason: str, at: datetime) -> None:
    """Close the operator for good: nobody gets in, no work is done. Its data stays for as long as the law asks.

    Raises:
        Refused: it is closed already.
    """
    with transaction.atomic():
        _move(operator, {State.ACTIVE, State.SUSPENDED}, State.CLOSED, Event.OPERATOR_CLOSED, reason)
        platform_visits.end_all(operator, at=at)
        with tenant_scope(operator.pk):
            Invitation.objects.filter(operator=operator, accepted_at=None, withdrawn_at=None).update(withdrawn_at=at)


def _move(operator: Operator, before: set[State], after: State, event: str, reason: str = "") -> None:
    with tenant_scope(operator.pk):
        row = Operator.objects.select_for_update().get(pk=operator.pk)
        if row.state not in before:
            raise Refused(Code.OPERATOR_STATE, operator=row.name, operator_state=row.state)
        row.state = after
        row.save(update_fields=["state"])
        audit.record(event, about=row, **({"reason": reason} if reason else {}))
