"""From an opened file to a layout that can be imported: guess, prove, ask.

One function for the page, the command and the background task, so that a file is understood the same way everywhere.
"""

from dataclasses import dataclass, replace
from itertools import chain
from typing import BinaryIO

import polars as pl

from charging.domain.errors import Code, UnansweredQuestion
from charging.ingest.evidence import Evidence, Question, concluded, gathered, questions
from charging.ingest.guess import guessed
from charging.ingest.layout import Field, Layout
from charging.ingest.raw import RawChunk, Source
from charging.ingest.sizes import SIZES, Sizes
from charging.ingest.sources import opened


@dataclass(frozen=True, slots=True)
class Reading:
    """A file understood as far as possible.

    confidence: how sure each column is; 1 where a profile or a person chose it. sample: the first rows, up to some
    megabytes. whole: whether the sample is the whole file.
    """

    source: Source
    layout: Layout
    confidence: dict[Field, float]
    questions: list[Question]
    evidence: Evidence
    sample: RawChunk
    whole: bool

    def settled(self) -> Layout:
        """Return the layout once nothing is open. See `settled`."""
        return settled(self.layout, self.questions)


def settled(layout: Layout, questions: list[Question]) -> Layout:
    """Return a layout about which nothing is open.

    Raises:
        UnansweredQuestion: the file leaves something open that nobody has said.
    """
    if not questions:
        return layout
    first = questions[0]
    if first.fact:
        raise UnansweredQuestion(Code.COLUMN_OPEN, fact=first.fact)
    if first.example:
        raise UnansweredQuestion(Code.QUESTION_OPEN_AT, question={"code": first.asks}, example=first.example)
    raise UnansweredQuestion(Code.QUESTION_OPEN, question={"code": first.asks})


def understood(stored: BinaryIO, layout: Layout | None = None, *, home_zone: str, sizes: Sizes = SIZES) -> Reading:
    """Open a file and understand it by a layout, or by guessing when there is none.

    layout: what it leaves unsaid is filled in from what the file proves. home_zone: the time zone
    suggested for local times, never assumed.

    Raises:
        UnreadableFile: the file cannot be read. WrongColumns: the layout does not fit it.
    """
    source = opened(stored, layout, sizes)
    chunks = source.chunks()
    sample = next(chunks, None) or _no_rows(source)
    more = next(chunks, None)
    chosen, confidence = _chosen(source, sample, layout)
    evidence = gathered(chain([sample], [more] if more else [], chunks), chosen)
    final = concluded(chosen, evidence)
    return Reading(
        source=source,
        layout=final,
        confidence=confidence,
        questions=questions(final, evidence, source.header, home_zone=home_zone),
        evidence=evidence,
        sample=sample,
        whole=more is None,
    )


def _chosen(source: Source, sample: RawChunk, layout: Layout | None) -> tuple[Layout, dict[Field, float]]:
    """Return the columns a person or a profile named, or guessed ones with the settings already said."""
    if layout is not None and layout.columns:
        fitted = layout.fitted(source.header)
        return fitted, dict.fromkeys(fitted.columns, 1.0)
    guess = guessed(source.header, sample)
    if layout is None:
        return guess.layout, guess.confidence
    return replace(layout, columns=guess.layout.columns), guess.confidence


def _no_rows(source: Source) -> RawChunk:
    columns = {name: pl.Series(name, [], dtype=pl.String) for name in source.header}
    return RawChunk(pl.Series("line", [], dtype=pl.Int64), pl.DataFrame(columns))
