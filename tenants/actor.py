"""Who acts: named once by a door, a task or a command, read by everything that leaves a trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a machine with an API key, or a task or command on nobody's behalf.

    on_behalf_of: the number of the person who is answerable, if that is not `user_id`.
    """

    user_id: int | None = None
    task: str = ""
    address: str | None = None
    user_agent: str = ""
    request_id: str = ""
    on_behalf_of: int | None = None
    api_key_id: int | None = None
    is_platform: bool = False
    viewing_as: str = ""


_actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039  # frozen


@contextmanager
def acting(
    *,
    user: Any = None,
    task: str = "",
    address: str | None = None,
    user_agent: str = "",
    request_id: str = "",
    on_behalf_of: int | None = None,
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
            on_behalf_of=on_behalf_of,
        )
    )
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def acting_more(**facts: Any) -> Iterator[None]:
    """Complete who acts with what a door learned on the way: a key, a role looked through, the platform."""
    token = _actor.set(replace(_actor.get(), **facts))
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def acting_for(user_id: int | None) -> Iterator[None]:
    """Name whom a task works for: who asked for what it does. A person who acts answers for themselves."""
    is_asked_for = current_actor().user_id is None and user_id is not None
    with acting_more(**({"on_behalf_of": user_id} if is_asked_for else {})):
        yield


@contextmanager
def acting_as(user: Any) -> Iterator[None]:
    """Name the person of the rest of a request that began without one: at sign-in."""
    with acting_more(user_id=user.pk):
        yield


def current_actor() -> Actor:
    """Return who acts; an empty actor when nobody was named."""
    return _actor.get()
