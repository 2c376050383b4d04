"""What privacy costs: a page of fifty drivers with sealed and with clear texts, or fifty cards, look-ups, erasing, ending.

Run: `bin/benchmark privacy`, or `python -m benchmarks.privacy [DRIVERS [ENDING [INVOICES]]]`. Each question is asked as the app role through
row security, with other drivers in every round, in a scope of its own: so every round reads and opens its keys anew. Name, e-mail,
phone, street, postal code and town are read beside the country, which lies in clear. Then so many invoices of another operator
are drafted and issued by one process and documents of some of them made, and what of that goes into sealing, opening and
keys is counted: a run itself refers to people and names nobody; their documents do. At last so many sessions of a third one end by the night's own work; a batch holds rows from its
first statement that locks any until it is committed.
"""

import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import wraps
from random import Random
from typing import Any
from unittest import mock

from django.db import connection, connections
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from benchmarks import filled, network
from benchmarks import run as billing_run
from billing.models import Pricing
from billing.selectors.invoices import referring
from billing.services import day_sums, documents, for_books, past_hours, rating, run_steps
from charging.domain.reasons import Reject
from charging.ingest import staging
from charging.ingest.convert import Refused
from charging.ingest.staging import Origin
from charging.models import ChargingSession, FileImport, Token
from charging.selectors import numbers
from portal.web import tables
from portal.web.staff.drivers import DRIVERS
from portal.web.staff.tokens import CARDS
from portal.web.tables import Shown
from tenants import sealed_content
from tenants.models import Driver, Erasure, Operator, RetentionNight
from tenants.privacy import erasure, retention
from tenants.scoping import tenant_scope
from tenants.sealed_fields import Sealed, SealedField
from tenants.selectors import names
from tenants.services.person_keys import KEYS

#: Of each question; of those that open two thousand texts a quarter.
ROUNDS = 200
PAGE = 50
#: A page is at most so much slower than one in clear; what is looked for is found in so long.
GOAL_MS, FOUND_MS = 10, 100
SESSIONS, REFUSED, ENDING = 10_000, 20_000, 1_000_000
ERASED_S = 2
HELD_MS = 200
#: So many invoices of so many sessions each are at most so much slower to make than in clear.
INVOICES, SESSIONS_EACH, DOCUMENTS, SLOWER_PERCENT = 20_000, 3, 200, 5
#: What is done with texts because they are sealed: where one calls another, the outer one counts.
SEALING = (
    *((SealedField, "from_db_value"), (SealedField, "sealed"), (Sealed, "open"), (type(KEYS), "sealing")),
    *((for_books, "seal"), (sealed_content, "unseal")),
)
#: Statements that lock rows.
LOCKING = re.compile(r"\b(INSERT|UPDATE|DELETE|LOCK|SHARE)\b|pg_advisory")
CLEAR = ("country",)
SEALED = ("name", "email", "phone", "street", "postal_code", "city")
TEXTS = {
    "email": "id || '@example.com'",
    "phone": "'070-' || id",
    "street": "'Ringvägen ' || id",
    "postal_code": "'903 26'",
    "city": "'Umeå'",
}


