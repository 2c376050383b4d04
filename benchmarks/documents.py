"""Processor time of a document of two pages: its PDF with the file for machines, and its e-invoice, written and checked.

Run: `bin/benchmark documents`, or `python -m benchmarks.documents [DOCUMENTS]`. Each is made as the background makes
it, from the database on, in one process; times are of its processor, with those of the threads typst starts. "typst
alone" sets the same pages without the embedded file.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import pypdf

from benchmarks import run as billing_run
from billing.documents import layout, pdf
from billing.e_invoices import checks
from billing.models import Invoice
from billing.selectors import e_invoices, invoices
from billing.services import documents
from tenants.models import Operator
from tenants.scoping import tenant_scope

SESSIONS_EACH = 10


def main(count: int = 100) -> None:
    """Bill so many drivers, make their documents, print a table in Markdown."""
    operator = billing_run.prepared(count * SESSIONS_EACH, count)
    with tenant_scope(operator.pk):
        Operator.objects.update(organisation_number="556677-8899", bankgiro="5050-1055", legal_name="Bench AB")
    billing_run.rate_all(operator)
    run, _ = billing_run.started(operator)
    billing_run.draft(operator, run, 2)
    billing_run.issue(operator, run)
    with tenant_scope(operator.pk):
        found = list(invoices.referring().order_by("pk"))
        content = documents.pdf(found[0])  # fonts are read, code is loaded
        assert b"factur-x.xml" in content
        pages = len(pypdf.PdfReader(io.BytesIO(content)).pages)
        print(f"{len(found)} documents of {pages} pages, {len(content) / 1024:.0f} kB.\n")
        print("| what | processor, ms, median | highest |\n|---|---|---|")
        row("PDF with Factur-X, from the database on", found, lambda one: documents._rendered(one, at=one.drafted_at))
        row("typst alone", [page_of(one) for one in found], lambda page: pdf.render(page, at=run.started_at))
        row("e-invoice (UBL), written and checked", found, lambda one: checks.faults(e_invoices.written(one)))


def page_of(invoice: Invoice) -> dict[str, Any]:
    """What typst sets."""
    lines = invoices.lines(invoice, with_terms=True)
    return layout.page(invoice, seller=invoice.seller, lines=lines, vat=list(invoice.vat_rows.all()))


def row(what: str, found: list[Any], make: Callable[[Any], object]) -> None:
    """Print what one takes."""
    seconds = []
    for one in found:
        begun = time.process_time()
        make(one)
        seconds.append(time.process_time() - begun)
    print(f"| {what} | {1000 * statistics.median(seconds):.1f} | {1000 * max(seconds):.1f} |", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
