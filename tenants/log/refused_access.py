"""Refusals that an operator should know of: strangers at its doors, and members where they have no right.

Written in a scope of their own, before the refusal is raised: a refusal rolls back what its page wrote.

Who tries a thousand addresses must not fill the log: of one person at one network the first refusals of a
minute are recorded, then the tenth, hundredth, thousandth, each with its number. Redis counts for all
processes; while it is away each process counts for itself, so nothing is refused for lack of a count.

A stranger's entry names nobody, since that somebody has an account elsewhere is none of the operator's
business. It holds a mark by which the same stranger is known again, at this operator only.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import redis
from django.core.cache import cache
from django.db import connection, transaction

from tenants.actor import acting_more, current_actor
from tenants.addresses import network
from tenants.log import audit
from tenants.log.events import Event
from tenants.marks import mark
from tenants.models import Operator, User
from tenants.permissions import Access, Permission
from tenants.scoping import tenant_scope

STRANGER = Event.ACCESS_STRANGER
REFUSED = Event.ACCESS_REFUSED
OF_STRANGERS = frozenset({STRANGER})
EACH = 5  # refusals of a minute that get an entry each
NOBODYS = 0  # no operator has this number
_MINUTE_S = 60
_KEYS_COUNTED = 10_000
_counts: dict[str, int] = {}
_lock = Lock()


def stranger(user: User, *, slug: str) -> None:
    """Record that somebody without a place tried the operator's address. Nothing stays if there is no such operator."""
    if not user.is_authenticated:
        return
    operator = Operator.objects.filter(slug=slug).exclude(state=Operator.State.CLOSED).first() or nobody()
    who = mark(user.pk, purpose=f"stranger.{operator.pk}")[:12]
    attempts = counted(f"{STRANGER}:{slug}:{who}:{network(current_actor().address)}")
    if is_worth_an_entry(attempts):
        with acting_more(user_id=None), taken_back_for_nobody(operator):
            audit.record(STRANGER, about=operator, stranger=who, **facts_of(attempts))


def nobody() -> Operator:
    """Return an operator that there is not. What is refused at it is written like at any other, and taken back."""
    return Operator(pk=NOBODYS)


@contextmanager
def taken_back_for_nobody(operator: Operator, *, keep: bool = True) -> Iterator[None]:
    """Open the operator's scope to record a refusal; with an operator that is none nothing is kept.

    Whether there is the operator must not show in the time: the same statements run, and none waits for the disk.
    A crash of the machine in the same instant costs an entry about a refusal.
    """
    with tenant_scope(operator.pk), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off")
        yield
        transaction.set_rollback(operator.pk == NOBODYS or not keep)


def refused(access: Access, permission: Permission | None, *, reason: str = "") -> None:
    """Record that a person of the operator tried what they may not."""
    actor = current_actor()
    attempts = counted(f"{REFUSED}:{access.operator.pk}:{actor.user_id}:{actor.api_key_id}:{network(actor.address)}")
    if not is_worth_an_entry(attempts):
        return
    facts: dict[str, Any] = {"permission": permission.value if permission else "", "reason": reason}
    with (
        acting_more(is_platform=access.visit_ends_at is not None, viewing_as=access.viewing_as),
        tenant_scope(access.operator.pk),
    ):
        audit.record(REFUSED, **{name: fact for name, fact in facts.items() if fact}, **facts_of(attempts))


def facts_of(attempts: int) -> dict[str, Any]:
    """What an entry says of the number."""
    return {"attempts": attempts} if attempts > EACH else {}


def is_worth_an_entry(attempts: int) -> bool:
    """Tell whether the refusal of this number within its minute gets an entry."""
    return attempts <= EACH or str(attempts).rstrip("0") == "1"


def counted(who: str) -> int:
    """The number of this refusal within its minute."""
    key = f"refused-access:{mark(who, purpose='refused-access')}:{int(time.time()) // _MINUTE_S}"
    try:
        cache.add(key, 0, timeout=2 * _MINUTE_S)
        return int(cache.incr(key))
    except (redis.RedisError, OSError, ValueError):  # away, or the key went between the two
        return _count_here(key)


def _count_here(key: str) -> int:
    with _lock:
        if key not in _counts and len(_counts) >= _KEYS_COUNTED:
            _counts.clear()
        _counts[key] = _counts.get(key, 0) + 1
        return _counts[key]
