"""What accounting takes out, one class a kind of file: all that is particular to a kind stands there."""

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import orjson
import polars as pl
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from billing.documents import words
from billing.domain.errors import BillingError, Code
from billing.exports import sie, tax_files, xlsx
from billing.exports.tables import (
    DOCUMENTS,
    EC_SALES,
    INVOICES,
    LINES,
    TABLES,
    VAT,
    VAT_BY_COUNTRY,
    VAT_OF_BEFORE,
    Base,
    Column,
    Stretch,
    Table,
    Tally,
)
from billing.models import Export
from billing.sql import bookings
from tenants.models import Operator


@dataclass(frozen=True, slots=True)
class Document:
    """One document. `content` is None where it could not be made, or may not leave for these `rules`."""

    name: str
    content: bytes | None
    issued_at: datetime
    currency: str
    amount_due: Decimal
    rules: tuple[str, ...] = ()


class Vouchers(Protocol):
    """What is booked."""

    def head(self) -> sie.Head:
        """What stands before the vouchers."""

    def vouchers(self) -> Iterator[sie.Voucher]:
        """The vouchers, in their order."""

    @property
    def currency(self) -> str:
        """What they are booked in."""

    @property
    def profile(self) -> sie.Profile:
        """The program that the file is for."""


class Source(Protocol):
    """What a format reads from; reading says how far the file is.

    language: of who asked for the file. tally: what is counted of it; of the rows of a table it is counted as they are
    read.
    """

    operator: Operator
    export: Export
    language: str
    tally: Tally

    def rows(self, table: Table, *, is_counted: bool = True) -> Iterator[dict[str, Any]]:
        """The rows of a table."""

    def frames(self, table: Table, *, is_counted: bool = True) -> Iterator[pl.DataFrame]:
        """The same of a table that is copied, as typed columns, a stretch at a time."""

    def losses(self) -> list[dict[str, Any]]:
        """What certain losses that are booked on the days take back, as rows of `tables.VAT` below zero."""

    def input_vat(self) -> dict[str, Decimal]:
        """The VAT to deduct of hosts' own invoices that are booked on the days, by currency."""

    def pieces(self, table: Table) -> Iterator[bytes]:
        """The same as CSV, with their header."""

    def documents(self) -> Iterator[Document]:
        """The documents, in order of their numbers."""

    def books(self) -> Vouchers:
        """The documents as vouchers."""

    def e_invoices(self) -> Iterator[Document]:
        """The e-invoices of those who are no private persons, in order of their numbers."""


class Format(ABC):
    """A kind of file. `needs_documents`: it is made when every document has been rendered or has failed.

    base: what it is of. months: it is of whole ones.
    books: it takes the documents that it holds, so that no other file holds them (`billing.services.bookings`).
    """

    suffix: str
    stem: str = "invoices"
    books: ClassVar[bool] = False
    months: ClassVar[bool] = False
    needs_documents: ClassVar[bool] = False
    base: Base = DOCUMENTS
    #: What a new one is asked for with, beside what is said: older ones lack it, and are made again as they were.
    options: Mapping[str, bool] = MappingProxyType({})

    def check(self, operator: Operator, days: tuple[date, date]) -> None:  # noqa: B027  # most have nothing to ask
        """Refuse what cannot be made."""

    @abstractmethod
    def total(self, stretches: list[Stretch]) -> int:
        """How many steps the file takes, for its progress."""

    @abstractmethod
    def write(self, path: Path, source: Source, stretches: list[Stretch]) -> list[str]:
        """Write the file; return the names of documents that are missing in it."""


class TableFile(Format):
    """A table as CSV, XLSX or JSON lines. A workbook has real numbers and dates, in the words of who asked for it."""

    def __init__(self, kind: str, form: str) -> None:
        self.table, self.form = TABLES[kind], form
        self.base = self.table.base
        self.suffix, self.stem = form, kind.replace("_", "-")
        self.options = {"countries": True} if kind == Export.Kind.VAT else {}

    def _of(self, export: Export) -> Table:
        """The table as the file has had it from the first."""
        return VAT_OF_BEFORE if self.table is VAT and not export.options.get("countries") else self.table

    def total(self, stretches: list[Stretch]) -> int:
        """A step a row; of what is added up, a step a document."""
        return sum(stretch.lines if self.table is LINES else stretch.documents for stretch in stretches)

    def write(self, path: Path, source: Source, stretches: list[Stretch]) -> list[str]:
        """Write the rows as they are read."""
        table = self._of(source.export)
        if self.form == Export.Form.XLSX:
            with override(source.language):
                xlsx.write(path, [_sheet(str(_("Rows")), table, source)])
            return []
        with path.open("wb") as file:
            file.writelines(source.pieces(table) if self.form == Export.Form.CSV else _json(source, table))
        return []


def _json(source: Source, table: Table) -> Iterator[bytes]:
    """The rows as objects, one a line. Decimals are texts, so that none loses a digit."""
    return (orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE) for row in source.rows(table))


