"""A camt.054 of a hundred thousand payments, read, booked and matched by reference; beside COPY of the same rows.

Run: `bin/benchmark payments`, or `python -m benchmarks.payments [PAYMENTS]`. The work is what a worker does with a file
that somebody sent. "COPY alone" is what PostgreSQL takes for the rows that came of it (payments and matches), written
at once into tables with the same columns, indexes and checks, without triggers.
"""

import sys
import time
from decimal import Decimal

import psycopg
from django.core.files.base import ContentFile
from django.utils import timezone

from benchmarks import run as billing_run
from benchmarks.export import peak_mb
from billing.models import Invoice, PaymentFile
from billing.services import payment_files
from portal import env
from portal.demo.bank import Paid, camt054
from tenants import work
from tenants.models import Operator
from tenants.scoping import tenant_scope

TABLES = ("billing_payment", "billing_paymentmatch")


def main(payments: int = 100_000) -> None:
    """Bill as many accounts, pay every invoice, print a table in Markdown."""
    operator = billing_run.prepared(2 * payments, drivers=payments)
    billing_run.issued_month(operator)
    content = b"".join(camt054(paid(operator), booking="BENCH", day=timezone.now().date()))
    print(f"camt.054, {len(content) / 1e6:.0f} MB\n")
    print("| what | payments | seconds | payments a second |\n|---|---|---|---|")
    first, seconds = imported(operator, content)
    line("**read, booked and matched by reference**", first.matched, seconds)
    again, known_s = imported(operator, content + b"\n")
    line("the same payments told by another file, all known", again.known, known_s)
    begun = time.perf_counter()
    with tenant_scope(operator.pk):
        repeated = payment_files.take_in(ContentFile(content), name="again.xml", by=None, at=timezone.now())
    line("the same file again, sent", repeated.known, time.perf_counter() - begun)
    copied = copied_again(operator)
    line("COPY alone of the rows that came of it", first.booked, copied)
    print(f"\nRatio: {seconds / copied:.1f}. Peak memory of the process that books: {peak_mb():.0f} MB.")


def paid(operator: Operator) -> list[Paid]:
    """Every invoice, paid in full by its reference."""
    with tenant_scope(operator.pk):
        rows = Invoice.objects.filter(state="issued").order_by("pk").only("number", "amount_due", "account")
        return [
            Paid(row.amount_due, row.payment_reference, "Dana Driver", f"SE{row.account_id:022}")
            for row in rows.iterator()
            if row.amount_due > Decimal(0)
        ]


def imported(operator: Operator, content: bytes) -> tuple[PaymentFile, float]:
    """Have a worker do the file; return it and the seconds it took."""
    with tenant_scope(operator.pk):
        row = payment_files.take_in(ContentFile(content), name="bench.xml", by=None, at=timezone.now())
    begun = time.perf_counter()
    work.do_next(work.kind_named(PaymentFile.work_kind), operator.pk, clock=timezone.now)
    seconds = time.perf_counter() - begun
    with tenant_scope(operator.pk):
        row.refresh_from_db()
    if row.state != PaymentFile.State.DONE:
        raise SystemExit(f"The file ended as {row.state}: {row.error} {row.error_facts}.")
    return row, seconds


def copied_again(operator: Operator) -> float:
    """Seconds that COPY takes to write the payments and matches once more, elsewhere."""
    seconds = 0.0
    with psycopg.connect(env.text("DATABASE_OWNER_URL"), autocommit=True) as owner:
        for table in TABLES:
            where = f"operator_id = {operator.pk}"
            with owner.cursor().copy(f"COPY (SELECT * FROM {table} WHERE {where} ORDER BY id) TO STDOUT") as out:
                rows = b"".join(bytes(block) for block in out)
            owner.execute(f"CREATE TABLE plain_{table} (LIKE {table} INCLUDING ALL)")
            begun = time.perf_counter()
            with owner.cursor().copy(f"COPY plain_{table} FROM STDIN") as copy:
                copy.write(rows)
            seconds += time.perf_counter() - begun
            owner.execute(f"DROP TABLE plain_{table}")
    return seconds


def line(what: str, payments: int, seconds: float) -> None:
    """Print one line of the table."""
    print(f"| {what} | {payments:,} | {seconds:.2f} | {payments / seconds:,.0f} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
