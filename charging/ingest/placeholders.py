"""Texts of a file that stand for nothing ("unknown", "n/a", "0"): told before the import, as one may mean something."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from charging.domain.identifiers import is_no_card
from charging.ingest.columns import bare
from charging.ingest.layout import Field, Layout
from charging.ingest.raw import RawChunk

#: So many are told, those of the most rows first.
MOST = 20


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A text that was read as nothing: in which column, what that holds, in how many rows, and the first line."""

    fact: Field
    column: str
    text: str
    rows: int
    line: int


def in_chunk(raw: RawChunk, layout: Layout) -> list[Placeholder]:
    """Return what rows say that is read as nothing; empty cells say nothing by themselves."""
    every = [one for fact, names in layout.columns.items() for name in names for one in _of(raw, layout, fact, name)]
    return sorted(every, key=lambda one: (-one.rows, one.line))[:MOST]


def _of(raw: RawChunk, layout: Layout, fact: Field, column: str) -> Iterator[Placeholder]:
    texts = bare(raw, column)
    nothing = texts.is_in(list(layout.nothing))
    if fact is Field.TOKEN:
        nothing |= is_no_card(texts)
    rows = pl.DataFrame({"text": texts, "line": raw.lines}).filter(nothing & (texts != ""))
    counted = rows.group_by("text").agg(pl.len().alias("rows"), pl.col("line").min())
    for text, count, line in counted.select("text", "rows", "line").iter_rows():
        yield Placeholder(fact, column, text, count, line)
