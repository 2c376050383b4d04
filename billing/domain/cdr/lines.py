"""Lines of JSON in, priced lines of JSON out: the whole way of the `price` command, without any I/O.

Lines are taken in chunks and those of a chunk are priced together as one batch, whatever their tariffs; what comes out
stands in the order of what came in. A line that cannot be priced becomes an error line and stops nobody else.

A chunk is small, so that what is decoded stays in the processor's cache, and large enough to keep the kernel busy. The
tariffs of a stream are gathered in a `_Shelf`, so that batch after batch meets the same list of them and the plan made
for it is found again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Final

import numpy as np

from billing.domain.cdr import written
from billing.domain.cdr.columns import Batch, columns
from billing.domain.cdr.decoded import Line, decode, id_of
from billing.domain.cdr.tariffs import TariffSet, assign, key_of, read_set
from billing.domain.cdr.written import Say, unsaid
from billing.domain.errors import BillingError
from billing.domain.explained.price import ExplainedPrice
from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.rating import rate
from billing.domain.tariff.model import Tariff

CHUNK: Final = 2_000
#: More tariffs than this are not kept from one chunk to the next.
_SHELF: Final = 64


@dataclass(slots=True)
class _Shelf:
    """The tariffs of a stream laid end to end, and where those of each set begin."""

    tariffs: tuple[Tariff, ...] = ()
    begins: dict[int, int] = field(default_factory=dict)
    kept: list[TariffSet] = field(default_factory=list)

    def take(self, sets: Iterable[TariffSet]) -> None:
        """Make room for these; begin anew if it becomes too many."""
        needed = {id(one): one for one in sets}
        missing = [one for key, one in needed.items() if key not in self.begins]
        if missing and len(self.tariffs) > _SHELF:
            self.tariffs, self.begins, self.kept, missing = (), {}, [], list(needed.values())
        for one in missing:
            self.begins[id(one)] = len(self.tariffs)
            self.tariffs += one.tariffs
            self.kept.append(one)


@dataclass(slots=True)
class _Group:
    """Lines of a chunk that are priced together."""

    indices: list[int] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    sets: list[TariffSet] = field(default_factory=list)


def price_lines(texts: Iterable[bytes], *, zone: str = "", say: Say = unsaid) -> Iterator[tuple[Iterable[bytes], int]]:
    """For each chunk of lines its priced lines, in order, and how many of them are errors. Empty lines are skipped.

    The lines come as texts of some hundred lines, each line with its end; joining them is left to whoever writes.
    `zone` is used by lines that carry no time zone of their own; `say` has the sentence of each code.
    """
    stream = (text for text in texts if text and not text.isspace())
    shelves: dict[tuple[bool, bool, bool], _Shelf] = {}
    while chunk := list(islice(stream, CHUNK)):
        yield _chunk(chunk, zone, shelves, say)


def _chunk(
    texts: list[bytes], zone: str, shelves: dict[tuple[bool, bool, bool], _Shelf], say: Say
) -> tuple[Iterable[bytes], int]:
    groups, unread = _read(texts, say)
    answers = [_answers(group, zone, shelves.setdefault(kind, _Shelf()), say) for kind, group in groups.items()]
    failed = len(unread) + sum(errors for _, errors in answers)
    if len(answers) == 1 and not unread:
        return answers[0][0], failed
    told = {index: f"{error}\n".encode() for index, error in unread.items()}
    for group, (answer, _) in zip(groups.values(), answers, strict=True):
        priced = chain.from_iterable(text.splitlines(keepends=True) for text in answer)
        told.update(zip(group.indices, priced, strict=True))
    return [told[index] for index in range(len(texts))], failed


def _read(texts: list[bytes], say: Say) -> tuple[dict[tuple[bool, bool, bool], _Group], dict[int, str]]:
    """The lines that can be read, by what may be priced together, and the error lines of the others, by index."""
    groups: dict[tuple[bool, bool, bool], _Group] = {}
    unread: dict[int, str] = {}
    seen: dict[bytes, TariffSet] = {}
    for index, text in enumerate(texts):
        try:
            line = decode(text)
            own = bytes(line.tariff)
            found = seen.get(own)
            if found is None or line.cdr.is_211:
                key = key_of(line)
                found = read_set(key)
                if key == (own, False):
                    seen[own] = found
        except BillingError as problem:
            unread[index] = written.error_line(id_of(text), problem, say)
            continue
        group = groups.get(found.kind)
        if group is None:
            group = groups[found.kind] = _Group()
        group.indices.append(index)
        group.lines.append(line)
        group.sets.append(found)
    return groups, unread


def _answers(group: _Group, zone: str, shelf: _Shelf, say: Say) -> tuple[Iterable[bytes], int]:
    """The lines of a group, and how many of them are errors."""
    rated, batch = _rate_lines(group.lines, group.sets, zone, shelf)
    lines = group.lines
    bad = {*batch.problems, *np.flatnonzero(rated.fault).tolist()}
    errors = {index: written.error_line(lines[index].cdr.id, _problem(lines[index], zone), say) for index in bad}
    return written.lines(rated, [line.cdr.id for line in lines], errors, say), len(errors)


def _problem(line: Line, zone: str) -> BillingError:
    """Why a line has no price, told by its own tariffs alone."""
    try:
        price_line(line, zone)
    except BillingError as problem:
        return problem
    raise AssertionError(line)  # pragma: no cover  # alone or in a batch, a session has the same faults


def _rate_lines(lines: Sequence[Line], sets: Sequence[TariffSet], zone: str, shelf: _Shelf) -> tuple[Rated, Batch]:
    shelf.take(sets)
    cdrs = [line.cdr for line in lines]
    periods = [period for cdr in cdrs for period in cdr.charging_periods]
    chosen, flags = assign(sets, [shelf.begins[id(one)] for one in sets], cdrs)
    named = [line.time_zone or _zone(line, one, zone) for line, one in zip(lines, sets, strict=True)]
    batch = columns(cdrs, periods, named, chosen)
    sessions = replace(batch.sessions, flags=batch.sessions.flags | flags) if flags.any() else batch.sessions
    return rate(sessions, shelf.tariffs), batch


def _zone(line: Line, tariffs: TariffSet, otherwise: str) -> str:
    """The time zone of a line without one. Where none is known and no price depends on it, UTC does as well as any."""
    location = line.cdr.cdr_location or line.cdr.location
    return (location.time_zone if location else None) or otherwise or ("" if tariffs.asks_clock else "UTC")


def price_line(line: Line, zone: str = "") -> tuple[ExplainedPrice, str]:
    """The price of one line as plain values, and the time zone it was priced in (UTC where none matters).

    Raises:
        BillingError: it cannot be priced.
    """
    found = read_set(key_of(line))
    rated, batch = _rate_lines([line], [found], zone, _Shelf())
    if batch.problems:
        raise batch.problems[0]
    return session_price(rated, 0), batch.sessions.zones[0]
