"""The sites that may be seen now: all of the operator's, or those a limited member of staff works for.

Opened by a door beside the operator's scope (`tenants.scoping`) and read when a query is built. It narrows
what people look at; background work has no such limit.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_sites: ContextVar[frozenset[int] | None] = ContextVar("visible_sites", default=None)


@contextmanager
def limited_to(site_ids: Iterable[int] | None) -> Iterator[None]:
    """Let only these sites, and what belongs to them, be seen in the block; None lets all be seen."""
    token = _sites.set(None if site_ids is None else frozenset(site_ids))
    try:
        yield
    finally:
        _sites.reset(token)


def visible_sites() -> frozenset[int] | None:
    """Return the numbers of the sites that may be seen; None when all may."""
    return _sites.get()