def main(drivers: int = 200_000, ending: int = ENDING, invoices: int = INVOICES) -> None:
    """Write so many drivers, seal what is theirs, bill, let so many sessions end, and print what it took in Markdown."""
    operator, _owner = network.build("sealed", sessions=SESSIONS, drivers=drivers, with_people=False)
    seconds = network.say(operator, name=network.NAME, **TEXTS)
    sealed = network.number_cards(operator)
    filled.index(operator)
    print(f"{drivers:,} drivers.\n")
    print("| what | median ms | p95 ms | goal ms | queries |\n|---|---|---|---|---|")
    with tenant_scope(operator.pk):
        ids = list(Driver.objects.order_by("pk").values_list("pk", flat=True))
        cards = list(Token.objects.order_by("pk").values_list("pk", flat=True))
    clear = line("the page, what lies in clear", operator, lambda chance: page(ids, chance, CLEAR))
    whole = line(
        "the page, what is sealed as well",
        operator,
        lambda chance: page(ids, chance, CLEAR + SEALED),
        goal=clear + GOAL_MS,
    )
    line("one driver, all of it", operator, lambda chance: page(ids, chance, CLEAR + SEALED, size=1))
    line(
        "an address of e-mail, searched",
        operator,
        lambda chance: names.like(f"{chance.choice(ids)}@example.com"),
        goal=FOUND_MS,
    )
    line("2,000 drivers sorted by name", operator, lambda chance: by_name(ids, chance), rounds=ROUNDS // 4)
    line(
        "a name, searched",
        operator,
        lambda chance: names.like(f"driver {1000 + chance.randrange(1, drivers)}"),
        goal=FOUND_MS,
    )
    line("50 cards, what lies in clear", operator, lambda chance: cards_page(cards, chance, ("kind",)))
    line("50 cards, both numbers", operator, lambda chance: cards_page(cards, chance, ("uid", "visual_number")))
    line(
        "a printed number, looked up whole",
        operator,
        lambda chance: card(numbers.printed_as(f"wl-{chance.choice(cards)}")),
        goal=FOUND_MS,
    )
    line(
        "a UID, looked up whole",
        operator,
        lambda chance: card(numbers.of_uid(f"{chance.choice(cards):08x}")),
        goal=FOUND_MS,
    )
    line(
        "its last digits, searched",
        operator,
        lambda chance: card(numbers.of_card(f"{chance.choice(cards)}"[-4:])),
        goal=FOUND_MS,
    )
    line("2,000 cards sorted by number", operator, lambda chance: by_number(cards, chance), rounds=ROUNDS // 4)
    print(f"\nA page of {PAGE} drivers is {whole - clear:.1f} ms slower than in clear (at most {GOAL_MS} ms).")
    print(f"{(1 + len(TEXTS)) * drivers:,} texts and {drivers:,} keys were sealed in {seconds:.1f} s.")
    print(f"{2 * len(cards):,} numbers of cards were sealed and marked in {sealed:.1f} s.")
    refuse(operator)
    took = erase(operator, ids[0])
    print(
        f"A driver with {SESSIONS:,} sessions is erased in {took:.1f} s (at most {ERASED_S} s), {REFUSED:,} rejected rows"
        " of files looked through."
    )
    billed(invoices)
    past(ending)


def billed(invoices: int) -> None:
    """Draft and issue so many invoices of another operator, and print what of that is for sealed texts."""
    operator = billing_run.prepared(invoices * SESSIONS_EACH, invoices)
    with tenant_scope(operator.pk):
        rating.ask()
    billing_run.work_off(operator.pk, Pricing.work_kind)
    network.analyze()
    total, spent = 0.0, [0.0, 0.0]
    with sealing() as calls:
        begun = time.perf_counter()
        run, _seconds = billing_run.started(operator)
        run_steps.draft_all(operator.pk, run, clock=timezone.now)
        billing_run.issue(operator, run)
        total = time.perf_counter() - begun
        spent[0] = sum(calls)
    with tenant_scope(operator.pk):
        made, ids = run.invoices.count(), list(run.invoices.order_by("pk").values_list("pk", flat=True)[:DOCUMENTS])
    with sealing() as calls:
        begun = time.perf_counter()
        for number in ids:
            with tenant_scope(operator.pk):
                documents.render(referring().get(pk=number))
        each = (time.perf_counter() - begun) / len(ids)
        spent[1] = sum(calls) / len(ids)
    print(
        f"{made:,} invoices are drafted and issued in {total:.1f} s, {1000 * spent[0]:.0f} ms of it because texts are"
        f" sealed: {100 * spent[0] / (total - spent[0]):.1f} % slower than in clear (at most {SLOWER_PERCENT} %). The"
        f" document of one is made in {1000 * each:.0f} ms, {1000 * spent[1]:.1f} ms of it because what it names, and it"
        f" itself, are sealed: {100 * spent[1] / (each - spent[1]):.1f} %."
    )


@contextmanager
def sealing() -> Iterator[list[float]]:
    """Collect the seconds of each time that something is done because texts are sealed."""
    spent: list[float] = []
    within = [False]

    def timed(do: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(do)
        def call(*args: Any, **named: Any) -> Any:
            if within[0]:
                return do(*args, **named)
            within[0], begun = True, time.perf_counter()
            try:
                return do(*args, **named)
            finally:
                within[0] = False
                spent.append(time.perf_counter() - begun)

        return call

    with ExitStack() as replaced:
        for owner, name in SEALING:
            replaced.enter_context(mock.patch.object(owner, name, timed(getattr(owner, name))))
        yield spent


def past(ending: int) -> None:
    """Let so many sessions of another operator end, and print how long others waited."""
    written_off = ChargingSession.Review.WRITTEN_OFF.value
    operator, _owner = network.build("past", sessions=ending, with_people=False, review=written_off)
    ended, took, locks = end(operator)
    held = locks.held
    print(
        f"{ended:,} sessions become sums by hour in {took:.1f} s, {len(held):,} batches of {retention.TOGETHER:,} at most."
        f" A batch holds its rows for {statistics.median(held):.0f} ms, the longest for {max(held):.0f} ms"
        f" (at most {HELD_MS} ms); {sum(each > HELD_MS for each in held):,} for longer. Days are counted anew apart"
        f" from that, which holds no session: {max(locks.counted):.0f} ms at most."
    )


def page(ids: list[int], chance: Random, texts: tuple[str, ...], *, size: int = PAGE) -> None:
    """Read drivers as the list of them does, and these of their texts."""
    for row in Driver.objects.filter(pk__in=chance.sample(ids, size)).select_related("identity"):
        for name in texts:
            if not getattr(row.identity, name) and name in SEALED:
                raise SystemExit(f"Driver {row.pk} has no {name}.")


def by_name(ids: list[int], chance: Random) -> None:
    """Open so many names as a list may have to be sorted by them, and read the first page."""
    start = chance.randrange(max(1, len(ids) - tables.MOST_OPENED))
    rows = Driver.objects.filter(pk__in=ids[start : start + tables.MOST_OPENED]).select_related("identity")
    list(Shown(DRIVERS, (), order="driver").sorted(rows)[:PAGE])


def cards_page(ids: list[int], chance: Random, texts: tuple[str, ...]) -> None:
    """Read cards as a page does, and these of their texts."""
    for row in Token.objects.filter(pk__in=chance.sample(ids, PAGE)):
        if not all(getattr(row, name) for name in texts):
            raise SystemExit(f"Card {row.pk} lacks one of {texts}.")


def card(which: Q) -> None:
    """Find at least a card."""
    if not Token.objects.filter(which).order_by("-pk")[:PAGE]:
        raise SystemExit("A card is not found.")


def by_number(ids: list[int], chance: Random) -> None:
    """Open so many numbers as a list may have to be sorted by them, and read the first page."""
    start = chance.randrange(max(1, len(ids) - tables.MOST_OPENED))
    rows = Token.objects.filter(pk__in=ids[start : start + tables.MOST_OPENED])
    list(Shown(CARDS, (), order="card").sorted(rows)[:PAGE])


def refuse(operator: Operator) -> None:
    """Keep rejected rows of a file, as an import does."""
    with tenant_scope(operator.pk):
        row = FileImport.objects.create(file="x.csv", file_name="x.csv", source="bench", state="done")
        cells = ("2026-10-01 08:00", "yesterday", "ST1", "10.0", "kWh")
        rows = [Refused(line, (f"R{line}", f"F{line:08}", *cells), (Reject.UNREADABLE_END,)) for line in range(REFUSED)]
        staging.insert_refused(rows, Origin(operator.pk, "bench", row.pk))


def erase(operator: Operator, number: int) -> float:
    """Give a driver all sessions and erase them; return the seconds."""
    with tenant_scope(operator.pk):
        ChargingSession.objects.update(driver_id=number)
    with tenant_scope(operator.pk):
        begun = time.perf_counter()
        driver, at = Driver.objects.get(pk=number), timezone.now()
        row = Erasure.objects.create(driver=driver, state=Erasure.State.RUNNING, claimed_at=at)
        erasure.erase(driver, row, at=at)
    return time.perf_counter() - begun


class Locks:
    """When a transaction first asked for a lock on rows: from then on others wait for it. Times in ms."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.held: list[float] = []
        self.counted: list[float] = []

    def begins(self, some: Sequence[int]) -> "QuerySet[Any]":
        """Note that a batch begins; return its rows."""
        self.since = None
        return past_hours.CLASS.rows(timezone.now(), some)

    def ends(self) -> None:
        """Note that it is committed."""
        if self.since is not None:
            self.held.append((time.perf_counter() - self.since) * 1000)

    def counts(self) -> int:
        """Count days anew, as a night does between batches."""
        begun = time.perf_counter()
        days = day_sums.refresh()
        self.counted.append((time.perf_counter() - begun) * 1000)
        return days

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        """Note the first statement that locks, and run it."""
        if self.since is None and LOCKING.search(str(sql)):
            self.since = time.perf_counter()
        return execute(sql, params, many, context)


def end(operator: Operator) -> tuple[int, float, Locks]:
    """Let all sessions end that may, as a night does; return how many, the seconds, and what was locked."""
    with tenant_scope(operator.pk):
        while day_sums.refresh(limit=10_000):
            pass
    network.analyze()
    locks, at = Locks(), timezone.now()
    sessions = replace(past_hours.CLASS, days=0, least=0, again=locks.begins, after=locks.counts)
    with tenant_scope(operator.pk):
        night = RetentionNight.objects.create(
            night=at.date(), at=at, queued_at=at, claimed_at=at, state=RetentionNight.State.RUNNING
        )
    begun, ended = time.perf_counter(), 0
    with connection.execute_wrapper(locks):
        for gone in retention.batches(operator.pk, sessions, night, clock=timezone.now):
            locks.ends()
            ended += gone
    return ended, time.perf_counter() - begun, locks


def line(
    what: str,
    operator: Operator,
    question: Callable[[Random], object],
    *,
    goal: float | None = None,
    rounds: int = ROUNDS,
) -> float:
    """Print a line of the table, and return the median."""
    chance, took, queries = Random(1), [], 0  # which drivers is no secret
    for _ in range(rounds):
        with tenant_scope(operator.pk):
            begun = time.perf_counter()
            question(chance)
            took.append((time.perf_counter() - begun) * 1000)
    with tenant_scope(operator.pk), CaptureQueriesContext(connections["default"]) as asked:
        question(chance)
        queries = len(asked)
    median, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    print(f"| {what} | {median:.1f} | {p95:.1f} | {'' if goal is None else f'{goal:.0f}'} | {queries} |")
    return median


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
