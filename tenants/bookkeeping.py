"""What is kept of the erased for bookkeeping is read for that alone: who reads it says why, and the log keeps it.

Bookkeeping law keeps what issued invoices name for seven years (BFL 7 kap. 2 §), and GDPR art. 17(3)(b) lets it;
nothing else may use it (art. 5(1)(b)). So its keys (`tenants.services.books_keys`) open inside `opened` only.
Everywhere else an erased person's name is as empty as the rest of what was theirs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

from django.db import models

from tenants.log import audit
from tenants.log.events import Event


class Why(StrEnum):
    """What it is read for. Stored in the log, so these never change; the first four are said by people."""

    AUDIT = "audit"
    AUTHORITY = "authority"
    CORRECTION = "correction"
    CLAIM = "claim"
    ACCOUNTING = "accounting"
    DOCUMENT = "document"
    PAYER = "payer"


#: What people may say.
SAID = (Why.AUDIT, Why.AUTHORITY, Why.CORRECTION, Why.CLAIM)


class _Purpose:
    """Why it is read, about what, and whether the log has been told."""

    __slots__ = ("about", "is_told", "why")

    def __init__(self, why: Why, about: models.Model | None) -> None:
        self.why, self.about, self.is_told = why, about, False


_purpose: ContextVar[_Purpose | None] = ContextVar("purpose of bookkeeping", default=None)


@contextmanager
def opened(why: Why, *, about: models.Model | None = None) -> Iterator[None]:
    """Let it be read in this block. The first that is read is written into the log of its operator, with the reason.

    Inside another such block that one's reason stands.
    """
    if _purpose.get() is not None:
        yield
        return
    token = _purpose.set(_Purpose(why, about))
    try:
        yield
    finally:
        _purpose.reset(token)


def may_read() -> bool:
    """Whether it may be read now; asked when something is, as that is what the log is told of."""
    purpose = _purpose.get()
    if purpose is None:
        return False
    if not purpose.is_told:
        purpose.is_told = True
        audit.record(Event.BOOKS_OPENED, about=purpose.about, books_reason=purpose.why.value)
    return True
