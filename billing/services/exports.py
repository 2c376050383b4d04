"""Downloads of a month: asked for, made in the background, kept as files of the operator.

A worker holds a lease that it renews with every stretch; when it dies, the sweep lets another one begin
anew. The file appears under its final name only when it is whole, with its SHA-256.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from billing.exports import csv_files, tables, xlsx
from billing.exports.tables import INVOICES, LINES, Stretch, Table
from billing.models import Export, Invoice
from billing.selectors import exports as selector
from billing.services import documents, messages
from tenants.actor import acting_for
from tenants.log import audit
from tenants.models import Operator, User
from tenants.scoping import tenant_scope

LEASE = timedelta(minutes=5)
_SUFFIX = {Export.Kind.XLSX: "xlsx", Export.Kind.PDF_ZIP: "zip"}


@transaction.atomic
def request(*, kind: str, month: date, by: User | None) -> Export:
    """Ask for a download; return its row. A task makes the file.

    Raises:
        ValueError: there is no such kind.
    """
    export = Export.objects.create(kind=Export.Kind(kind), month=month.replace(day=1), requested_by=by)
    audit.record("export.requested", about=export, kind=export.kind, month=f"{export.month:%Y-%m}")
    messages.send("billing.tasks.make_export", export_id=export.pk)
    return export


def make(*, operator_id: int, export_id: int) -> bool:
    """Make the file, in short transactions of its own; return whether this call made it.

    Outside of any scope: progress must be seen while the work goes on. A second call meanwhile does nothing.
    """
    export = _claim(operator_id, export_id)
    if export is None:
        return False
    try:
        with TemporaryDirectory() as folder:
            path = Path(folder) / file_name(export)
            _Maker(export).write(path)
            _keep(export, path)
    except Exception as error:
        with tenant_scope(operator_id):
            _update(export, state=Export.State.FAILED, error=f"{type(error).__name__}: {error}", leased_until=None)
        raise
    return True


def file_name(export: Export) -> str:
    """What the file is called when it is saved: `invoices-2026-10.csv`."""
    what = {Export.Kind.LINES_CSV: "invoice-lines"}.get(Export.Kind(export.kind), "invoices")
    return f"{what}-{export.month:%Y-%m}.{_SUFFIX.get(Export.Kind(export.kind), 'csv')}"


def _claim(operator_id: int, export_id: int) -> Export | None:
    """Take the lease, if nobody holds it."""
    with tenant_scope(operator_id):
        now = timezone.now()
        export = selector.unfinished(at=now).select_for_update(skip_locked=True).filter(pk=export_id).first()
        if export is not None:
            _update(export, state=Export.State.RUNNING, leased_until=now + LEASE, done=0, error="")
        return export


def _update(export: Export, **values: Any) -> None:
    Export.objects.filter(pk=export.pk).update(**values, updated_at=timezone.now())


def _keep(export: Export, path: Path) -> None:
    """Store the file under the operator, with its fingerprint."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        name = default_storage.save(
            f"operators/{export.operator_id}/exports/{export.public_id}/{path.name}", File(file)
        )
    with acting_for(export.requested_by_id), tenant_scope(export.operator_id):
        _update(export, state=Export.State.DONE, file=name, sha256=digest, leased_until=None)
        audit.record("export.made", about=export, sha256=digest, kind=export.kind, month=f"{export.month:%Y-%m}")


class _Maker:
    """One making of one export: a stretch of documents at a time, each in a scope of its own."""

    def __init__(self, export: Export) -> None:
        self.export = export
        self.done = 0

    def write(self, path: Path) -> None:
        """Write the file of the export's kind."""
        with tenant_scope(self.export.operator_id):
            self.operator = Operator.objects.get(pk=self.export.operator_id)
            self.stretches = tables.stretches(self.export.month)
            _update(self.export, total=self._total())
        writers: dict[str, Callable[[Path], None]] = {
            Export.Kind.INVOICES_CSV: lambda path: self._csv(INVOICES, path),
            Export.Kind.LINES_CSV: lambda path: self._csv(LINES, path),
            Export.Kind.XLSX: self._xlsx,
            Export.Kind.PDF_ZIP: self._zip,
        }
        writers[self.export.kind](path)

    def _total(self) -> int:
        documents_, lines = (
            sum(stretch.documents for stretch in self.stretches),
            sum(stretch.lines for stretch in self.stretches),
        )
        return {Export.Kind.LINES_CSV: lines, Export.Kind.XLSX: documents_ + lines}.get(
            Export.Kind(self.export.kind), documents_
        )

    def _given(self, stretch: Stretch) -> dict[str, Any]:
        return tables.values(self.operator, self.export.month, stretch)

    def _advance(self, steps: int) -> None:
        """Say how far it is, and that somebody works on it."""
        self.done += steps
        _update(self.export, done=self.done, leased_until=timezone.now() + LEASE)

    def _csv(self, table: Table, path: Path) -> None:
        with path.open("wb") as file:
            csv_files.write_header(table, file)
            for stretch in self.stretches:
                with tenant_scope(self.export.operator_id):
                    csv_files.write_rows(table, self._given(stretch), file)
                    self._advance(stretch.lines if table is LINES else stretch.documents)

    def _xlsx(self, path: Path) -> None:
        counts = {
            id(INVOICES): sum(stretch.documents for stretch in self.stretches),
            id(LINES): sum(stretch.lines for stretch in self.stretches),
        }
        sheets = [("Invoices", INVOICES), ("Lines", LINES)]
        xlsx.write(
            path, [xlsx.Sheet(name, table.names, self._rows(table), counts[id(table)]) for name, table in sheets]
        )

    def _rows(self, table: Table) -> Iterator[dict[str, Any]]:
        for stretch in self.stretches:
            with tenant_scope(self.export.operator_id):
                rows = list(tables.rows(table, self._given(stretch)))
                self._advance(len(rows))
            yield from rows

    def _zip(self, path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:  # PDFs are compressed
            for stretch in self.stretches:
                for key in self._document_ids(stretch):
                    with tenant_scope(self.export.operator_id):
                        invoice = Invoice.objects.get(pk=key)
                        _add(archive, f"{invoice}.pdf", documents.pdf(invoice), invoice.issued_at)
                        self._advance(1)

    def _document_ids(self, stretch: Stretch) -> list[int]:
        with tenant_scope(self.export.operator_id):
            rows = Invoice.objects.filter(
                state=Invoice.State.ISSUED, month=self.export.month, pk__range=(stretch.first, stretch.last)
            )
            return list(rows.order_by("number").values_list("pk", flat=True))


def _add(archive: zipfile.ZipFile, name: str, content: bytes, at: datetime | None) -> None:
    """Add a file dated when it was issued, so that the same documents make the same archive."""
    moment = at or timezone.now()
    entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def opened(export: Export) -> IO[bytes]:
    """Open a finished export's file, and record that it was taken.

    Raises:
        FileNotFoundError: it is not finished, or the file is gone.
    """
    if export.state != Export.State.DONE or not export.file:
        raise FileNotFoundError(f"Export {export.public_id} has no file.")
    audit.record("export.downloaded", about=export, sha256=export.sha256)
    return default_storage.open(str(export.file.name), "rb")
