"""The keys of operators: each operator's files and the keys of its people are sealed with its own.

The newest one seals, older ones open. The instance's key wraps them, and a new one wraps them again, which is a row an
operator (`rewrap`); a new key of an operator takes its files being sealed again (`tenants.sealed_files.seal_again`) and
the keys of its people being wrapped again (`tenants.services.person_keys`).
"""

import os
from dataclasses import dataclass

from django.db import transaction

from tenants import crypto
from tenants.models import OperatorKey
from tenants.scoping import tenant_scope


@dataclass(frozen=True, slots=True)
class OperatorsKey:
    """One key of an operator, opened."""

    number: int
    key: bytes


def current(operator_id: int) -> OperatorsKey:
    """Return the key that seals now; the first is made when it is first needed."""
    with tenant_scope(operator_id):
        return opened(newest(operator_id))


def newest(operator_id: int) -> OperatorKey:
    """Return the row of the key that seals now, in the operator's scope."""
    return OperatorKey.objects.order_by("-number").first() or _made(operator_id, 1)


def numbered(operator_id: int, number: int) -> OperatorsKey:
    """Return the key with this number. Raises `crypto.Unreadable` when there is none, or nothing opens it."""
    with tenant_scope(operator_id):
        found = OperatorKey.objects.filter(number=number).first()
        if found is None:
            raise crypto.Unreadable(f"Operator {operator_id} has no key {number}.")
        return opened(found)


def renew(operator_id: int) -> OperatorsKey:
    """Make a new key for the operator: what is written from now on is sealed with it."""
    with tenant_scope(operator_id):
        highest = OperatorKey.objects.order_by("-number").values_list("number", flat=True).first()
        return opened(_made(operator_id, (highest or 0) + 1))


def rewrap(operator_id: int) -> tuple[int, int]:
    """Wrap the operator's keys with the instance's newest; return how many were wrapped again and how many were.

    Raises:
        crypto.Unreadable: one opens with no listed key.
    """
    with tenant_scope(operator_id):
        rows = list(OperatorKey.objects.select_for_update().order_by("number"))
        old = [row for row in rows if not crypto.is_current(bytes(row.wrapped))]
        for row in old:
            wrapped = crypto.encrypt(opened(row).key, about=_about(operator_id, row.number))
            OperatorKey.objects.filter(pk=row.pk).update(wrapped=wrapped)
    return len(old), len(rows) - len(old)


def _made(operator_id: int, number: int) -> OperatorKey:
    """Add the key, unless somebody else was faster."""
    wrapped = crypto.encrypt(os.urandom(32), about=_about(operator_id, number))
    row = OperatorKey(number=number, wrapped=wrapped)
    with transaction.atomic():
        OperatorKey.objects.bulk_create([row], ignore_conflicts=True)
    return OperatorKey.objects.get(number=number)


def opened(row: OperatorKey) -> OperatorsKey:
    """Return the key of a row. Raises `crypto.Unreadable` when no listed key opens it."""
    return OperatorsKey(row.number, crypto.decrypt(bytes(row.wrapped), about=_about(row.operator_id, row.number)))


def _about(operator_id: int, number: int) -> str:
    return f"operator-key:{operator_id}:{number}"
