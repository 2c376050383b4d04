"""Making the file of a download, in the background: a stretch of documents at a time.

Stepped: each stretch has a scope of its own, so progress is seen while the file grows. The file appears under
its final name only when it is whole, with its SHA-256.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q

from billing.documents.categories import STANDARD
from billing.domain.errors import BillingError
from billing.events import Event
from billing.exports import csv_files, formats, frames, tables
from billing.exports.formats import Document
from billing.exports.tables import Span, Stretch, Table, Tally
from billing.models import Export, ExportDelivery, Invoice, Rendering
from billing.selectors import invoices, ledger
from billing.services import bookings, documents, e_invoices, exports
from billing.services.e_invoices import CannotLeave
from tenants import bookkeeping, work
from tenants.bookkeeping import Why
from tenants.log import audit
from tenants.models import Account, Operator
from tenants.scoping import tenant_scope
from tenants.spreadsheets import csv_text

#: What is said of an archive without those documents that could not be made.
DOCUMENTS_MISSING = "documents_missing"
#: What is said of vouchers without those documents that stand in an earlier file, or are in another currency.
LEFT_OUT = "vouchers_left_out"
#: How long an archive rests when others are rendering its documents, and how many missing ones are named.
REST = timedelta(seconds=10)
NAMED = 20

Clock = Callable[[], datetime]


def make(operator_id: int, export: Export, *, clock: Clock) -> None:
    """Make the file of a claimed export, or put it back while its documents are still being rendered or booked."""
    form = formats.of(export.kind, export.form)
    if form.needs_documents and not _has_documents(operator_id, export, clock=clock):
        return
    if (form.books or export.dated_by == Export.DatedBy.BOOKED) and not _is_booked(operator_id, export, clock=clock):
        return
    with tenant_scope(operator_id):
        operator = Operator.objects.get(pk=operator_id)
        span = Span(operator, export.dated_by, export.days, export.as_of or export.created_at)
        stretches = tables.stretches(form.base, span)
        left_out = bookings.claim(operator, export) if form.books else {}
        source = _Source(export, span, stretches, clock)
        work.keep(export, at=clock(), done=0, total=form.total(stretches))
    with TemporaryDirectory() as folder:
        path = Path(folder) / exports.file_name(export)
        try:
            with bookkeeping.opened(Why.ACCOUNTING, about=export):
                missing = form.write(path, source, stretches)
        except BillingError as problem:  # no other try would go better
            with tenant_scope(operator_id):
                work.fail(export, *work.reason(problem))
            return
        _store(export, path, source.tally, _told(missing, left_out), at=clock())


def _is_booked(operator_id: int, export: Export, *, clock: Clock) -> bool:
    """Whether all that happened stands in the ledger; put the export back while older events are being booked."""
    with tenant_scope(operator_id):
        if ledger.is_behind():
            work.put_back(export, until=clock() + REST)
            return False
    return True


def _has_documents(operator_id: int, export: Export, *, clock: Clock) -> bool:
    """Render what nobody has tried yet, for one turn; put the export back if that was not enough."""
    until, kind = clock() + work.STRETCH, work.kind_named(Rendering.work_kind)
    is_left = True
    while is_left and clock() < until:
        is_left = work.do_next(kind, operator_id, clock=clock)
    with tenant_scope(operator_id):
        untried = Q(state=Rendering.State.WAITING, attempts=0) | Q(state=Rendering.State.RUNNING)
        dated = Invoice.objects.filter(invoices.within(export.dated_by, *export.days)).values("pk")
        if Rendering.objects.filter(untried, invoice__in=dated).exists():
            work.put_back(export, until=None if is_left else clock() + REST)
            return False
    return True


def _told(missing: list[str], left_out: dict[str, Any]) -> dict[str, Any]:
    """What is said of a file that does not hold everything, as its row keeps it; nothing of any other."""
    if missing:
        return {"error": DOCUMENTS_MISSING, "error_facts": {"count": len(missing), "numbers": missing[:NAMED]}}
    if left_out.get("before") or left_out.get("numbers"):
        return {"error": LEFT_OUT, "error_facts": {**left_out, "numbers": left_out["numbers"][:NAMED]}}
    return {}


def _store(export: Export, path: Path, tally: Tally, told: dict[str, Any], *, at: datetime) -> None:
    """Keep the file under the operator, with its fingerprint and what was counted of it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        name = default_storage.save(
            f"operators/{export.operator_id}/exports/{export.public_id}/{path.name}", File(file)
        )
    with tenant_scope(export.operator_id):
        counted = {"rows": tally.rows, "sums": tally.told()}
        work.finish(export, file=name, sha256=digest, finished_at=at, **counted, **told)
        facts = {"sha256": digest, "kind": export.kind, "month": f"{export.month:%Y-%m}", "rows": tally.rows}
        count = told.get("error_facts", {}).get("count")
        missing = {"missing": count} if count else {}
        audit.record(Event.EXPORT_MADE, about=export, **facts, **missing)
        if export.timetable_id:
            work.enqueue(ExportDelivery.objects.create(export=export, queued_at=at))


