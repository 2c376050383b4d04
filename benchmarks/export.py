"""A million invoice lines as CSV and XLSX: how fast, and how much memory at the peak.

Run: `bin/benchmark export`, or `python -m benchmarks.export [LINES]`. Each file is made by the portal's own
service in a process of its own, whose greatest resident size is read when it ends. The growth is what the
work adds to a process that has only loaded the portal. "Plain" is `COPY (SELECT …) TO STDOUT` of the same
lines in one piece, thrown away as it comes.
"""

import multiprocessing
import resource
import sys
import time
from typing import Any

import psycopg
from django.core.files.storage import default_storage
from django.db import connection, connections

from benchmarks import run as billing_run
from billing.exports import tables
from billing.models import Export, InvoiceRun
from billing.services import exports
from tenants.models import Operator
from tenants.scoping import tenant_scope


def main(lines: int = 1_000_000) -> None:
    """Bill an operator so many lines, export them, print a table in Markdown."""
    operator, run = billed(lines)
    with tenant_scope(operator.pk):
        stretches = tables.stretches(run.month)
    found = sum(stretch.lines for stretch in stretches)
    print(f"{found:,} lines of {sum(s.documents for s in stretches):,} invoices.\n")
    print(
        "| file | rows | MB | seconds | rows a second | memory, MB | of it by the work |\n|---|---|---|---|---|---|---|"
    )
    seconds, size = plain_copy(operator, run)
    print(f"| plain COPY of the lines | {found:,} | {size:.0f} | {seconds:.1f} | {found / seconds:,.0f} | | |")
    for kind in (Export.Kind.INVOICES_CSV, Export.Kind.LINES_CSV, Export.Kind.XLSX):
        measure(operator, run, kind)


def billed(lines: int) -> tuple[Operator, InvoiceRun]:
    """An operator with an issued run of about so many lines: a session has three or four."""
    operator = billing_run.prepared(int(lines / 3.16))
    billing_run.rate_all(operator)
    run, _ = billing_run.started(operator)
    billing_run.draft(operator, run, 2)
    billing_run.issue(operator, run)
    return operator, run


def plain_copy(operator: Operator, run: InvoiceRun) -> tuple[float, float]:
    """Seconds and megabytes of the same query in one piece."""
    begun, size = time.perf_counter(), 0
    with tenant_scope(operator.pk):
        given = tables.values(operator, run.month, tables.Stretch(0, 2**60, 0, 0))
        with psycopg.ClientCursor(connection.connection) as cursor:
            sql = cursor.mogrify(tables.LINES.select(guard_formulas=True), given)
            with cursor.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)") as copy:
                for block in copy:
                    size += len(block)
    return time.perf_counter() - begun, size / 1e6


def measure(operator: Operator, run: InvoiceRun, kind: str) -> None:
    """Make one file in a fresh process and print its line."""
    with tenant_scope(operator.pk):
        export = exports.request(kind=kind, month=run.month, by=None)
    connections.close_all()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, peak, before = pool.apply(make, (operator.pk, export.pk))
    with tenant_scope(operator.pk):
        export.refresh_from_db()
    size = default_storage.size(str(export.file.name)) / 1e6
    default_storage.delete(str(export.file.name))
    print(
        f"| {export.get_kind_display()} | {export.total:,} | {size:.0f} | {seconds:.1f} "
        f"| {export.total / seconds:,.0f} | {peak:.0f} | {peak - before:.0f} |",
        flush=True,
    )


def make(operator_id: int, export_id: int) -> tuple[float, float, float]:
    """Make the file; return seconds, and the peak of memory after and before in megabytes."""
    with tenant_scope(operator_id):
        Operator.objects.count()  # what any process of the portal has loaded
    before, begun = peak_mb(), time.perf_counter()
    exports.make(operator_id=operator_id, export_id=export_id)
    return time.perf_counter() - begun, peak_mb(), before


def peak_mb() -> float:
    """The greatest resident size of this process so far."""
    usage: Any = resource.getrusage(resource.RUSAGE_SELF)
    return float(usage.ru_maxrss) / 1024


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
