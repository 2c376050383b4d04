"""The kinds of files a month can be downloaded as, one class each: all that is particular to a kind stands there.

CSV is none of them: it is streamed while it is asked for (`csv_files.pieces`).
"""

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from billing.documents import words
from billing.exports import sie, xlsx
from billing.exports.tables import INVOICES, LINES, Stretch, Table
from billing.models import Export


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the month. `content` is None where it could not be made, or may not leave for these `rules`."""

    name: str
    content: bytes | None
    issued_at: datetime
    rules: tuple[str, ...] = ()


class Vouchers(Protocol):
    """What is booked."""

    def head(self) -> sie.Head:
        """What stands before the vouchers."""

    def vouchers(self) -> Iterator[sie.Voucher]:
        """The vouchers, in their order."""


class Source(Protocol):
    """What a format reads the month from; reading says how far the file is. language: of who asked for the file."""

    language: str

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """The rows of a table."""

    def documents(self) -> Iterator[Document]:
        """The documents, in order of their numbers."""

    def books(self) -> Vouchers:
        """The documents as vouchers."""

    def e_invoices(self) -> Iterator[Document]:
        """The e-invoices of those who are no private persons, in order of their numbers."""


class Format(ABC):
    """A kind of file. `needs_documents`: it is made when every document has been rendered or has failed.

    books: it takes the documents that it holds, so that no other file holds them (`billing.services.bookings`).
    """

    suffix: ClassVar[str]
    stem: ClassVar[str] = "invoices"
    books: ClassVar[bool] = False
    needs_documents: ClassVar[bool] = False

    @abstractmethod
    def total(self, stretches: list[Stretch]) -> int:
        """How many steps the file takes, for its progress."""

    @abstractmethod
    def write(self, path: Path, month: Source, stretches: list[Stretch]) -> list[str]:
        """Write the file; return the names of documents that are missing in it."""


class Workbook(Format):
    """XLSX: both tables, with real numbers and dates, in the words of who asked for it."""

    suffix = "xlsx"

    def total(self, stretches: list[Stretch]) -> int:
        """A step a row."""
        return sum(stretch.documents + stretch.lines for stretch in stretches)

    def write(self, path: Path, month: Source, stretches: list[Stretch]) -> list[str]:
        """Write two sheets."""
        counts = (sum(stretch.documents for stretch in stretches), sum(stretch.lines for stretch in stretches))
        with override(month.language):
            tables = ((str(_("Invoices")), INVOICES, counts[0]), (str(_("Lines")), LINES, counts[1]))
            xlsx.write(path, [_sheet(name, table, month, count) for name, table, count in tables])
        return []


def _sheet(name: str, table: Table, month: Source, count: int) -> xlsx.Sheet:
    headings = {column.name: str(column.heading) for column in table.columns}
    coded = {column.name for column in table.columns if column.has_words}
    said = words.of(month.language)
    rows = (
        {headings[key]: said.get(value, value) if key in coded else value for key, value in row.items()}
        for row in month.rows(table)
    )
    moments = frozenset(headings[column.name] for column in table.columns if column.is_moment)
    return xlsx.Sheet(name, list(headings.values()), rows, count, moments)


class Archive(Format):
    """ZIP: every document as the customer gets it. Those that could not be made are listed in `missing.csv`."""

    suffix = "zip"
    needs_documents = True
    inside: ClassVar[str] = "pdf"
    compression: ClassVar[int] = zipfile.ZIP_STORED  # PDFs are compressed

    def total(self, stretches: list[Stretch]) -> int:
        """A step a document."""
        return sum(stretch.documents for stretch in stretches)

    def write(self, path: Path, month: Source, stretches: list[Stretch]) -> list[str]:
        """Write the documents, each dated when it was issued, so that the same ones make the same archive."""
        missing: list[Document] = []
        with zipfile.ZipFile(path, "w", self.compression, allowZip64=True) as archive:
            for document in self.documents(month):
                if document.content is None:
                    missing.append(document)
                else:
                    _add(archive, f"{document.name}.{self.inside}", document.content, document.issued_at)
            if missing:
                _add(archive, "missing.csv", self.told(missing).encode(), missing[-1].issued_at)
        return [document.name for document in missing]

    def documents(self, month: Source) -> Iterator[Document]:
        """What is put in."""
        return month.documents()

    def told(self, missing: list[Document]) -> str:
        """What could not be put in, as CSV."""
        return "\n".join(["number", *(document.name for document in missing), ""])


class EInvoices(Archive):
    """ZIP: the e-invoices of those who are no private persons. `missing.csv` names the rules that others break."""

    stem = "e-invoices"
    needs_documents = False
    inside = "xml"
    compression = zipfile.ZIP_DEFLATED

    def documents(self, month: Source) -> Iterator[Document]:
        """What is put in."""
        return month.e_invoices()

    def told(self, missing: list[Document]) -> str:
        """What could not be put in, and why, as CSV."""
        rows = (f"{document.name},{' '.join(document.rules)}" for document in missing)
        return "\n".join(["number,rules", *rows, ""])


def _add(archive: zipfile.ZipFile, name: str, content: bytes, at: datetime) -> None:
    entry = zipfile.ZipInfo(name, at.timetuple()[:6])
    entry.external_attr = 0o644 << 16
    entry.compress_type = archive.compression
    archive.writestr(entry, content)


class Sie(Format):
    """SIE 4I: a voucher a document or a day, for an accounting program."""

    suffix = "si"
    stem = "vouchers"
    books = True

    def total(self, stretches: list[Stretch]) -> int:
        """A step a document."""
        return sum(stretch.documents for stretch in stretches)

    def write(self, path: Path, month: Source, stretches: list[Stretch]) -> list[str]:
        """Write the vouchers as they are read."""
        books = month.books()
        with path.open("wb") as file:
            file.writelines(sie.lines(books.head(), books.vouchers()))
        return []


FORMATS: dict[str, Format] = {
    Export.Kind.XLSX: Workbook(),
    Export.Kind.PDF_ZIP: Archive(),
    Export.Kind.XML_ZIP: EInvoices(),
    Export.Kind.SIE: Sie(),
}
