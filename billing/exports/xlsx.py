"""XLSX: typed cells, one sheet a table and as many more as Excel's limits ask for.

Written by ourselves: a sheet is XML, and the cells of some thousand rows are set a column at a time by polars, not
each as a value of Python. It is packed as it is made, so memory does not grow with the file.
The same rows give the same bytes: nothing in it says when it was made. Texts are always text cells, so nothing in one
can become a formula.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl

Row = dict[str, Any]
#: Rows as they come: of Python values, or as columns whose types say what they are.
Block = Sequence[Row] | pl.DataFrame
#: Excel's rows without the header.
SHEET_ROWS: Final = 1_048_575
#: A sheet ends before the size from which a ZIP needs fields that Excel warns of.
SHEET_BYTES: Final = 1_900_000_000
#: The signs of a cell that Excel reads.
_LONGEST: Final = 32_767
_ROWS_AT_ONCE: Final = 4_000
_DAY_NONE: Final = date(1899, 12, 30)
_DAY_S: Final = 86_400
#: What XML may not hold, written as the standard has it (ECMA-376, ST_Xstring), and what would be taken for that.
_UNFIT: Final = "[\\x00-\\x08\\x0b-\\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_"
_unfit: Final = re.compile(_UNFIT)
# The styles of cells, by their places in _STYLES.
_HEAD, _NUMBER, _DAY, _MOMENT = 1, 2, 3, 4

_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PARTS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KINDS: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES: Final = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="0.00####"/>'
    '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/>'
    '<numFmt numFmtId="166" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/>'
    '</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="5">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    + "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for number in (164, 165, 166)
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be written: its headings and rows; beyond Excel's limits it goes on in a next one.

    moments: the columns of local times, which are wider; other dates are days.
    """

    name: str
    columns: list[str]
    blocks: Iterator[Block]
    moments: frozenset[str] = frozenset()


def blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows of Python values, some at a time."""
    rest = iter(rows)
    while some := list(islice(rest, _ROWS_AT_ONCE)):
        yield some


def write(to: Path | BinaryIO, sheets: list[Sheet]) -> None:
    """Write a workbook."""
    with ZipFile(to, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        book = _Book(archive)
        for sheet in sheets:
            book.add(sheet)
        book.close()


class _Book:
    """A workbook that is being written: its sheets first, as what they are called is known when they are all there."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._names: list[tuple[str, str]] = []
        office = f'<Relationship Id="rId1" Type="{_PARTS}/officeDocument" Target="xl/workbook.xml"/>'
        self._put("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{office}</Relationships>')
        self._put("xl/styles.xml", _STYLES)

    def add(self, sheet: Sheet) -> None:
        """Write a sheet, in as many parts as it takes."""
        rest = _sliced(sheet.blocks)
        block = next(rest, None)
        number = 1
        while number == 1 or block is not None:
            name = sheet.name if number == 1 else f"{sheet.name} {number}"
            with self._archive.open(f"xl/worksheets/sheet{len(self._names) + 1}.xml", "w") as file:
                block, count = _part(file, sheet, block, rest, is_first=not self._names)
            self._names.append((name, _area(sheet, count)))
            number += 1

    def close(self) -> None:
        """Write what says which parts there are."""
        numbers = range(1, len(self._names) + 1)
        said = "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, (name, _) in zip(numbers, self._names, strict=True)
        )
        # Excel keeps what its filter is laid over as a name of its own.
        filters = "".join(
            f'<definedName name="_xlnm._FilterDatabase" localSheetId="{number - 1}" hidden="1">'
            f"{_escaped(_quoted(name))}!{_fixed(area)}</definedName>"
            for number, (name, area) in zip(numbers, self._names, strict=True)
        )
        self._put(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_PARTS}"><sheets>{said}</sheets>'
            f"<definedNames>{filters}</definedNames></workbook>",
        )
        sheets = "".join(
            f'<Relationship Id="rId{number}" Type="{_PARTS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            for number in numbers
        )
        styles = f'<Relationship Id="rId{len(self._names) + 1}" Type="{_PARTS}/styles" Target="styles.xml"/>'
        named = f'<Relationships xmlns="{_PACKAGE}/relationships">{sheets}{styles}</Relationships>'
        self._put("xl/_rels/workbook.xml.rels", named)
        listed = "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_KINDS}.worksheet+xml"/>'
            for number in numbers
        )
        self._put(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_KINDS}.styles+xml"/>{listed}</Types>',
        )

    def _put(self, name: str, content: str) -> None:
        with self._archive.open(name, "w") as file:
            file.write((_XML + content).encode())


def _sliced(found: Iterator[Block]) -> Iterator[Block]:
    """The rows, so many at once as memory is to hold as XML."""
    for block in found:
        for at in range(0, len(block), _ROWS_AT_ONCE):
            yield block[at : at + _ROWS_AT_ONCE]


def _part(
    file: IO[bytes], sheet: Sheet, block: Block | None, rest: Iterator[Block], *, is_first: bool
) -> tuple[Block | None, int]:
    """Write one part of a sheet; return the rows that did not fit, and how many it has."""
    file.write(_beginning(sheet, is_first=is_first).encode())
    count = size = 0
    while block is not None and count < SHEET_ROWS and size < SHEET_BYTES:
        some, left = block[: SHEET_ROWS - count], block[SHEET_ROWS - count :]
        size += file.write(_rows(some, count + 2).encode())
        count += len(some)
        block = left if len(left) else next(rest, None)
    file.write(f'</sheetData><autoFilter ref="{_area(sheet, count)}"/></worksheet>'.encode())
    return block, count


