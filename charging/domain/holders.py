"""Whose card it was, from when to when: periods that never overlap, and what becomes of them when one is said anew.

Pure. Instants are aware UTC. A period without a beginning holds from the first session on, one without an end holds
still; where no period reaches, nobody had the card.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

#: Before every session there is.
BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Held:
    """That a driver, by number, had the card from `since` (inclusive) to `until` (exclusive)."""

    driver_id: int
    since: datetime | None = None
    until: datetime | None = None

    @property
    def begins(self) -> datetime:
        """The first instant, to compare by."""
        return self.since or BEGINNING

    def holds(self, at: datetime) -> bool:
        """Whether the card was the driver's at that instant."""
        return self.begins <= at and (self.until is None or at < self.until)


def given(history: Sequence[Held], driver_id: int | None, since: datetime | None, until: datetime | None) -> list[Held]:
    """Return the history with the card given to the driver for that time, to nobody for None, in order of time.

    What was said of that time before is replaced; before and after it everybody keeps the card.
    """
    kept = [rest for held in history for rest in _without(held, since, until)]
    if driver_id is not None:
        kept.append(Held(driver_id, since, until))
    return _joined(sorted(kept, key=lambda held: held.begins))


def holder(history: Sequence[Held], at: datetime) -> int | None:
    """Return who had the card at that instant."""
    return next((held.driver_id for held in history if held.holds(at)), None)


def changes(history: Sequence[Held]) -> list[tuple[datetime, int | None]]:
    """Return the instants from which somebody else has the card, or nobody, in order of time."""
    found: list[tuple[datetime, int | None]] = []
    for at, held in enumerate(history):
        found.append((held.begins, held.driver_id))
        follower = history[at + 1].begins if at + 1 < len(history) else None
        if held.until is not None and held.until != follower:
            found.append((held.until, None))
    return found


def _without(held: Held, since: datetime | None, until: datetime | None) -> list[Held]:
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


def _joined(history: list[Held]) -> list[Held]:
    """Make one period of two of the same driver where nothing lies between them."""
    joined: list[Held] = []
    for held in history:
        before = joined[-1] if joined else None
        if before and before.driver_id == held.driver_id and before.until is not None and before.until == held.since:
            joined[-1] = replace(before, until=held.until)
        else:
            joined.append(held)
    return joined
