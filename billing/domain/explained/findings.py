"""The flags of a price by their names, in their fixed order. `portal.words.pricing` says what each means."""

from __future__ import annotations

from billing.domain.sessions.columns import Flag


def named(flags: Flag) -> tuple[str, ...]:
    """The names of all flags that are set, in their fixed order."""
    return tuple(one.name for one in flags if one.name)
