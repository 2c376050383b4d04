"""From an opened file to a layout that can be imported: guess, prove, ask.

One function for the page, the command and the background task, so that a file is understood the same way everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import BinaryIO

import polars as pl

from charging.domain.errors import Code, UnansweredQuestion
from charging.ingest.durations import fits_the_session, proved_order, proved_unit
from charging.ingest.evidence import Evidence, Question, concluded, gathered, questions
from charging.ingest.guess import Guess, guessed
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
    chosen, guess = _chosen(source, sample, layout)
    evidence = gathered(chain([sample], [more] if more else [], chunks), chosen)
    final = concluded(chosen, evidence)
    final = _with_lengths(final, evidence, sample, named=layout.columns if layout else {})
    asked = questions(final, evidence, source.header, home_zone=home_zone)
    return Reading(
        source=source,
        layout=final,
        confidence=guess.confidence,
        questions=[replace(one, suggestion=guess.proposals.get(one.fact)) if one.fact else one for one in asked],
        evidence=evidence,
        sample=sample,
        whole=more is None,
    )


def _with_lengths(layout: Layout, evidence: Evidence, sample: RawChunk, *, named: Mapping[Field, object]) -> Layout:
    """Return the layout with what the lengths of time prove: the order of dates, their own unit, and what they are.

    named: the facts whose columns a person or a profile said.
    """
    layout = layout.saying(date_order=layout.date_order or proved_order(layout, sample, evidence.orders))
    if layout.date_order is None:
        return layout
    layout = layout.saying(duration_unit=layout.duration_unit or proved_unit(layout, sample))
    if Field.DURATION in named or fits_the_session(layout, sample):
        return layout
    columns = dict(layout.columns)
    columns.setdefault(Field.CHARGING_TIME, columns.pop(Field.DURATION))
    return replace(layout, columns=columns)


def _chosen(source: Source, sample: RawChunk, layout: Layout | None) -> tuple[Layout, Guess]:
    """Return the columns a person or a profile named, or guessed ones with the settings already said."""
    if layout is not None and layout.columns:
        fitted = layout.fitted(source.header)
        if not layout.guess_others:
            return fitted, Guess(fitted, dict.fromkeys(fitted.columns, 1.0))
        guess = guessed(source.header, sample, fitted)
        return replace(fitted, columns=guess.layout.columns, guess_others=False), guess
    guess = guessed(source.header, sample, layout)
    if layout is None:
        return guess.layout, guess
    return replace(layout, columns=guess.layout.columns), guess


def _no_rows(source: Source) -> RawChunk:
    columns = {name: pl.Series(name, [], dtype=pl.String) for name in source.header}
    return RawChunk(pl.Series("line", [], dtype=pl.Int64), pl.DataFrame(columns))
