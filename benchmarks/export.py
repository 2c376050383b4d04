"""A million invoice lines as CSV, JSON lines and XLSX: how fast, and how much memory at the peak.

Run: `bin/benchmark export`, or `python -m benchmarks.export [LINES]`. Each file is made by the service as a worker
does it, in a process of its own whose greatest resident size is read when it ends. The growth is what the work adds to
a process that has only loaded the portal. "Plain" is `COPY (SELECT …) TO STDOUT` of the same lines in one piece, thrown
away as it comes; the last column says how many times as long the file took.
"""

import multiprocessing
import resource
import statistics
import sys
import time
from typing import Any

import psycopg
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.utils import timezone

from benchmarks import run as billing_run
from billing.exports import tables
from billing.exports.tables import Span
from billing.models import Export, InvoiceRun
from billing.services import exports
from billing.sql.documents import month as whole_month
from tenants import work
from tenants.models import Operator
from tenants.scoping import tenant_scope

#: What is made: kind, form, and by which days.
FILES = (
    (Export.Kind.LINES, Export.Form.CSV, Export.DatedBy.ISSUED),
    (Export.Kind.LINES, Export.Form.CSV, Export.DatedBy.BOOKED),
    (Export.Kind.INVOICES, Export.Form.CSV, Export.DatedBy.ISSUED),
    (Export.Kind.SESSIONS, Export.Form.CSV, Export.DatedBy.CHARGED),
    (Export.Kind.LINES, Export.Form.JSONL, Export.DatedBy.ISSUED),
    (Export.Kind.LINES, Export.Form.XLSX, Export.DatedBy.ISSUED),
    (Export.Kind.VAT, Export.Form.CSV, Export.DatedBy.ISSUED),
)


def main(lines: int = 1_000_000) -> None:
    """Bill an operator so many lines, export them, print a table in Markdown."""
    operator, run = billed(lines)
    with tenant_scope(operator.pk):
        stretches = tables.stretches(tables.DOCUMENTS, span(operator, run))
    found = sum(stretch.lines for stretch in stretches)
    print(f"{found:,} lines of {sum(s.documents for s in stretches):,} invoices.\n")
    print(
        "| file | rows | MB | seconds | rows a second | memory, MB | of it by the work | times plain |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    plain, size = statistics.median_low([plain_copy(operator, run) for _ in range(3)])
    print(f"| plain COPY of the lines | {found:,} | {size:.0f} | {plain:.1f} | {found / plain:,.0f} | | | 1.0 |")
    for kind, form, by in FILES:
        measure(operator, run, kind, form, by, plain)


def span(operator: Operator, run: InvoiceRun) -> Span:
    """The documents of the run, by their date: the same rows, found the same way, as most of the files hold."""
    assert run.issued_at is not None
    issued_on = run.issued_at.astimezone(operator.zone).date()
    return Span(operator, Export.DatedBy.ISSUED, whole_month(issued_on), timezone.now())


def billed(lines: int) -> tuple[Operator, InvoiceRun]:
    """An operator with an issued run of about so many lines: a session has three or four."""
    operator = billing_run.prepared(int(lines / 3.16))
    run = billing_run.issued_month(operator)
    with tenant_scope(operator.pk):
        run.refresh_from_db()
    return operator, run


def plain_copy(operator: Operator, run: InvoiceRun) -> tuple[float, float]:
    """Seconds and megabytes of the same query in one piece."""
    begun, size = time.perf_counter(), 0
    with tenant_scope(operator.pk), psycopg.ClientCursor(connection.connection) as cursor:
        asked = span(operator, run)
        sql = cursor.mogrify(tables.LINES.select(asked.by, as_text=True), asked.given())
        with cursor.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)") as copy:
            for block in copy:
                size += len(block)
    return time.perf_counter() - begun, size / 1e6


def measure(operator: Operator, run: InvoiceRun, kind: str, form: str, by: str, plain: float) -> None:
    """Make one file in a fresh process and print its line."""
    with tenant_scope(operator.pk):
        assert run.issued_at is not None
        month = run.month if by == Export.DatedBy.CHARGED else run.issued_at.astimezone(operator.zone).date()
        export = exports.request(kind=kind, form=form, month=month, dated_by=by, by=None, at=timezone.now())
    connections.close_all()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, peak, before = pool.apply(make, (operator.pk,))
    with tenant_scope(operator.pk):
        export.refresh_from_db()
    size = default_storage.size(str(export.file.name)) / 1e6
    default_storage.delete(str(export.file.name))
    rows = export.rows or 0
    print(
        f"| {export.get_kind_display()}, {export.get_form_display()}, {export.get_dated_by_display()} | {rows:,} "
        f"| {size:.0f} | {seconds:.1f} | {rows / seconds:,.0f} | {peak:.0f} | {peak - before:.0f} "
        f"| {seconds / plain:.1f} |",
        flush=True,
    )


def make(operator_id: int) -> tuple[float, float, float]:
    """Make the file; return seconds, and the peak of memory after and before in megabytes."""
    with tenant_scope(operator_id):
        Operator.objects.count()  # what any process of the portal has loaded
    before, begun = peak_mb(), time.perf_counter()
    work.do_next(work.kind_named("export_table"), operator_id, clock=timezone.now)
    return time.perf_counter() - begun, peak_mb(), before


def peak_mb() -> float:
    """The greatest resident size of this process so far."""
    usage: Any = resource.getrusage(resource.RUSAGE_SELF)
    return float(usage.ru_maxrss) / 1024


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