class Workbook(Format):
    """XLSX: documents and lines in one file. The sums are those of the documents."""

    suffix = "xlsx"

    def total(self, stretches: list[Stretch]) -> int:
        """A step a row."""
        return sum(stretch.documents + stretch.lines for stretch in stretches)

    def write(self, path: Path, source: Source, stretches: list[Stretch]) -> list[str]:
        """Write two sheets."""
        with override(source.language):
            sheets = [
                _sheet(str(_("Invoices")), INVOICES, source),
                _sheet(str(_("Lines")), LINES, source, is_counted=False),
            ]
            xlsx.write(path, sheets)
        return []


def _sheet(name: str, table: Table, source: Source, *, is_counted: bool = True) -> xlsx.Sheet:
    headings = {column.name: str(column.heading) for column in table.columns}
    coded = [column for column in table.columns if column.has_words or column.choices]
    said = words.of(source.language)
    blocks: Iterator[xlsx.Block]
    if table.is_copied:
        blocks = (_in_words(frame, coded, said) for frame in source.frames(table, is_counted=is_counted))
    else:
        by_name = {column.name: column for column in coded}
        rows = source.rows(table, is_counted=is_counted)
        blocks = xlsx.blocks({key: _said(by_name.get(key), value, said) for key, value in row.items()} for row in rows)
    moments = frozenset(headings[column.name] for column in table.columns if column.is_moment)
    return xlsx.Sheet(name, list(headings.values()), blocks, moments)


def _in_words(frame: pl.DataFrame, coded: list[Column], said: words.Words) -> pl.DataFrame:
    """The rows with words for codes."""
    for column in coded:
        codes = [code for code in frame[column.name].unique() if code is not None]
        told = [str(_said(column, code, said)) for code in codes]
        frame = frame.with_columns(pl.col(column.name).replace(codes, told))
    return frame


def _said(column: Column | None, value: Any, said: words.Words) -> Any:
    """The words of a code; anything else as it is."""
    if column is None or value is None:
        return value
    return str(column.choices(value).label) if column.choices else said.get(value, value)


class Archive(Format):
    """ZIP: every document as the customer gets it. Those that could not be made are listed in `missing.csv`."""

    suffix = "zip"
    needs_documents = True
    inside: ClassVar[str] = "pdf"
    compression: ClassVar[int] = zipfile.ZIP_STORED  # PDFs are compressed

    def total(self, stretches: list[Stretch]) -> int:
        """A step a document."""
        return sum(stretch.documents for stretch in stretches)

    def write(self, path: Path, source: Source, stretches: list[Stretch]) -> list[str]:
        """Write the documents, each dated when it was issued, so that the same ones make the same archive."""
        missing: list[Document] = []
        with zipfile.ZipFile(path, "w", self.compression, allowZip64=True) as archive:
            for document in self.documents(source):
                if document.content is None:
                    missing.append(document)
                else:
                    source.tally.add(document.currency, {"amount_due": document.amount_due})
                    _add(archive, f"{document.name}.{self.inside}", document.content, document.issued_at)
            if missing:
                _add(archive, "missing.csv", self.told(missing).encode(), missing[-1].issued_at)
        return [document.name for document in missing]

    def documents(self, source: Source) -> Iterator[Document]:
        """What is put in."""
        return source.documents()

    def told(self, missing: list[Document]) -> str:
        """What could not be put in, as CSV."""
        return "\n".join(["number", *(document.name for document in missing), ""])


class EInvoices(Archive):
    """ZIP: the e-invoices of those who are no private persons. `missing.csv` names the rules that others break."""

    stem = "e-invoices"
    needs_documents = False
    inside = "xml"
    compression = zipfile.ZIP_DEFLATED

    def documents(self, source: Source) -> Iterator[Document]:
        """What is put in."""
        return source.e_invoices()

    def told(self, missing: list[Document]) -> str:
        """What could not be put in, and why, as CSV."""
        rows = (f"{document.name},{' '.join(document.rules)}" for document in missing)
        return "\n".join(["number,rules", *rows, ""])


