"""The keys of operators: each operator's files are sealed with its own, which the instance's key wraps.

The newest one seals, older ones open. A new key of the instance wraps them again, which is a row an operator
(`rewrap`); a new key of an operator takes its files being sealed again (`tenants.sealed_files.seal_again`).
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
        newest = OperatorKey.objects.order_by("-number").first()
        return _opened(newest or _made(operator_id, 1))


def numbered(operator_id: int, number: int) -> OperatorsKey:
    """Return the key with this number. Raises `crypto.Unreadable` when there is none, or nothing opens it."""
    with tenant_scope(operator_id):
        found = OperatorKey.objects.filter(number=number).first()
        if found is None:
            raise crypto.Unreadable(f"Operator {operator_id} has no key {number}.")
        return _opened(found)


def renew(operator_id: int) -> OperatorsKey:
    """Make a new key for the operator: what is written from now on is sealed with it."""
    with tenant_scope(operator_id):
        newest = OperatorKey.objects.order_by("-number").values_list("number", flat=True).first()
        return _opened(_made(operator_id, (newest or 0) + 1))


def rewrap(operator_id: int) -> tuple[int, int]:
    """Wrap the operator's keys with the instance's newest; return how many were wrapped again and how many were.

    Raises:
        crypto.Unreadable: one opens with no listed key.
    """
    with tenant_scope(operator_id):
        rows = list(OperatorKey.objects.select_for_update().order_by("number"))
        old = [row for row in rows if not crypto.is_current(bytes(row.wrapped))]
        for row in old:
            wrapped = crypto.encrypt(_opened(row).key, about=_about(operator_id, row.number))
            OperatorKey.objects.filter(pk=row.pk).update(wrapped=wrapped)
    return len(old), len(rows) - len(old)


def _made(operator_id: int, number: int) -> OperatorKey:
    """Add the key, unless somebody else was faster."""
    wrapped = crypto.encrypt(os.urandom(32), about=_about(operator_id, number))
    row = OperatorKey(number=number, wrapped=wrapped)
    with transaction.atomic():
        OperatorKey.objects.bulk_create([row], ignore_conflicts=True)
    return OperatorKey.objects.get(number=number)


def _opened(row: OperatorKey) -> OperatorsKey:
    return OperatorsKey(row.number, crypto.decrypt(bytes(row.wrapped), about=_about(row.operator_id, row.number)))


def _about(operator_id: int, number: int) -> str:
    return f"operator-key:{operator_id}:{number}"
