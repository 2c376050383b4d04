"""Whose it was, from when to when: periods that never overlap, and what becomes of them when one is said anew.

A card has holders, a driver or a card belongs to accounts: the same arithmetic. Pure. Instants are aware UTC. A period
without a beginning holds from the first session on, one without an end holds still; where no period reaches, it was
nobody's.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

W = TypeVar("W", bound=Hashable)

#: Before every session there is.
BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held(Generic[W]):
    """Whose it was from `since` (inclusive) to `until` (exclusive)."""

    who: W
    since: datetime | None = None
    until: datetime | None = None

    @property
    def begins(self) -> datetime:
        """The first instant, to compare by."""
        return self.since or BEGINNING

    def holds(self, at: datetime) -> bool:
        """Whether the instant lies within it."""
        return self.begins <= at and (self.until is None or at < self.until)


def given(history: Sequence[Held[W]], who: W | None, since: datetime | None, until: datetime | None) -> list[Held[W]]:
    """Return the history with that time given to somebody, to nobody for None, in order of time.

    What was said of that time before is replaced; before and after it everything stays.
    """
    kept = [rest for held in history for rest in _without(held, since, until)]
    if who is not None:
        kept.append(Held(who, since, until))
    return _joined(sorted(kept, key=lambda held: held.begins))


def holder(history: Sequence[Held[W]], at: datetime) -> W | None:
    """Return whose it was at that instant."""
    return next((held.who for held in history if held.holds(at)), None)


def together(one: Sequence[Held[W]], other: Sequence[Held[W]]) -> list[Held[W]] | None:
    """Return whose two things were that are one, in order of time; None where they were two people's at once."""
    found: list[Held[W]] = []
    for held in sorted([*one, *other], key=lambda held: held.begins):
        before = found[-1] if found else None
        if before is None or (before.until is not None and before.until <= held.begins):
            found.append(held)
        elif before.who != held.who:
            return None
        else:
            ends = None if before.until is None or held.until is None else max(before.until, held.until)
            found[-1] = replace(before, until=ends)
    return _joined(found)


def changes(history: Sequence[Held[W]]) -> list[tuple[datetime, W | None]]:
    """Return the instants from which it is somebody else's, or nobody's, in order of time."""
    found: list[tuple[datetime, W | None]] = []
    for at, held in enumerate(history):
        found.append((held.begins, held.who))
        follower = history[at + 1].begins if at + 1 < len(history) else None
        if held.until is not None and held.until != follower:
            found.append((held.until, None))
    return found


def _without(held: Held[W], since: datetime | None, until: datetime | None) -> list[Held[W]]:
    """Return what is left of a period outside of another one."""
    before_it = since is None or (held.until is not None and held.until <= since)
    after_it = until is None or (held.since is not None and held.since >= until)
    if (before_it and since is not None) or (after_it and until is not None):
        return [held]
    left = []
    if since is not None and held.begins < since:
        left.append(replace(held, until=since))
    if until is not None and (held.until is None or held.until > until):
        left.append(replace(held, since=until))
    return left


def _joined(history: list[Held[W]]) -> list[Held[W]]:
    """Make one period of two of the same holder where nothing lies between them."""
    joined: list[Held[W]] = []
    for held in history:
        before = joined[-1] if joined else None
        if before and before.who == held.who and before.until is not None and before.until == held.since:
            joined[-1] = replace(before, until=held.until)
        else:
            joined.append(held)
    return joined