class TaxFile(Format):
    """A file for Skatteverket, of what is booked in whole months."""

    base = replace(DOCUMENTS, within={Export.DatedBy.BOOKED: DOCUMENTS.within[Export.DatedBy.BOOKED]})
    months = True

    def check(self, operator: Operator, days: tuple[date, date]) -> None:
        """Refuse a file that Skatteverket would not know whose it is.

        Raises:
            BillingError: the operator's numbers are missing.
        """
        if not (operator.organisation_number and operator.vat_number):
            raise BillingError(Code.RETURN_WITHOUT_NUMBER, field="vat_number", value="")

    def total(self, stretches: list[Stretch]) -> int:
        """A step a document, for each of the two tables."""
        return 2 * sum(stretch.documents for stretch in stretches)

    def write(self, path: Path, source: Source, stretches: list[Stretch]) -> list[str]:
        """Write the file; the boxes are its sums."""
        vat, sales = (list(source.rows(table, is_counted=False)) for table in (VAT_BY_COUNTRY, EC_SALES))
        vat += source.losses() if self.takes_losses else []
        options = source.export.options
        abroad = str(options.get("abroad") or tax_files.BOXES_ABROAD[0])
        found = tax_files.boxes(vat, sales, abroad=abroad, input_vat=self.deducted(source))
        path.write_bytes(self.content(source, found, sales, abroad))
        shown = {f"box_{box}": Decimal(amount) for box, amount in found.items() if box in self.told}
        source.tally.add(tax_files.CURRENCY, shown, rows=self.count(found, sales))
        return []

    def deducted(self, source: Source) -> int:
        """What is deducted (box 48), in whole kronor."""
        return int(source.export.options.get("input_vat") or 0)

    told: ClassVar[tuple[str, ...]] = tuple(tax_files.ELEMENTS)
    takes_losses: ClassVar[bool] = False

    @abstractmethod
    def content(self, source: Source, found: dict[str, int], sales: list[dict[str, Any]], abroad: str) -> bytes:
        """The file."""

    @abstractmethod
    def count(self, found: dict[str, int], sales: list[dict[str, Any]]) -> int:
        """How many rows it has."""


class VatReturn(TaxFile):
    """The VAT return: of documents, less receivables that are lost for certain, as the ledger has it.

    What is deducted is that of hosts' own invoices, which the ledger knows, and what the operator says of all else.
    """

    suffix = "xml"
    stem = "vat-return"
    takes_losses = True

    def content(self, source: Source, found: dict[str, int], sales: list[dict[str, Any]], abroad: str) -> bytes:
        """The file."""
        number, text = source.operator.organisation_number, str(source.export.options.get("text") or "")
        return tax_files.vat_return(found, organisation_number=number, last_day=source.export.days[1], text=text)

    def deducted(self, source: Source) -> int:
        """What the operator says, and what the ledger has of hosts; of a file of before that, the first alone."""
        said = super().deducted(source)
        return said + tax_files.whole_kronor(source.input_vat()) if source.export.options.get("hosts") else said

    def count(self, found: dict[str, int], sales: list[dict[str, Any]]) -> int:
        """A row a box."""
        return len(found)


class EcReturn(TaxFile):
    """The EC sales list, of a month or a quarter."""

    suffix = "txt"
    stem = "ec-sales-list"
    told = ("35", "39")

    def check(self, operator: Operator, days: tuple[date, date]) -> None:
        """Refuse other days besides.

        Raises:
            BillingError: they are neither a month nor a quarter, or the operator's numbers are missing.
        """
        super().check(operator, days)
        tax_files.period(days)

    def content(self, source: Source, found: dict[str, int], sales: list[dict[str, Any]], abroad: str) -> bytes:
        """The file."""
        own = source.operator
        return tax_files.ec_list(
            sales,
            vat_number=own.vat_number,
            days=source.export.days,
            name=own.legal_name or own.name,
            phone=own.phone,
            email=own.email,
            abroad=abroad,
        )

    def count(self, found: dict[str, int], sales: list[dict[str, Any]]) -> int:
        """A row a buyer."""
        return len(sales)


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
    base = replace(DOCUMENTS, within={by: DOCUMENTS.within[by] for by in bookings.WITHIN})

    def total(self, stretches: list[Stretch]) -> int:
        """A step a document."""
        return sum(stretch.documents for stretch in stretches)

    def write(self, path: Path, source: Source, stretches: list[Stretch]) -> list[str]:
        """Write the vouchers as they are read."""
        books = source.books()
        with path.open("wb") as file:
            vouchers = _counted(books.vouchers(), source.tally, books.currency)
            file.writelines(sie.lines(books.head(), vouchers, books.profile))
        return []


def _counted(vouchers: Iterator[sie.Voucher], tally: Tally, currency: str) -> Iterator[sie.Voucher]:
    """Count the vouchers and what stands on their left."""
    for voucher in vouchers:
        tally.add(currency, {"debit": sum((max(row.amount, Decimal(0)) for row in voucher.rows), Decimal(0))})
        yield voucher


#: The kinds that are no table.
FORMATS: dict[str, Format] = {
    Export.Kind.VAT_RETURN: VatReturn(),
    Export.Kind.EC_RETURN: EcReturn(),
    Export.Kind.XLSX: Workbook(),
    Export.Kind.PDF_ZIP: Archive(),
    Export.Kind.XML_ZIP: EInvoices(),
    Export.Kind.SIE: Sie(),
}


def of(kind: str, form: str) -> Format:
    """How a kind of export is written; `form` is of tables alone.

    Raises:
        ValueError: there is no such kind, or it is not written so.
    """
    if kind in TABLES:
        return TableFile(Export.Kind(kind), Export.Form(form))
    if form:
        raise ValueError(f"{kind} has one form.")
    return FORMATS[Export.Kind(kind)]
