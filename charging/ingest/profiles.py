"""Profiles that come with Wattledger: layouts of well-known files, as data in `charging/data/profiles`."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from charging.ingest.layout import Layout

_FOLDER = Path(__file__).resolve().parents[1] / "data" / "profiles"


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A profile nobody has to make."""

    name: str
    title: str
    layout: Layout


@cache
def ready_made() -> dict[str, ReadyMade]:
    """Return the profiles that come with the product, by name."""
    return {path.stem: _read(path) for path in sorted(_FOLDER.glob("*.json"))}


def _read(path: Path) -> ReadyMade:
    said = json.loads(path.read_text(encoding="utf-8"))
    return ReadyMade(path.stem, said["title"], Layout.from_json(said["layout"]))
