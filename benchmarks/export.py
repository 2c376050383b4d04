"""A million invoice lines as CSV and XLSX: how fast, and how much memory at the peak.

Run: `bin/benchmark export`, or `python -m benchmarks.export [LINES]`. Each file is made as people get it, in a
process of its own whose greatest resident size is read when it ends: text is streamed by the page, compressed as a
browser asks for it; workbooks are made by the service. The growth is what the work adds to a process that has only
loaded the portal. "Plain" is `COPY (SELECT …) TO STDOUT` of the same lines in one piece, thrown away as it comes;
the last column says how many times as long the file took.
"""

import multiprocessing
import resource
import statistics
import sys
import time
import zlib
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from benchmarks import run as billing_run
from benchmarks import visitors
from billing.exports import tables
from billing.models import Export, InvoiceRun
from billing.services import exports
from billing.sql.documents import month as whole_month
from tenants import work
from tenants.models import Operator, User
from tenants.scoping import tenant_scope


def main(lines: int = 1_000_000) -> None:
    """Bill an operator so many lines, export them, print a table in Markdown."""
    operator, run = billed(lines)
    with tenant_scope(operator.pk):
        stretches = tables.stretches(whole_month(run.month))
    found = sum(stretch.lines for stretch in stretches)
    print(f"{found:,} lines of {sum(s.documents for s in stretches):,} invoices.\n")
    print(
        "| file | rows | MB | seconds | rows a second | memory, MB | of it by the work | times plain |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    plain, size = statistics.median_low([plain_copy(operator, run) for _ in range(3)])
    print(f"| plain COPY of the lines | {found:,} | {size:.0f} | {plain:.1f} | {found / plain:,.0f} | | | 1.0 |")
    for page in ("finance:lines_csv", "finance:invoices_csv", "staff:session_export"):
        stream(operator, run, page, plain)
    measure(operator, run, Export.Kind.XLSX, plain)


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
        given = tables.values(operator, whole_month(run.month), tables.Stretch(0, 2**60, 0, 0))
        with psycopg.ClientCursor(connection.connection) as cursor:
            sql = cursor.mogrify(tables.LINES.select(as_text=True), given)
            with cursor.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)") as copy:
                for block in copy:
                    size += len(block)
    return time.perf_counter() - begun, size / 1e6


def stream(operator: Operator, run: InvoiceRun, page: str, plain: float) -> None:
    """Download one file from its page in a fresh process and print its line."""
    connections.close_all()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        rows, size, seconds, peak, before = pool.apply(download, (operator.pk, f"{run.month:%Y-%m}", page))
    print(
        f"| {page} | {rows:,} | {size / 1e6:.0f} | {seconds:.1f} | {rows / seconds:,.0f} | {peak:.0f} "
        f"| {peak - before:.0f} | {seconds / plain:.1f} |",
        flush=True,
    )


def download(operator_id: int, month: str, page: str) -> tuple[int, int, float, float, float]:
    """Read the page's answer to its end; return rows, bytes as sent, seconds, and the peaks after and before."""
    operator = Operator.objects.get(pk=operator_id)
    browser = visitors.signed_in(User.objects.get(email=f"owner@{operator.slug}.example.com"))
    query = {"month": month} if page.startswith("finance") else {"since": "", "until": ""}
    before, begun = peak_mb(), time.perf_counter()
    answer = browser.get(f"{reverse(page, args=[operator.slug])}?{urlencode(query)}", HTTP_ACCEPT_ENCODING="gzip")
    if answer.status_code != 200:
        raise SystemExit(f"{page} answers {answer.status_code}.")
    rows, size, unpacked = 0, 0, zlib.decompressobj(wbits=31)
    for piece in answer.streaming_content:  # type: ignore[attr-defined]
        size += len(piece)
        rows += unpacked.decompress(piece).count(b"\n")
    return rows - 1, size, time.perf_counter() - begun, peak_mb(), before


def measure(operator: Operator, run: InvoiceRun, kind: str, plain: float) -> None:
    """Make one file in a fresh process and print its line."""
    with tenant_scope(operator.pk):
        export = exports.request(kind=kind, month=run.month, by=None, at=timezone.now())
    connections.close_all()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, peak, before = pool.apply(make, (operator.pk,))
    with tenant_scope(operator.pk):
        export.refresh_from_db()
    size = default_storage.size(str(export.file.name)) / 1e6
    default_storage.delete(str(export.file.name))
    print(
        f"| {export.get_kind_display()} | {export.total:,} | {size:.0f} | {seconds:.1f} "
        f"| {export.total / seconds:,.0f} | {peak:.0f} | {peak - before:.0f} "
        f"| {seconds / plain:.1f} |",
        flush=True,
    )


def make(operator_id: int) -> tuple[float, float, float]:
    """Make the file; return seconds, and the peak of memory after and before in megabytes."""
    with tenant_scope(operator_id):
        Operator.objects.count()  # what any process of the portal has loaded
    before, begun = peak_mb(), time.perf_counter()
    work.do_next(work.kind_named("export_xlsx"), operator_id, clock=timezone.now)
    return time.perf_counter() - begun, peak_mb(), before


def peak_mb() -> float:
    """The greatest resident size of this process so far."""
    usage: Any = resource.getrusage(resource.RUSAGE_SELF)
    return float(usage.ru_maxrss) / 1024


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
