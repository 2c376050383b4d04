"""A list as a file: CSV or a workbook, with the reader's headings, signs and local times.

A comma or a semicolon parts the values of a CSV file; which of them a spreadsheet expects, and how decimals are
written, follows from the reader's language. A workbook has real dates and numbers; it is made before it is sent, so it
is limited.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpResponseBase
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.exports import xlsx
from portal.files import streamed
from portal.words import measures
from tenants.models import Operator


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. delimiter: of CSV, None for a workbook. limit: the most rows it is made with."""

    name: str
    suffix: str
    delimiter: str | None = None
    limit: int | None = None


XLSX = Kind("xlsx", "xlsx", limit=100_000)
COMMA, SEMICOLON = Kind("comma", "csv", ","), Kind("semicolon", "csv", ";")
KINDS = {kind.name: kind for kind in (XLSX, COMMA, SEMICOLON)}


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of the file: its heading, and its value of a row.

    A local time is naive, a number a Decimal or int; a truth is written as yes or no.
    """

    heading: str
    value: Callable[[Any], object]
    is_amount: bool = False


def local(moment: datetime | None, operator: Operator) -> datetime | None:
    """Return a moment as files hold it: by the operator's clock, whose name stands in a column of its own."""
    return moment and moment.astimezone(operator.zone).replace(tzinfo=None, microsecond=0)


def kind(name: str) -> Kind:
    """Return the kind of this name; otherwise the CSV that a spreadsheet in the reader's language opens by itself."""
    return KINDS.get(name, SEMICOLON if get_language() == "sv" else COMMA)


def too_long(kind: Kind) -> str:
    """Say that the list has more rows than a file of this kind is made with."""
    most = measures.number(kind.limit)
    return _("A workbook holds at most %(most)s rows of a list. Narrow the list, or take it as CSV.") % {"most": most}


def table_file(
    name: str, *, kind: Kind, columns: Sequence[FileColumn], rows: Callable[[], Iterable[Any]], operator: Operator
) -> HttpResponseBase:
    """Answer with the rows as a file. `rows` is called, and read, inside the operator's scope."""
    if kind.delimiter is None:
        return _workbook(f"{name}.{kind.suffix}", columns, rows())
    comma = measures.decimal_sign()

    def lines() -> Iterable[list[object]]:
        return ([_written(column, column.value(row), comma) for column in columns] for row in rows())

    return streamed.csv_file(
        f"{name}.{kind.suffix}",
        header=[column.heading for column in columns],
        lines=lines,
        operator=operator,
        delimiter=kind.delimiter,
    )


def _written(column: FileColumn, value: object, comma: str) -> object:
    value = _yes_or_no(value)
    if isinstance(value, Decimal):
        return _decimals(value, at_least=2 if column.is_amount else 0).replace(".", comma)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value


def _yes_or_no(value: object) -> object:
    return (_("yes") if value else _("no")) if isinstance(value, bool) else value


def _decimals(value: Decimal, *, at_least: int) -> str:
    """Write every decimal that the number has, so that a column adds up to its total, and no zeros beyond."""
    whole, _point, decimals = f"{value:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(at_least, "0")
    return f"{whole}.{decimals}" if decimals else whole


def _workbook(name: str, columns: Sequence[FileColumn], rows: Iterable[Any]) -> FileResponse:
    listed = [{column.heading: _yes_or_no(column.value(row)) for column in columns} for row in rows]
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, name)
    moments = frozenset(name for row in listed for name, value in row.items() if isinstance(value, datetime))
    sheet = xlsx.Sheet(_("List"), [column.heading for column in columns], xlsx.blocks(listed), moments)
    xlsx.write(path, [sheet])
    file = path.open("rb")
    folder.cleanup()
    return FileResponse(file, as_attachment=True, filename=name)
