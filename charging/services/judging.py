"""Physics before money, for one session in hand: what a file's rows are asked, of a session that a person changes."""

from datetime import datetime
from typing import Any

import polars as pl

from charging.domain import plausibility
from charging.domain.limits import LARGEST_OF_PLUG, Limits
from charging.domain.local_time import UTC_TIME
from charging.domain.reasons import Flag, Reject
from charging.ingest.apply import flagged
from charging.models import ChargingSession
from charging.selectors import sessions

_LIMITS = Limits()


def flags(session: ChargingSession) -> list[str]:
    """Return what is unusual about the session by its facts, and whether another one has its connector meanwhile."""
    found: list[str] = flagged(_frame(session), _LIMITS, operator_id=session.operator_id)["flags"][0].to_list()
    stored = ChargingSession.objects.filter(pk=session.pk)
    if session.pk and Flag.OVERLAP not in found and sessions.overlapped(stored):
        found.append(Flag.OVERLAP.value)
    return found


def rejections(session: ChargingSession, *, at: datetime) -> list[Reject]:
    """Return why these facts cannot be a session."""
    return [code for code, mask in plausibility.rejections(_frame(session), limits=_LIMITS, at=at) if mask[0]]


def _frame(session: ChargingSession) -> pl.DataFrame:
    ended_at = session.ended_at
    duration = None if ended_at is None else int((ended_at - session.started_at).total_seconds())
    series = session.series_wh
    facts: dict[str, tuple[Any, Any]] = {
        "connector_id": (session.connector_id, pl.Int64),
        "started_at": (session.started_at, UTC_TIME),
        "ended_at": (ended_at, UTC_TIME),
        "duration_s": (duration, pl.Int64),
        "energy_wh": (session.energy_wh, pl.Int64),
        "max_power_w": (session.connector.max_power_w, pl.Int64),
        "plug_w": (LARGEST_OF_PLUG.get(session.connector.standard), pl.Int64),
        "series_total_wh": (None if series is None else sum(wh or 0 for wh in series), pl.Int64),
    }
    return pl.DataFrame([pl.Series(name, [value], dtype=kind) for name, (value, kind) in facts.items()])
