"""Making the file of a download, in the background: a stretch of documents at a time.

Stepped: each stretch has a scope of its own, so progress is seen while the file grows. The file appears under
its final name only when it is whole, with its SHA-256.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q

from billing.events import Event
from billing.exports import tables
from billing.exports.formats import FORMATS, Document
from billing.exports.tables import Stretch, Table
from billing.models import Export, Invoice, Rendering
from billing.selectors import invoices, ledger
from billing.services import bookings, documents, e_invoices, exports
from billing.services.e_invoices import CannotLeave
from tenants import work
from tenants.log import audit
from tenants.models import Account, Operator
from tenants.scoping import tenant_scope

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
    form = FORMATS[export.kind]
    if form.needs_documents and not _has_documents(operator_id, export, clock=clock):
        return
    if form.books and not _is_booked(operator_id, export, clock=clock):
        return
    with tenant_scope(operator_id):
        operator, stretches = Operator.objects.get(pk=operator_id), tables.stretches(export.days)
        left_out = bookings.claim(operator, export) if form.books else {}
        month = _Month(operator, export, stretches, clock)
        work.keep(export, at=clock(), done=0, total=form.total(stretches))
    with TemporaryDirectory() as folder:
        path = Path(folder) / exports.file_name(export)
        missing = form.write(path, month, stretches)
        _store(export, path, _told(missing, left_out), at=clock())


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
        dated = Invoice.objects.filter(invoices.dated_between(*export.days)).values("pk")
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


def _store(export: Export, path: Path, told: dict[str, Any], *, at: datetime) -> None:
    """Keep the file under the operator, with its fingerprint."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        name = default_storage.save(
            f"operators/{export.operator_id}/exports/{export.public_id}/{path.name}", File(file)
        )
    with tenant_scope(export.operator_id):
        work.finish(export, file=name, sha256=digest, finished_at=at, **told)
        facts = {"sha256": digest, "kind": export.kind, "month": f"{export.month:%Y-%m}"}
        count = told.get("error_facts", {}).get("count")
        missing = {"missing": count} if count else {}
        audit.record(Event.EXPORT_MADE, about=export, **facts, **missing)


class _Month:
    """The month's documents and rows, read a stretch at a time, each in a scope of its own."""

    def __init__(self, operator: Operator, export: Export, stretches: list[Stretch], clock: Clock) -> None:
        self.operator, self.export, self.stretches, self.clock = operator, export, stretches, clock
        self.done = 0
        asked = export.requested_by
        self.language = (asked.language if asked else "") or operator.language

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """The rows of a table."""
        for stretch in self.stretches:
            with tenant_scope(self.operator.pk):
                rows = list(tables.rows(table, tables.values(self.operator, self.export.days, stretch)))
                self._advance(len(rows))
            yield from rows

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
            return Document(str(invoice), content, invoice.issued_at or self.clock())

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
            dated = invoice.issued_at or self.clock()
            try:
                return Document(str(invoice), e_invoices.xml(invoice, at=self.clock()), dated)
            except CannotLeave as problem:
                return Document(str(invoice), None, dated, tuple(fault.rule for fault in problem.faults))

    def _document_ids(self, stretch: Stretch) -> list[int]:
        with tenant_scope(self.operator.pk):
            rows = Invoice.objects.filter(
                invoices.dated_between(*self.export.days), pk__range=(stretch.first, stretch.last)
            )
            return list(rows.order_by("number").values_list("pk", flat=True))

    def _advance(self, steps: int) -> None:
        """Say how far it is, and that somebody works on it."""
        self.done += steps
        work.keep(self.export, at=self.clock(), done=self.done)
