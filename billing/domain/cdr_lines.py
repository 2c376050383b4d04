"""Lines of JSON in, priced lines of JSON out: the whole way of the `price` command, without any I/O.

Lines are taken in chunks. Those of a chunk that carry the same text of tariffs are priced together as one batch; what
comes out stands in the order of what came in. A line that cannot be priced becomes an error line and stops nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from billing.domain import cdr_text
from billing.domain.cdr import Line, decode, id_of
from billing.domain.cdr_columns import Batch, columns
from billing.domain.cdr_tariffs import TariffSet, assign, key_of, read_set
from billing.domain.errors import BillingError
from billing.domain.plan import asks_clock, plan_for
from billing.domain.price import SessionPrice
from billing.domain.rated import Rated
from billing.domain.rating import rate

#: Lines priced together: enough to keep the kernel busy, few enough to keep memory small.
CHUNK: Final = 20_000


def price_lines(texts: Iterable[bytes], *, zone: str = "") -> Iterator[tuple[list[str], int]]:
    """For each chunk of lines its priced lines, in order, and how many of them are errors. Empty lines are skipped.

    `zone` is used by lines that carry no time zone of their own.
    """
    stream = (text for text in texts if not text.isspace() and text)
    while chunk := list(islice(stream, CHUNK)):
        yield _chunk(chunk, zone)


def _chunk(texts: list[bytes], zone: str) -> tuple[list[str], int]:
    written = [""] * len(texts)
    failed = 0
    groups: dict[tuple[bytes, bool], tuple[list[int], list[Line]]] = {}
    for place, text in enumerate(texts):
        try:
            line = decode(text)
        except BillingError as problem:
            written[place] = cdr_text.error_line(id_of(text), problem)
            failed += 1
            continue
        places, lines = groups.setdefault(key_of(line), ([], []))
        places.append(place)
        lines.append(line)
    for key, (places, lines) in groups.items():
        found = read_set(key)
        if isinstance(found, BillingError):
            answers, errors = [cdr_text.error_line(line.cdr.id, found) for line in lines], len(lines)
        else:
            answers, errors = _answers(found, lines, zone)
        failed += errors
        for place, answer in zip(places, answers, strict=True):
            written[place] = answer
    return written, failed


def rate_lines(tariffs: TariffSet, lines: list[Line], zone: str) -> tuple[Rated, Batch]:
    """Price lines that carry the same tariffs as one batch."""
    cdrs = [line.cdr for line in lines]
    missing = zone or ("" if asks_clock(plan_for(tariffs.tariffs)) else "UTC")
    periods = [period for cdr in cdrs for period in cdr.charging_periods]
    chosen, flags = assign(tariffs, cdrs, periods)
    batch = columns(cdrs, periods, [_zone(line) or missing for line in lines], chosen)
    sessions = batch.sessions
    if flags.any():
        sessions = replace(sessions, flags=sessions.flags | flags)
    return rate(sessions, tariffs.tariffs), batch


def price_line(line: Line, zone: str = "") -> tuple[SessionPrice, str]:
    """The price of one line as plain values, and the time zone it was priced in (UTC where none matters).

    Raises:
        BillingError: it cannot be priced.
    """
    found = read_set(key_of(line))
    if isinstance(found, BillingError):
        raise found
    rated, batch = rate_lines(found, [line], zone)
    if batch.problems:
        raise batch.problems[0]
    return rated.session(0), batch.sessions.zones[0]


def _zone(line: Line) -> str | None:
    if line.time_zone:
        return line.time_zone
    place = line.cdr.cdr_location or line.cdr.location
    return place.time_zone if place else None


def _answers(tariffs: TariffSet, lines: list[Line], zone: str) -> tuple[list[str], int]:
    rated, batch = rate_lines(tariffs, lines, zone)
    answers = cdr_text.lines(rated, [line.cdr.id for line in lines])
    problems = rated.errors() | batch.problems
    for place, problem in problems.items():
        answers[place] = cdr_text.error_line(lines[place].cdr.id, problem)
    return answers, len(problems)
