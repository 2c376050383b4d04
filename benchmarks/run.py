"""A month's close (rating, drafting, issuing) of 10,000, 100,000 and a million sessions, beside what PostgreSQL alone needs.

Run: `bin/benchmark run`, or `python -m benchmarks.run [SESSIONS …]`. The services are those of the portal, called as
its tasks call them: one transaction a batch or chunk, with row security, keys, foreign keys and triggers, by two
processes that were there before, as workers are. Of the largest size each step is told, and trying a draft of a tariff
on its sessions. "Plain" is `CREATE TABLE … AS SELECT` of the resulting rows: no keys, no checks. Of the simulation it is
the engine on sessions that are in memory: nothing read, compared or added up.
"""

import copy
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Self

import numpy as np
from django.db import connection
from django.utils import timezone

from benchmarks import network
from billing import batches
from billing.domain.calendar import month_after
from billing.models import InvoiceRun, PriceEffect, Pricing, RunChunk, SessionPrice, TariffVersion
from billing.selectors import reconciliation, terms
from billing.selectors.pricing import priced_groups
from billing.services import effects, rating, runs, tariffs
from charging.models import ChargingSession
from tenants import work
from tenants.models import Operator
from tenants.scoping import tenant_scope

DAY_NIGHT: dict[str, Any] = {
    "elements": [
        {"price_components": [{"type": "FLAT", "price": "2.00", "vat": "25"}]},
        {
            "price_components": [{"type": "ENERGY", "price": "3.20", "vat": "25"}],
            "restrictions": {"start_time": "06:00", "end_time": "22:00"},
        },
        {"price_components": [{"type": "ENERGY", "price": "2.10", "vat": "25"}]},
        {"price_components": [{"type": "PARKING_TIME", "price": "12.00", "vat": "25"}]},
    ]
}
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


SIZES, SESSIONS_A_DRIVER, WORKERS = (10_000, 100_000, 1_000_000), 50, 2


class Workers:
    """Processes that wait for work, as those of a lane do: what they need is imported before they are asked."""

    def __init__(self, count: int = WORKERS) -> None:
        each = multiprocessing.get_context("spawn")
        self._each = [ProcessPoolExecutor(1, each) for _ in range(count)]
        self.do(ready)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._each:
            one.shutdown()

    def do(self, what: Callable[[], object]) -> None:
        """Have each do the same, at once."""
        for doing in [one.submit(what) for one in self._each]:
            doing.result()

    def peak_mb(self) -> float:
        """The most memory that one of them has had, in MB; without the pages that it shares with PostgreSQL."""
        return max(one.submit(peak_mb).result() for one in self._each)


def ready() -> None:
    """Be what a worker is before work comes: connected."""
    connection.ensure_connection()


def peak_mb() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(frozen=True, slots=True)
class Closed:
    """A month that was closed, and what it took."""

    sessions: int
    rate: float
    draft: float
    issue: float
    peak_mb: float

    @property
    def seconds(self) -> float:
        """Of all three steps."""
        return self.rate + self.draft + self.issue


def main(*sizes: int) -> None:
    """Close a month of each size, in their order; print tables in Markdown."""
    *smaller, largest = sizes or SIZES
    closed = [close(size, tell=nothing) for size in smaller]
    print(f"{largest:,} sessions of {largest // SESSIONS_A_DRIVER:,} drivers; {WORKERS} workers rate and draft.\n")
    print("| step | rows | seconds | rows a second | plain, seconds | times plain |\n|---|---|---|---|---|---|")
    closed.append(close(largest, tell=row))
    operator = Operator.objects.latest("pk")
    network.analyze()
    row("reconcile", largest, timed(lambda: reconcile(operator)))
    draft_of_tariff = dearer(operator)
    row("simulate", largest, timed(lambda: simulate(operator, draft_of_tariff)), engine(operator, draft_of_tariff))
    print("\n| sessions | rate | draft | issue | together, seconds | µs a session | memory of a worker, MB |")
    print("|---|---|---|---|---|---|---|")
    for one in closed:
        steps = f"{one.rate:.1f} | {one.draft:.1f} | {one.issue:.1f} | **{one.seconds:.1f}**"
        print(f"| {one.sessions:,} | {steps} | {one.seconds / one.sessions * 1e6:.0f} | {one.peak_mb:.0f} |")


