"""How a file would be read, shown before anything is written."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, BinaryIO

import orjson
import polars as pl

from charging.domain.plausibility import Limits
from charging.domain.reasons import Reject
from charging.ingest import apart
from charging.ingest.apart import Looked, question_of
from charging.ingest.apply import flagged
from charging.ingest.child import SHOWN
from charging.ingest.convert import Refused
from charging.ingest.evidence import Question
from charging.ingest.layout import Field, Layout
from charging.ingest.network import Missing, Network
from charging.models import ChargingSession

_LOOKED_UP = 1_000
_FACTS_SHOWN = ("external_id", "started_at", "ended_at", "site", "station", "token", "energy_wh")


@dataclass(frozen=True, slots=True)
class Preview:
    """A file read on trial. The counts are those of the first `rows` rows; `whole` says whether that is all.

    as_text: delimiter and encoding of a text file. questions: what must be answered first; while there are any,
    nothing below `rows` is filled in. cells: the first rows as they stand, with their lines. sessions: the first ones,
    as facts. refused: the first rejected rows. known: how many of the first thousand sessions are there already.
    """

    layout: Layout
    as_text: dict[str, str]
    confidence: dict[Field, float]
    questions: list[Question]
    kind: str
    header: list[str]
    cells: list[tuple[int, tuple[str, ...]]]
    rows: int
    whole: bool
    accepted: int = 0
    accepted_wh: int = 0
    known: int = 0
    rejected: int = 0
    sessions: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    reasons: Counter[Reject] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    would_create: dict[str, int] = field(default_factory=dict)


def preview(stored: BinaryIO, layout: Layout | None, *, home_zone: str, create_missing: bool, at: datetime) -> Preview:
    """Read a file on trial in the current operator's network. See `Preview`."""
    return tried(apart.look(stored, layout, home_zone=home_zone, at=at), create_missing=create_missing)


def tried(looked: Looked, *, create_missing: bool) -> Preview:
    """Hold what a look found against the current operator's network."""
    return Preview(
        layout=looked.layout,
        as_text=looked.as_text,
        confidence=looked.confidence,
        questions=looked.questions,
        kind=looked.kind,
        header=looked.header,
        cells=looked.cells,
        rows=looked.rows,
        whole=looked.whole,
        **_tried(looked, create_missing=create_missing),
    )


def to_json(preview: Preview) -> dict[str, Any]:
    """Return a preview as data that JSON can hold."""
    said: dict[str, Any] = orjson.loads(
        orjson.dumps(
            {
                **{name: getattr(preview, name) for name in Preview.__slots__},
                "layout": preview.layout.to_json(),
                "sessions": [{name: one[name] for name in _FACTS_SHOWN} for one in preview.sessions],
            },
            option=orjson.OPT_NON_STR_KEYS,
        )
    )
    return said


def from_json(said: dict[str, Any]) -> Preview:
    """Return the preview that data describes."""
    read: dict[str, Any] = {
        "layout": Layout.from_json(said["layout"]),
        "confidence": {Field(fact): sure for fact, sure in said["confidence"].items()},
        "questions": [question_of(question) for question in said["questions"]],
        "cells": [(line, tuple(cells)) for line, cells in said["cells"]],
        "sessions": [
            one | {name: datetime.fromisoformat(one[name]) for name in ("started_at", "ended_at")}
            for one in said["sessions"]
        ],
        "refused": [
            Refused(one["line"], tuple(one["cells"]), tuple(map(Reject, one["reasons"])), one["energy_wh"])
            for one in said["refused"]
        ],
        "reasons": Counter({Reject(code): count for code, count in said["reasons"].items()}),
        "flags": Counter(said["flags"]),
    }
    return Preview(**{name: read.get(name, said[name]) for name in Preview.__slots__})


def _tried(looked: Looked, *, create_missing: bool) -> dict[str, Any]:
    if looked.accepted is None:
        return {}
    network = Network()
    network.load()
    placed = network.placed(looked.accepted)
    missing = network.missing(placed)
    sessions = flagged(placed.with_columns(pl.coalesce("max_power_w", "power_w").alias("max_power_w")), Limits())
    return {
        "accepted": sessions.height,
        "accepted_wh": int(sessions["energy_wh"].sum()),
        "known": _known(sessions, looked.layout.source),
        "rejected": looked.rejected,
        "sessions": sessions.head(SHOWN).to_dicts(),
        "refused": list(looked.refused),
        "reasons": Counter(looked.reasons),
        "flags": Counter(chain.from_iterable(sessions["flags"].to_list())),
        "would_create": missing.counts() if create_missing else Missing([], [], [], []).counts(),
    }


def _known(sessions: pl.DataFrame, source: str) -> int:
    ids = sessions["external_id"].head(_LOOKED_UP).to_list()
    return ChargingSession.objects.filter(source=source, external_id__in=ids).count()
