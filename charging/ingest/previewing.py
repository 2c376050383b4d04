"""How a file would be read, shown before anything is written."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

import orjson
import polars as pl

from charging.domain.limits import Limits
from charging.domain.reasons import Reject
from charging.ingest.apart import Looked, question_of
from charging.ingest.apply import flagged, of_several, refused_things
from charging.ingest.child import SHOWN
from charging.ingest.convert import Refused
from charging.ingest.evidence import Question
from charging.ingest.layout import Field, Layout
from charging.ingest.network import Missing, Network, Thing
from charging.ingest.placeholders import Placeholder
from charging.models import ChargingSession
from tenants.scoping import current_operator_id

_LOOKED_UP = 1_000
NAMES_SHOWN = 5
_FACTS_SHOWN = ("external_id", "started_at", "ended_at", "site", "station", "token", "energy_wh")


@dataclass(frozen=True, slots=True)
class Preview:
    """A file read on trial. The counts are those of the first `rows` rows; `whole` says whether that is all.

    as_text: delimiter and encoding of a text file. questions: what must be answered first; while there are any,
    nothing below `rows` is filled in. cells: the first rows as they stand, with their lines. sessions: the first ones,
    as facts. refused: the first rejected rows. placeholders: texts that were read as nothing. known: how many of the
    first thousand sessions are there already. news: what the network lacks, see `_news`. creates: what the import would
    add of it. site_open: whether nothing says where its new stations stand.
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
    placeholders: list[Placeholder] = field(default_factory=list)
    reasons: Counter[Reject] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    news: list[dict[str, Any]] = field(default_factory=list)
    creates: list[Thing] = field(default_factory=list)
    site_open: bool = False


def tried(looked: Looked, *, creates: Collection[Thing] | None) -> Preview:
    """Hold what a look found against the current operator's network. Writes nothing.

    creates: what the import may add. None: nobody has said, and then cards alone, if nothing but cards is new.
    """
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
        **_tried(looked, creates),
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
        "placeholders": [Placeholder(**one | {"fact": Field(one["fact"])}) for one in said.get("placeholders", [])],
        "reasons": Counter({Reject(code): count for code, count in said["reasons"].items()}),
        "flags": Counter(said["flags"]),
        "creates": [Thing(thing) for thing in said.get("creates", [])],
    }
    return Preview(**{name: read[name] if name in read else said[name] for name in Preview.__slots__ if name in said})


def _tried(looked: Looked, creates: Collection[Thing] | None) -> dict[str, Any]:
    if looked.accepted is None:
        return {}
    network = Network()
    network.load()
    placed = network.placed(looked.accepted)
    missing, needs = network.missing(placed), network.needing(placed)
    added = _presumed(missing) if creates is None else creates
    site_open = bool(missing.stations) and not (looked.layout.names(Field.SITE) or looked.layout.default_site)
    strangers = refused_things(placed, needs, added) | of_several(placed, network)
    placed = placed.filter(~pl.col("line").is_in(list(strangers)))
    powered = placed.with_columns(pl.coalesce("max_power_w", "power_w").alias("max_power_w"))
    sessions = flagged(powered, Limits(), operator_id=current_operator_id())
    return {
        "accepted": sessions.height,
        "accepted_wh": int(sessions["energy_wh"].sum()),
        "known": _known(sessions, looked.layout.source),
        "rejected": looked.rejected + len(strangers),
        "sessions": sessions.head(SHOWN).to_dicts(),
        "refused": list(looked.refused),
        "placeholders": list(looked.placeholders),
        "reasons": Counter(looked.reasons) + Counter(strangers.values()),
        "flags": Counter(chain.from_iterable(sessions["flags"].to_list())),
        "news": _news(missing, needs, site_open=site_open),
        "creates": sorted(added),
        "site_open": site_open,
    }


def _presumed(missing: Missing) -> frozenset[Thing]:
    """A new card is daily business, a new station may be a typing mistake: it is added when somebody says so."""
    only_cards = missing.tokens and not (missing.sites or missing.stations or missing.connectors)
    return frozenset([Thing.TOKENS]) if only_cards else frozenset()


def _news(missing: Missing, needs: dict[Thing, pl.Series], *, site_open: bool) -> list[dict[str, Any]]:
    """What would be new, by kind: how many, the names of the first ones, and how many rows need one of them.

    A new station brings its connectors along; those that are told are of stations that are known. site_open: the site
    of the new stations is yet to be said, and the name it has for now means nothing.
    """
    fresh = {station for station, _ in missing.stations}
    names: dict[Thing, list[str]] = {
        Thing.SITES: [] if site_open else missing.sites,
        Thing.STATIONS: [station for station, _ in missing.stations],
        Thing.CONNECTORS: [f"{station}/{number}" for station, number, _ in missing.connectors if station not in fresh],
        Thing.TOKENS: missing.tokens,
    }
    return [
        {"thing": thing, "count": len(found), "names": found[:NAMES_SHOWN], "rows": int(needs[thing].sum())}
        for thing, found in names.items()
        if found
    ]


def _known(sessions: pl.DataFrame, source: str) -> int:
    ids = sessions["external_id"].head(_LOOKED_UP).to_list()
    return ChargingSession.objects.filter(source=source, external_id__in=ids).count()
