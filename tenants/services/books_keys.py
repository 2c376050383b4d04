"""The keys of bookkeeping: one an operator and last day, of what issued documents say of the erased (BFL 7 kap. 2 §).

An operator's key wraps them. What is kept until the same day has the same key, which is destroyed when the day is over:
then it opens nowhere, in no copy of the database that lacks the key. Writing with one needs no reason; reading does
(`tenants.bookkeeping`).
"""

import os
from collections.abc import Sequence
from datetime import date

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction
from django.db.models.functions import Now

from tenants import bookkeeping
from tenants.crypto import Shut
from tenants.models import BooksKey, KeptKey
from tenants.scoping import current_operator_id, tenant_scope
from tenants.services import operator_keys
from tenants.services.wraps import unwrap, wrap, wrapping

_KEYS, _TEXTS = b"wattledger:books-keys", b"wattledger:books-texts"


def until(day: date) -> BooksKey:
    """Return the row of the key of what is kept until this day; the first is made when it is first needed."""
    return BooksKey.objects.filter(until=day).select_related("operator_key").first() or _made(day)


def sealing(row: BooksKey) -> bytes:
    """Return the key, to write with it. Raises `Shut` when its day is over."""
    if row.wrapped is None:
        raise Shut(f"What was kept until {row.until} is over.")
    operators = wrapping(operator_keys.opened(row.operator_key).key, info=_KEYS)
    return unwrap(operators, bytes(row.wrapped), _about(row))


def opening(row: BooksKey) -> bytes:
    """Return the key, to read with it. Raises `Shut` unless it is read for bookkeeping, before its day is over."""
    key = sealing(row)
    if not bookkeeping.may_read():
        raise Shut(f"What is kept until {row.until} opens for bookkeeping alone.")
    return key


def of_texts(key: bytes) -> AESGCM:
    """What wraps the keys of single texts."""
    return wrapping(key, info=_TEXTS)


def destroy(rows: Sequence[BooksKey]) -> int:
    """Destroy keys whose day is over, and what they wrap; that they were there, and until when, stays."""
    which = [row.pk for row in rows]
    KeptKey.objects.filter(books_key__in=which).update(wrapped=b"")
    return BooksKey.objects.filter(pk__in=which).update(wrapped=None, destroyed_at=Now())


def rewrap(operator_id: int) -> tuple[int, int]:
    """Wrap them with the operator's newest key; return how many again, and how many were. There is one a year."""
    with tenant_scope(operator_id):
        still = BooksKey.objects.exclude(wrapped=None).select_related("operator_key")
        rows = list(still.select_for_update(of=("self",)))
        if not rows:
            return 0, 0
        newest = operator_keys.newest(operator_id)
        old = [row for row in rows if row.operator_key_id != newest.pk]
        operators = wrapping(operator_keys.opened(newest).key, info=_KEYS)
        for row in old:
            wrapped = wrap(operators, sealing(row), _about(row))
            BooksKey.objects.filter(pk=row.pk).update(wrapped=wrapped, operator_key=newest)
    return len(old), len(rows) - len(old)


def _made(day: date) -> BooksKey:
    """Add the key, unless somebody else was faster."""
    newest = operator_keys.newest(current_operator_id())
    row = BooksKey(operator_id=newest.operator_id, until=day, operator_key=newest)
    row.wrapped = wrap(wrapping(operator_keys.opened(newest).key, info=_KEYS), os.urandom(32), _about(row))
    with transaction.atomic():
        BooksKey.objects.bulk_create([row], ignore_conflicts=True)
    return BooksKey.objects.select_related("operator_key").get(until=day)


def _about(row: BooksKey) -> str:
    return f"books-key:{row.operator_id}:{row.until.isoformat()}"
