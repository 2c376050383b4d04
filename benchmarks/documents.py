"""Processor time of a document of two pages: its PDF with the file for machines, and its e-invoice, written and checked.

Run: `bin/benchmark documents`, or `python -m benchmarks.documents [DOCUMENTS [QUEUED]]`. Each is made as the background
makes it, from the database on, in one process; times are of its processor, with those of the threads typst starts.
"typst alone" sets the same pages without the embedded file.

Then the queue of documents is worked off by as many processes as there are processors, as yielding as the bulk lane
(`launcher.running`), while one person asks for pages of the desk, one after the other, in this process: how long these
take beside it, and without. A document waits for no other, so a longer queue would take longer and not more at a time.
"""

import io
import itertools
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import pypdf
from django.db import connections
from django.test import Client
from django.urls import reverse

from benchmarks import network, visitors
from benchmarks import run as billing_run
from billing.documents import layout, pdf
from billing.e_invoices import checks
from billing.models import Invoice, Rendering
from billing.selectors import e_invoices, invoices
from billing.services import day_sums, documents
from portal.serving import memory
from tenants.models import Operator
from tenants.models.work import OPEN
from tenants.scoping import tenant_scope

SESSIONS_EACH = 10


#: How yielding the bulk lane is, and how long pages are asked for.
NICE, ASKED_S = 10, 60.0
#: Doors of the operator that are asked for, and those of an invoice.
PAGES = ("staff:overview", "staff:session_list", "staff:driver_list", "finance:invoice_list", "finance:month_steps")
OF_INVOICE = ("finance:invoice_detail",)


def main(count: int = 100, queued: int = 3_000) -> None:
    """Bill so many drivers, make the documents of some, print a table in Markdown; then pages beside the rest."""
    operator = billing_run.prepared(queued * SESSIONS_EACH, queued)
    with tenant_scope(operator.pk):
        Operator.objects.update(organisation_number="556677-8899", bankgiro="5050-1055", legal_name="Bench AB")
    run = billing_run.issued_month(operator)
    count_sums(operator)
    memory.settle()  # as the workers do
    with tenant_scope(operator.pk):
        found = list(invoices.referring().order_by("pk")[:count])
        content = documents.pdf(found[0])  # fonts are read, code is loaded
        assert b"factur-x.xml" in content
        pages = len(pypdf.PdfReader(io.BytesIO(content)).pages)
        print(f"{len(found)} documents of {pages} pages, {len(content) / 1024:.0f} kB.\n")
        print("| what | processor, ms, median | highest |\n|---|---|---|")
        row("PDF with Factur-X, from the database on", found, lambda one: documents._rendered(one, at=one.drafted_at))
        row("typst alone", [page_of(one) for one in found], lambda page: pdf.render(page, at=run.started_at))
        row("e-invoice (UBL), written and checked", found, lambda one: checks.faults(e_invoices.written(one)))
    beside(operator, found[0])


def count_sums(operator: Operator) -> None:
    """Count days and months whose sums are not true any more, as the background does all the time."""
    is_left = True
    while is_left:
        with tenant_scope(operator.pk):
            is_left = bool(day_sums.refresh() + day_sums.refresh_months())
    network.analyze()


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


def beside(operator: Operator, invoice: Invoice) -> None:
    """Ask for pages alone, and while documents are made; print what they take."""
    owner = visitors.signed_in(visitors.person(f"owner@{operator.slug}.example.com"))
    addresses = [reverse(door, args=[operator.slug]) for door in PAGES]
    addresses += [reverse(door, args=[operator.slug, invoice.public_id]) for door in OF_INVOICE]
    asked(owner, addresses, for_s=5)  # code is loaded
    alone = asked(owner, addresses, for_s=ASKED_S / 4)
    waiting = left(operator)
    workers = os.cpu_count() or 1
    connections.close_all()
    with multiprocessing.get_context("spawn").Pool(workers, os.nice, (NICE,)) as pool:
        for _ in range(workers):
            pool.apply_async(billing_run.work_off, (operator.pk, Rendering.work_kind))
        while left(operator) > waiting - 2 * workers:  # until each has loaded its code
            time.sleep(0.1)
        before, begun = left(operator), time.perf_counter()
        besides = asked(owner, addresses, for_s=ASKED_S)
        after, seconds = left(operator), time.perf_counter() - begun
        pool.terminate()
    assert after, "the queue ran dry: pages were asked for alone"
    print(f"\n{before - after} documents in {seconds:.0f} s by {workers} yielding workers; {len(addresses)} pages.\n")
    print("| pages | asked | median ms | p95 ms | highest |\n|---|---|---|---|---|")
    for what, times in (("alone", alone), ("while documents are made", besides)):
        p95 = statistics.quantiles(times, n=20, method="inclusive")[18]
        print(f"| {what} | {len(times)} | {statistics.median(times):.1f} | {p95:.1f} | {max(times):.1f} |", flush=True)


def asked(who: Client, addresses: list[str], *, for_s: float) -> list[float]:
    """Ask for one page after the other; return the milliseconds of each answer."""
    times: list[float] = []
    until = time.perf_counter() + for_s
    for address in itertools.cycle(addresses):
        begun = time.perf_counter()
        answer = who.get(address, HTTP_ACCEPT_ENCODING="gzip")
        times.append((time.perf_counter() - begun) * 1000)
        assert answer.status_code == 200, (address, answer.status_code)
        if begun > until:
            return times
    raise AssertionError("addresses never end")


def left(operator: Operator) -> int:
    """How many documents wait."""
    with tenant_scope(operator.pk):
        return Rendering.objects.filter(OPEN).count()


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