def _beginning(sheet: Sheet, *, is_first: bool) -> str:
    selected = ' tabSelected="1"' if is_first else ""
    widths = "".join(
        f'<col min="{number}" max="{number}" width="{_width(heading, sheet)}" customWidth="1"/>'
        for number, heading in enumerate(sheet.columns, 1)
    )
    heads = "".join(_text(f"{_letters(at)}1", heading, _HEAD) for at, heading in enumerate(sheet.columns))
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"{selected}>'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{widths}</cols><sheetData><row r="1">{heads}</row>'
    )


def _width(heading: str, sheet: Sheet) -> int:
    """Wide enough for the heading with its filter, and for what usually stands under it."""
    return max(len(heading) + 4, 20 if heading in sheet.moments else 12)


def _area(sheet: Sheet, count: int) -> str:
    return f"A1:{_letters(len(sheet.columns) - 1)}{count + 1}"


def _quoted(name: str) -> str:
    """A sheet's name as formulas have it."""
    return "'" + name.replace("'", "''") + "'"


def _fixed(area: str) -> str:
    return re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", area)


def _letters(at: int) -> str:
    """What Excel calls a column, counted from 0."""
    first, last = divmod(at, 26)
    return (_letters(first - 1) if first else "") + chr(ord("A") + last)


# --- rows ---


def _rows(block: Block, first: int) -> str:
    return _of_frame(block, first) if isinstance(block, pl.DataFrame) else "".join(_one_by_one(block, first))


def _of_frame(frame: pl.DataFrame, first: int) -> str:
    """The rows of typed columns, all cells of a column at a time."""
    numbers = pl.int_range(first, first + len(frame), eager=True).cast(pl.String)
    pieces: list[pl.Series | pl.Expr] = [pl.lit('<row r="'), numbers, pl.lit('">')]
    for at, column in enumerate(frame.iter_columns()):
        if column.null_count() < len(column):  # of what is wholly empty there are no cells
            pieces += _cells(column, _letters(at), numbers)
    rows = pl.select(pl.concat_str(*(_as_expr(piece) for piece in (*pieces, pl.lit("</row>"))))).to_series()
    return str(rows.str.join("").item())


def _as_expr(piece: pl.Series | pl.Expr) -> pl.Expr:
    return pl.lit(piece) if isinstance(piece, pl.Series) else piece


def _cells(column: pl.Series, letters: str, numbers: pl.Series) -> list[pl.Series | pl.Expr]:
    """The cells of a column in pieces, to be put together; where there is nothing, there is none."""
    begin, end = '"><v>', "</v></c>"
    if column.dtype == pl.String:
        # Blanks around a text and line ends in it are kept where that is said.
        kept = ' xml:space="preserve"' if column.str.contains(r"^\s|\s$|\n").any() else ""
        begin, end = f'" t="inlineStr"><is><t{kept}>', "</t></is></c>"
        column = _escaped_all(column)
    elif column.dtype == pl.Date:
        begin = f'" s="{_DAY}{begin}'
        column = (column - _DAY_NONE).dt.total_days()
    elif isinstance(column.dtype, pl.Datetime):
        begin = f'" s="{_MOMENT}{begin}'
        column = (column - datetime.combine(_DAY_NONE, datetime.min.time())).dt.total_microseconds() / (_DAY_S * 10**6)
    elif column.dtype.is_float():
        begin = f'" s="{_NUMBER}{begin}'
    pieces: list[pl.Series | pl.Expr] = [
        pl.lit(f'<c r="{letters}'),
        numbers,
        pl.lit(begin),
        column.cast(pl.String),
        pl.lit(end),
    ]
    if not column.null_count():
        return pieces
    return [pl.select(pl.concat_str(*(_as_expr(piece) for piece in pieces)).fill_null("")).to_series()]


def _escaped_all(texts: pl.Series) -> pl.Series:
    """The texts as XML has them; most columns hold nothing to escape."""
    if (texts.str.len_bytes().max() or 0) > _LONGEST:  # type: ignore[operator]
        texts = texts.str.head(_LONGEST)
    if texts.str.contains(_UNFIT).any():
        texts = pl.Series([text and _fit(text) for text in texts], dtype=pl.String)
    if texts.str.contains("[&<>]").any():
        for sign, said in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            texts = texts.str.replace_all(sign, said, literal=True)
    return texts


def _one_by_one(rows: Sequence[Row], first: int) -> Iterator[str]:
    """The rows of values of which each says itself what it is."""
    for number, row in enumerate(rows, first):
        cells = (_cell(f"{_letters(at)}{number}", value) for at, value in enumerate(row.values()))
        yield f'<row r="{number}">{"".join(cells)}</row>'


def _cell(place: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal | float):
        return f'<c r="{place}" s="{_NUMBER}"><v>{float(value)!r}</v></c>'
    if isinstance(value, int):
        return f'<c r="{place}"><v>{int(value)}</v></c>'
    if isinstance(value, datetime):
        days = (value.replace(tzinfo=None) - datetime.combine(_DAY_NONE, datetime.min.time())) / timedelta(days=1)
        return f'<c r="{place}" s="{_MOMENT}"><v>{days!r}</v></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="{_DAY}"><v>{(value - _DAY_NONE).days}</v></c>'
    return _text(place, str(value))


def _text(place: str, text: str, style: int = 0) -> str:
    styled = f' s="{style}"' if style else ""
    said = _escaped(_fit(text[:_LONGEST]))
    return f'<c r="{place}"{styled} t="inlineStr"><is><t xml:space="preserve">{said}</t></is></c>'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fit(text: str) -> str:
    """The text without signs that XML may not hold: those are written by their numbers."""
    return _unfit.sub(lambda found: f"_x{ord(found[0][0]):04X}_{found[0][1:]}", text)