def close(sessions: int, *, tell: Callable[..., None]) -> Closed:
    """Build an operator of its own, price all of its sessions, draft and issue them; tell of each step as it is done."""
    operator = prepared(sessions, sessions // SESSIONS_A_DRIVER)
    with Workers() as workers:
        rated = timed(lambda: rate_all(operator, workers))
        tell("rate", count(operator, "billing_sessionprice"), rated, plain(operator, "billing_sessionprice"))
        network.analyze()
        run, begun = started(operator)
        tell("start (plan the chunks)", sessions, begun)
        drafted = timed(lambda: draft(operator, run, workers))
        tell("draft, sessions", count(operator, "billing_billedsession"), drafted)
        lines = count(operator, "billing_invoiceline")
        tell("draft, invoice lines", lines, drafted, plain(operator, "billing_invoiceline"))
        issued = timed(lambda: issue(operator, run))
        tell("issue, invoices", count(operator, "billing_invoice"), issued, plain(operator, "billing_invoice"))
        return Closed(sessions, rated, begun + drafted, issued, workers.peak_mb())


def prepared(sessions: int, drivers: int = network.DRIVERS) -> Operator:
    """A large operator with a tariff of day and night, a fee and parking."""
    operator, _ = network.build(f"bench{int(time.time())}", sessions=sessions, drivers=drivers)
    with tenant_scope(operator.pk):
        tariff = tariffs.create(name="Day and night", currency="SEK", document=DAY_NIGHT)
        tariffs.publish(tariff.versions.get(), valid_from=EPOCH, by=None, at=EPOCH)
        tariffs.assign(tariff, valid_from=EPOCH)
    return operator


def rate_all(operator: Operator, workers: Workers) -> None:
    """As the workers do it: a batch of a share a transaction, until nothing waits."""
    with tenant_scope(operator.pk):
        rating.ask()
    workers.do(partial(work_off, operator.pk, Pricing.work_kind))


def work_off(operator_id: int, kind: str) -> None:
    """Do all there is of a kind of work."""
    while work.do_next(work.kind_named(kind), operator_id, clock=timezone.now):
        pass


def started(operator: Operator) -> tuple[InvoiceRun, float]:
    """Start the run of the current month as if it were over, so that it takes every session."""
    month = timezone.now().date().replace(day=1)
    later = datetime.combine(month_after(month), datetime.min.time(), UTC) + timedelta(days=1)
    begun = time.perf_counter()
    with tenant_scope(operator.pk):
        run = runs.start(month=month, by=None, at=later)
    return run, time.perf_counter() - begun


def draft(operator: Operator, run: InvoiceRun, workers: Workers) -> None:
    """Work off the chunks, as the workers do it."""
    workers.do(partial(work_off, operator.pk, RunChunk.work_kind))


def issue(operator: Operator, run: InvoiceRun) -> None:
    """Number and freeze all drafts."""
    with tenant_scope(operator.pk):
        runs.issue(run, by=None, at=timezone.now())


def reconcile(operator: Operator) -> None:
    """Put every session in its bucket, and prove that the sums agree."""
    with tenant_scope(operator.pk):
        assert reconciliation.check().adds_up


def dearer(operator: Operator) -> TariffVersion:
    """A draft that nobody has published: another price by day."""
    document = copy.deepcopy(DAY_NIGHT)
    document["elements"][1]["price_components"][0]["price"] = "3.45"
    with tenant_scope(operator.pk):
        return tariffs.create(name="Dearer by day", currency="SEK", document=document).versions.get()


def simulate(operator: Operator, version: TariffVersion) -> None:
    """Try the draft on every session there is, as the page asks for it."""
    months = {"month": timezone.now().date().replace(day=1, year=timezone.now().year - 2)}
    months["last_month"] = timezone.now().date().replace(day=1)
    with tenant_scope(operator.pk):
        simulation, everywhere = PriceEffect.Purpose.SIMULATION, PriceEffect.Reach.EVERYWHERE
        effects.ask(version, at=timezone.now(), purpose=simulation, reach=everywhere, **months)
    work_off(operator.pk, PriceEffect.work_kind)
    with tenant_scope(operator.pk):
        row = PriceEffect.objects.get(tariff=version.tariff, purpose=simulation)
        priced = SessionPrice.objects.filter(state__in=["priced", "free"]).count()
        assert row.result["total"][0] == priced


def engine(operator: Operator, version: TariffVersion) -> float:
    """Seconds the price engine needs for the same sessions and the same wording, a batch at a time."""
    seconds = 0.0
    with tenant_scope(operator.pk):
        book, ids = terms.price_book(), list(ChargingSession.objects.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), rating.BATCH):
            batch = batches.read(operator.pk, ids[start : start + rating.BATCH])
            groups = partial(priced_groups, book, batch, [version], np.zeros(len(batch), dtype=np.int64))
            seconds += timed(lambda: [None for _group in groups()])  # noqa: B023  # called at once
    return seconds


def plain(operator: Operator, table: str) -> float:
    """Seconds PostgreSQL needs to write the same rows into a table without keys and checks."""

    def copy() -> None:
        with tenant_scope(operator.pk), connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS plain")
            cursor.execute(f"CREATE TEMP TABLE plain ON COMMIT DROP AS SELECT * FROM {table} WHERE operator_id = %s",
                           [operator.pk])  # fmt: skip

    return timed(copy)


def count(operator: Operator, table: str) -> int:
    """Rows of the operator."""
    with tenant_scope(operator.pk), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE operator_id = %s", [operator.pk])
        return int(cursor.fetchone()[0])


def issued_month(operator: Operator) -> InvoiceRun:
    """Price, draft and issue all there is, for what is measured of documents; return the run."""
    with Workers() as workers:
        rate_all(operator, workers)
        run, _seconds = started(operator)
        draft(operator, run, workers)
    issue(operator, run)
    return run


def timed(do: Callable[[], object]) -> float:
    """Seconds it takes."""
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def nothing(*_: object) -> None:
    """Tell nothing."""


def row(step: str, rows: int, seconds: float, plain_seconds: float | None = None) -> None:
    """Print one line of the table."""
    beside = " | " if plain_seconds is None else f"{plain_seconds:.1f} | {seconds / max(plain_seconds, 0.001):.0f}"
    print(f"| {step} | {rows:,} | {seconds:.1f} | {rows / max(seconds, 0.001):,.0f} | {beside} |", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
