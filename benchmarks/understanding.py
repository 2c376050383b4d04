"""How many forms of files are understood: without a question, with one, refused rightly, and wrong, which none may be.

Run: `bin/benchmark understanding`. The corpus is made here from known sessions: exporters and ten languages, each in
several encodings, delimiters and spellings of dates and numbers. Every question is answered with the truth, every
answer counted, and each session that comes out is held against the one that went in. The program fails if one differs,
if a file that leaves something open is not asked about, or if one that must be refused is not.
"""

import io
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import polars as pl

from benchmarks.file_forms import HOME, Form, corpus
from charging.domain.errors import ChargingError
from charging.ingest.convert import Converter
from charging.ingest.evidence import Open
from charging.ingest.layout import Field, Layout
from charging.ingest.reading import understood

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def main() -> None:
    """Read every form, print how many were understood how, and fail when one was wrong."""
    found, wrong = Counter[str](), []
    for form in corpus():
        outcome, why = judged(form)
        found[outcome] += 1
        if outcome == "wrong":
            wrong.append(f"{form.name}: {why}")
    print(f"{found.total()} forms of files\n\n| outcome | forms |\n|---|---|")
    for outcome in ("without a question", "with one question", "with more", "refused rightly", "wrong"):
        print(f"| {outcome} | {found[outcome]} |")
    if wrong:
        print("\n".join(["", *wrong]))
        sys.exit(1)


def judged(form: Form) -> tuple[str, str]:
    """Return how a form was understood, and what was wrong."""
    layout = Layout(columns={}, guess_others=True).saying(**form.said)
    asked: set[Open] = set()
    try:
        reading = understood(io.BytesIO(form.content), layout, home_zone=HOME)
        for _ in range(3):
            if not reading.questions:
                break
            asked |= {question.about for question in reading.questions}
            layout = answered(layout, reading.questions, form)
            reading = understood(io.BytesIO(form.content), layout, home_zone=HOME)
        settled = reading.settled()
    except ChargingError as problem:
        right = form.refused == problem.code
        return ("refused rightly", "") if right else ("wrong", f"refused as {problem.code} {problem.facts}")
    if form.refused:
        return "wrong", f"was not refused as {form.refused}"
    if form.must_ask and asked != form.must_ask:
        return "wrong", f"asked {sorted(asked)}, to be asked {sorted(form.must_ask)}"
    difference = compared(form, reading, settled)
    if difference:
        return "wrong", difference
    return {0: "without a question", 1: "with one question"}.get(len(asked), "with more"), ""


def answered(layout: Layout, questions: list[Any], form: Form) -> Layout:
    """Return the layout with each question answered by the truth."""
    columns = dict(layout.columns)
    for question in questions:
        if question.fact and question.fact in form.columns:
            columns[question.fact] = (form.columns[question.fact],)
        elif question.fact is Field.STATION:
            layout = layout.saying(default_station=form.truth["station"])
        else:
            layout = layout.saying(**{question.about: form.truth.get(question.about)})
    return layout.saying(columns=columns)


def compared(form: Form, reading: Any, layout: Layout) -> str:
    """Return the first difference between what went in and what came out."""
    converter = Converter(layout, at=NOW)
    batches = [converter.convert(chunk) for chunk in reading.source.chunks()]
    refused = [row for batch in batches for row in batch.rejected]
    if len(refused) != form.rejected:
        return f"{len(refused)} rows rejected, not {form.rejected}: {[(row.line, row.reasons) for row in refused[:3]]}"
    came = pl.concat([batch.accepted for batch in batches]).sort("started_at")
    if came.height != len(form.sessions):
        return f"{came.height} sessions of {len(form.sessions)}"
    for one, row in zip(form.sessions, came.iter_rows(named=True), strict=True):
        told = (row["started_at"], row["ended_at"], row["energy_wh"], row["station"], row["token"])
        if told != (one.start, one.end, one.wh, one.station, one.card):
            return f"{one} came as {told}"
    return ""


if __name__ == "__main__":
    main()
