"""Sessions of a time of which a floor above keeps sums alone: a file that says them again would count them twice."""

from collections.abc import Callable, Sequence
from datetime import datetime

import polars as pl

from charging.domain.reasons import Reject

#: Of lines, each with its site and its start, those that are closed.
Closed = Callable[[Sequence[int], Sequence[int], Sequence[datetime]], Sequence[int]]
_asked: list[Closed] = []


def register(closed: Closed) -> None:
    """Enter who knows which hours of which sites take no more sessions."""
    _asked.append(closed)


def refused(sessions: pl.DataFrame) -> dict[int, Reject]:
    """Return the lines of placed sessions that come too late, in the open scope."""
    if not sessions.height:
        return {}
    columns = (sessions["line"].to_list(), sessions["site_id"].to_list(), sessions["started_at"].to_list())
    return {line: Reject.PAST_IS_SUMS for closed in _asked for line in closed(*columns)}
