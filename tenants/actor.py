"""Who acts: named once by a door, a task or a command, read by everything that leaves a trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or a task or command on nobody's behalf."""

    user_id: int | None = None
    task: str = ""
    address: str | None = None
    user_agent: str = ""
    request_id: str = ""


_actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039  # frozen


@contextmanager
def acting(
    *,
    user: Any = None,
    task: str = "",
    address: str | None = None,
    user_agent: str = "",
    request_id: str = "",
) -> Iterator[None]:
    """Name who is responsible for everything done in the block."""
    known = user is not None and user.is_authenticated
    token = _actor.set(
        Actor(
            user_id=user.pk if known else None,
            task=task,
            address=address,
            user_agent=user_agent[:300],
            request_id=request_id,
        )
    )
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def acting_as(user: Any) -> Iterator[None]:
    """Name the person of the rest of a request that began without one: at sign-in."""
    token = _actor.set(replace(_actor.get(), user_id=user.pk))
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> Actor:
    """Return who acts; an empty actor when nobody was named."""
    return _actor.get()