class _Source:
    """Rows and documents, read a stretch at a time, each in a scope of its own."""

    def __init__(self, export: Export, span: Span, stretches: list[Stretch], clock: Clock) -> None:
        self.operator, self.export, self.span = span.operator, export, span
        self.stretches, self.clock = stretches, clock
        self.tally = Tally()
        self.done = 0
        self.language = export.language or self.operator.language

    def rows(self, table: Table, *, is_counted: bool = True) -> Iterator[dict[str, Any]]:
        """The rows of a table."""
        for row in self._worked(table) if table.worked else self._read(table):
            if is_counted:
                self.tally.row(table, row)
            yield row

    def _read(self, table: Table) -> Iterator[dict[str, Any]]:
        for stretch in self.stretches:
            with tenant_scope(self.operator.pk):
                rows = list(tables.rows(table, self.span, stretch))
                self._advance(len(rows))
            yield from rows

    def frames(self, table: Table, *, is_counted: bool = True) -> Iterator[pl.DataFrame]:
        """The rows of a table that is copied, as typed columns."""
        reader: frames.Reader | None = None
        for stretch in self.stretches:
            with tenant_scope(self.operator.pk):
                reader = reader or frames.Reader.of(table, self.span)
                texts = reader.texts(stretch)
                if is_counted:
                    self.tally.texts(table, texts)
                self._advance(len(texts))
            yield reader.typed(texts)

    def _worked(self, table: Table) -> list[dict[str, Any]]:
        assert table.worked is not None
        with tenant_scope(self.operator.pk):
            rows = [dict(zip(table.names, row, strict=True)) for row in table.worked(self.span)]
            self._advance(sum(stretch.documents for stretch in self.stretches))
        return rows

    def losses(self) -> list[dict[str, Any]]:
        """What certain losses take back, as they were when the file was asked for first."""
        with tenant_scope(self.operator.pk):
            found = ledger.lost(self.export.days, as_of=self.span.as_of)
        names = ("currency", "vat_rate", "category", "country", "amount_excl_vat", "vat")
        return [
            dict(zip(names, (tax.currency, tax.rate, STANDARD, tax.country, *tax.amounts), strict=True))
            for tax in found
            if tax.rate
        ]

    def input_vat(self) -> dict[str, Decimal]:
        """The VAT to deduct of hosts' own invoices, as it was when the file was asked for first."""
        with tenant_scope(self.operator.pk):
            return ledger.input_vat(self.export.days, as_of=self.span.as_of)

    def pieces(self, table: Table) -> Iterator[bytes]:
        """The same as CSV, with their header."""
        yield csv_files.header(table)
        if not table.is_copied:
            yield from (csv_text([list(row.values())]).encode() for row in self.rows(table))
            return
        for stretch in self.stretches:
            with tenant_scope(self.operator.pk):
                piece = csv_files.stretch(table, self.span, stretch)
                before = self.tally.rows
                self.tally.csv(table, piece)
                self._advance(self.tally.rows - before)
            yield piece

    def documents(self) -> Iterator[Document]:
        """The documents, in order of their numbers; without content where one cannot be made."""
        for stretch in self.stretches:
            for key in self._document_ids(stretch):
                yield self._document(key)

    def _document(self, key: int) -> Document:
        with tenant_scope(self.operator.pk):
            self._advance(1)
            invoice = Invoice.objects.get(pk=key)
            content = documents.stored(invoice)
            return self._as_document(invoice, content)

    def books(self) -> bookings.Books:
        """The documents as vouchers."""
        return bookings.Books(self.operator, self.export, self.stretches, self._advance)

    def e_invoices(self) -> Iterator[Document]:
        """The e-invoices of those who are no private persons; without content where one may not leave."""
        for stretch in self.stretches:
            for key in self._document_ids(stretch):
                document = self._e_invoice(key)
                if document is not None:
                    yield document

    def _e_invoice(self, key: int) -> Document | None:
        with tenant_scope(self.operator.pk):
            self._advance(1)
            invoice = invoices.referring().get(pk=key)
            if invoice.account.kind == Account.Kind.PRIVATE:
                return None
            try:
                return self._as_document(invoice, e_invoices.xml(invoice, at=self.clock()))
            except CannotLeave as problem:
                return self._as_document(invoice, None, *(fault.rule for fault in problem.faults))

    def _as_document(self, invoice: Invoice, content: bytes | None, *rules: str) -> Document:
        dated = invoice.issued_at or self.clock()
        return Document(str(invoice), content, dated, invoice.currency, invoice.amount_due, rules)

    def _document_ids(self, stretch: Stretch) -> list[int]:
        with tenant_scope(self.operator.pk):
            return tables.ids(tables.DOCUMENTS, self.span, stretch, order="i.number")

    def _advance(self, steps: int) -> None:
        """Say how far it is, and that somebody works on it."""
        self.done += steps
        work.keep(self.export, at=self.clock(), done=self.done)
