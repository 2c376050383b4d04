"""How long the server works for every page of the portal, at operators of a million and of ten million sessions.

Run: `bin/benchmark pages`, after `bin/benchmark fill`. The pages are read from the URLconf, their filters from the
forms: a page or a choice that is new is measured without a line here, an unknown name of a parameter or a list
without a row ends the program. Each is asked for in this process through the whole stack of middleware and
templates; network and browser are not in the figure. Beside it stand the queries, the time that PostgreSQL needs
for the same statements alone ("bare SQL"), and the bytes: as written, as sent, and of a first visit with its
style sheet, scripts, pictures, font and the parts that the page asks for by itself.

With --gate the program fails when a page of the portal needs longer than its goal.
"""

import logging
import os
import re
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import psycopg
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import visitors
from benchmarks.questions import Question, questions
from portal import env
from portal.serving import memory
from tenants.models import Operator

SLUGS = ("ten-million", "one-million")
MOST, LEAST, BUDGET_S = 30, 10, 1.0
GOAL_MS = 100
FONT = "font/files/hanken-grotesk-latin-wght-normal.woff2"
HEAD = (
    "| page | p50 ms | p95 ms | queries | bare SQL ms | bytes | sent | first visit |\n|---|---|---|---|---|---|---|---|"
)
_FILES = re.compile(r'(?:href|src|data-library)="(/static/[^"#]+)')
_PARTS = re.compile(r'hx-get="([^"]*)"[^>]*hx-trigger="load')


@dataclass(slots=True)
class Figure:
    """What was measured of one page."""

    times: list[float] = field(default_factory=list)
    queries: int = 0
    bare_ms: float = 0
    plain: int = 0
    sent: int = 0
    cold: int = 0

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.times, n=20, method="inclusive")[18]

    def row(self, name: str) -> str:
        """The figures as a line of a table."""
        return (
            f"| {name} | {statistics.median(self.times):.1f} | {self.p95:.1f} | {self.queries} | {self.bare_ms:.1f} "
            f"| {self.plain:,} | {self.sent:,} | {self.cold:,} |"
        )


def main(*arguments: str) -> None:
    """Measure the operators of both sizes, then the platform's own process."""
    memory.settle()
    if "--platform" in arguments:
        _print(visitors.of_platform(), "platform")
        return
    slow: list[str] = []
    wanted = [argument for argument in arguments if not argument.startswith("--")]
    for slug in wanted or SLUGS:
        operator = Operator.objects.filter(slug=slug).first()
        if operator is None:
            raise SystemExit(f"There is no operator {slug}: run `bin/benchmark fill` first.")
        slow += _print(visitors.of(operator), slug)
    if not wanted:
        sys.stdout.flush()
        address = {"DATABASE_ROLE": "platform"}
        subprocess.run(
            [sys.executable, "-u", "-m", "benchmarks.pages", "--platform"], env={**os.environ, **address}, check=True
        )
    if slow and "--gate" in arguments:
        raise SystemExit(f"Slower than {GOAL_MS} ms in one of twenty answers: {', '.join(slow)}")


def _print(who: visitors.Visitors, slug: str) -> list[str]:
    """Print the table of one operator; return the names of pages that miss the goal."""
    print(f"\n### {slug}\n\n{HEAD}")
    slow, measured = [], 0
    logging.disable(logging.WARNING)  # acts that refuse a GET
    for question in questions(who):
        figure = measure(question)
        measured += 1
        print(figure.row(question.name), flush=True)
        if figure.p95 > GOAL_MS:
            slow.append(question.name)
    no_pages = ", ".join(f"{name} ({status})" for name, status in who.no_pages.items())
    print(f"\nActs, and what nothing here is ready for: {no_pages or 'none'}.")
    print(f"\nFiles, measured by `export` and `audit`: {', '.join(who.files) or 'none'}.")
    print(f"\n{measured} pages; {len(slow)} of them above {GOAL_MS} ms at p95{': ' if slow else ''}{', '.join(slow)}.")
    return slow


def measure(question: Question) -> Figure:
    """Ask for one page again and again."""
    figure = Figure()
    addresses = question.addresses
    answer = question.ask(addresses[0])
    question.check(answer, addresses[0])
    text = _text(answer)
    figure.plain = len(text.encode())
    with CaptureQueriesContext(connection) as captured:
        answer = question.ask(addresses[0], compressed=True)
        figure.sent = _size(answer)
    figure.queries = len(captured)
    figure.bare_ms = _bare([query["sql"] for query in captured.captured_queries], question.operator_id)
    figure.cold = figure.sent + _around(question, text)
    begun = time.perf_counter()
    for turn in range(MOST):
        if turn >= LEAST and time.perf_counter() - begun > BUDGET_S:
            break
        address = addresses[turn % len(addresses)]
        start = time.perf_counter()
        _size(question.ask(address, compressed=True))
        figure.times.append((time.perf_counter() - start) * 1000)
    return figure


def _bare(statements: list[str], operator_id: int | None) -> float:
    """Milliseconds of the page's reading statements alone, on a plain connection: the median of three turns."""
    reading = [sql for sql in statements if sql.lstrip(" (").upper().startswith(("SELECT", "WITH"))]
    turns = []
    role = "DATABASE_PLATFORM_URL" if settings.IS_PLATFORM else "DATABASE_URL"
    with psycopg.connect(env.text(role)) as plain:
        for _ in range(3):
            if operator_id is not None:
                plain.execute("SELECT set_config('app.operator_id', %s, true)", [str(operator_id)])
            begun = time.perf_counter()
            for sql in reading:
                plain.execute(sql).fetchall()
            turns.append((time.perf_counter() - begun) * 1000)
            plain.rollback()
    return statistics.median(turns)


def _text(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode("utf-8", "replace")


def _size(answer: Any) -> int:
    return len(b"".join(answer.streaming_content) if answer.streaming else answer.content)


def _around(question: Question, text: str) -> int:
    """Bytes of all that a browser fetches with the page on a first visit."""
    if "<html" not in text:
        return 0
    total, parts = 0, [text]
    for address in _PARTS.findall(text):
        part = question.client.get(_absolute(unescape(address), question.addresses[0]), HTTP_ACCEPT_ENCODING="gzip",
                                   HTTP_HX_REQUEST="true")  # fmt: skip
        total += _size(part)
        plain = question.client.get(_absolute(unescape(address), question.addresses[0]), HTTP_HX_REQUEST="true")
        parts.append(_text(plain))
    files = {path for part in parts for path in _FILES.findall(part)}
    with suppress(ValueError):  # where npm was not here
        files.add(staticfiles_storage.url(FONT))
    return total + sum(_kept(path) for path in files)


def _absolute(address: str, page: str) -> str:
    return page.split("?", maxsplit=1)[0] + address if address.startswith("?") else address


_sizes: dict[str, int] = {}


def _kept(path: str) -> int:
    """Bytes of a collected file as a browser gets it."""
    if path not in _sizes:
        file = settings.STATIC_ROOT / path.removeprefix("/static/")
        packed = file.with_name(file.name + ".br")
        _sizes[path] = (packed if packed.exists() else file).stat().st_size
    return _sizes[path]


if __name__ == "__main__":
    main(*sys.argv[1:])
