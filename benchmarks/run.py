"""Rating, drafting and issuing a million sessions, beside what PostgreSQL alone needs; and trying a draft of a tariff.

Run: `bin/benchmark run`, or `python -m benchmarks.run [SESSIONS [WORKERS [DRIVERS]]]`. The services are those of the
portal, called as its tasks call them: one transaction a batch or chunk, with row security, keys, foreign
keys and triggers. "Plain" is `CREATE TABLE … AS SELECT` of the resulting rows: no keys, no checks. Of the simulation it
is the engine on sessions that are in memory: nothing read, compared or added up.
"""

import copy
import multiprocessing
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from django.db import connection, connections
from django.utils import timezone

from benchmarks import network
from billing import batches
from billing.domain.calendar import month_after
from billing.models import InvoiceRun, PriceEffect, Pricing, SessionPrice, TariffVersion
from billing.selectors import reconciliation, terms
from billing.selectors.pricing import priced_groups
from billing.services import effects, rating, run_steps, runs, tariffs
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


def main(sessions: int = 1_000_000, workers: int = 2, drivers: int = 20_000) -> None:
    """Build the operator, measure each step, print a table in Markdown."""
    operator = prepared(sessions, drivers)
    print(f"{sessions:,} sessions of {drivers:,} drivers; {workers} workers rate and draft.\n")
    print("| step | rows | seconds | rows a second | plain, seconds | times plain |\n|---|---|---|---|---|---|")
    seconds = timed(lambda: rate_all(operator, workers))
    row("rate", count(operator, "billing_sessionprice"), seconds, plain(operator, "billing_sessionprice"))
    network.analyze()
    run, seconds = started(operator)
    row("start (plan the chunks)", sessions, seconds)
    seconds = timed(lambda: draft(operator, run, workers))
    row("draft, sessions", count(operator, "billing_billedsession"), seconds)
    lines = count(operator, "billing_invoiceline")
    row("draft, invoice lines", lines, seconds, plain(operator, "billing_invoiceline"))
    seconds = timed(lambda: issue(operator, run))
    row("issue, invoices", count(operator, "billing_invoice"), seconds, plain(operator, "billing_invoice"))
    network.analyze()
    row("reconcile", sessions, timed(lambda: reconcile(operator)))
    draft_of_tariff = dearer(operator)
    row("simulate", sessions, timed(lambda: simulate(operator, draft_of_tariff)), engine(operator, draft_of_tariff))


def prepared(sessions: int, drivers: int = network.DRIVERS) -> Operator:
    """A large operator with a tariff of day and night, a fee and parking."""
    operator, _ = network.build(f"bench{int(time.time())}", sessions=sessions, drivers=drivers)
    with tenant_scope(operator.pk):
        tariff = tariffs.create(name="Day and night", currency="SEK", document=DAY_NIGHT)
        tariffs.publish(tariff.versions.get(), valid_from=EPOCH, by=None, at=EPOCH)
        tariffs.assign(tariff, valid_from=EPOCH)
    return operator


def rate_all(operator: Operator, workers: int = 2) -> None:
    """As the workers do it: a batch of a share a transaction, until nothing waits."""
    with tenant_scope(operator.pk):
        rating.ask()
    in_processes(workers, partial(work_off, operator.pk, Pricing.work_kind))


def work_off(operator_id: int, kind: str) -> None:
    """Do all there is of a kind of work."""
    while work.do_next(work.kind_named(kind), operator_id, clock=timezone.now):
        pass


def in_processes(count: int, do: Callable[[], object]) -> None:
    """Do the same in so many processes at once, as the workers of a lane."""
    connections.close_all()
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        for each in [pool.apply_async(do) for _ in range(count)]:
            each.get()


def started(operator: Operator) -> tuple[InvoiceRun, float]:
    """Start the run of the current month as if it were over, so that it takes every session."""
    month = timezone.now().date().replace(day=1)
    later = datetime.combine(month_after(month), datetime.min.time(), UTC) + timedelta(days=1)
    begun = time.perf_counter()
    with tenant_scope(operator.pk):
        run = runs.start(month=month, by=None, at=later)
    return run, time.perf_counter() - begun


def draft(operator: Operator, run: InvoiceRun, workers: int) -> None:
    """Work off the chunks in so many processes."""
    in_processes(workers, partial(run_steps.draft_all, operator.pk, run, clock=timezone.now))


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


def timed(do: Callable[[], object]) -> float:
    """Seconds it takes."""
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def row(step: str, rows: int, seconds: float, plain_seconds: float | None = None) -> None:
    """Print one line of the table."""
    beside = " | " if plain_seconds is None else f"{plain_seconds:.1f} | {seconds / max(plain_seconds, 0.001):.0f}"
    print(f"| {step} | {rows:,} | {seconds:.1f} | {rows / max(seconds, 0.001):,.0f} | {beside} |", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
