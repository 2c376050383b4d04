"""Workbooks: what stands in a cell is what was given, whether rows come as columns or one by one."""

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

from billing.exports import xlsx

TEXTS = ["a & <b>", "=HYPERLINK(1)", "two\nlines", "\x0b_x0041_", " åäö € 😀 ", "-1", ""]
DAYS = [date(2026, 10, 1), date(1999, 12, 31)]
MOMENTS = [datetime.fromisoformat(each) for each in ("2026-10-25T02:30:59", "2026-01-01T12:00:00")]
NUMBERS = [Decimal("31.25"), Decimal("-0.000001"), Decimal("123456789012.34")]


def rows():
    length = len(TEXTS)
    return [
        {
            "Text": text,
            "Number": NUMBERS[at] if at < len(NUMBERS) else None,
            "Count": at * 1_000 if at else None,
            "Day": DAYS[at] if at < len(DAYS) else None,
            "Time": MOMENTS[at] if at < len(MOMENTS) else None,
        }
        for at, text in zip(range(length), TEXTS, strict=True)
    ]


def typed(found):
    schema: dict[str, Any] = {
        "Text": pl.String,
        "Number": pl.Float64,
        "Count": pl.Int64,
        "Day": pl.Date,
        "Time": pl.Datetime("us"),
    }
    values = [[None if value is None else value for value in row.values()] for row in found]
    floats = [[text, None if number is None else float(number), *rest] for text, number, *rest in values]
    return pl.DataFrame(floats, schema=schema, orient="row")


def book(*sheets):
    content = io.BytesIO()
    xlsx.write(content, list(sheets))
    return content


def sheet(blocks, name="Rows"):
    return xlsx.Sheet(name, list(rows()[0]), iter(blocks), frozenset({"Time"}))


def names(content):
    return CalamineWorkbook.from_filelike(io.BytesIO(content.getvalue())).sheet_names


def read(content, at=0):
    return CalamineWorkbook.from_filelike(io.BytesIO(content.getvalue())).get_sheet_by_index(at).to_python()


@pytest.mark.parametrize("form", ["columns", "rows"])
def test_every_cell_is_what_was_given(form):
    head, *cells = read(book(sheet([typed(rows())] if form == "columns" else xlsx.blocks(rows()))))
    assert head == ["Text", "Number", "Count", "Day", "Time"]
    for row, given in zip(cells, rows(), strict=False):
        wanted = ["" if value is None else value for value in given.values()]
        wanted[1] = float(wanted[1]) if wanted[1] != "" else ""
        assert row == wanted, (row, wanted)


@pytest.mark.parametrize("form", ["columns", "rows"])
def test_the_same_rows_are_the_same_bytes_which_say_no_time(form):
    first, second = (
        book(sheet([typed(rows())] if form == "columns" else xlsx.blocks(rows()))).getvalue() for _ in range(2)
    )
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert all(etree.fromstring(archive.read(name)) is not None for name in archive.namelist())


@pytest.mark.parametrize("form", ["columns", "rows"])
def test_what_is_more_than_a_sheet_holds_stands_on_the_next_one(form, monkeypatch):
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 3)
    monkeypatch.setattr(xlsx, "_ROWS_AT_ONCE", 2)
    blocks = [typed(rows())] if form == "columns" else xlsx.blocks(rows())
    content = book(sheet(blocks, "Rad'er & <sånt>"), xlsx.Sheet("None", ["A"], iter([])))
    assert names(content) == ["Rad'er & <sånt>", "Rad'er & <sånt> 2", "Rad'er & <sånt> 3", "None"]
    parts = [read(content, at)[1:] for at in range(3)]
    assert [row[0] for part in parts for row in part][: len(TEXTS) - 1] == TEXTS[:-1]
    assert [len(part) for part in parts[:2]] == [3, 3]
    assert read(content, 3) == [["A"]]


def test_a_sheet_ends_before_its_zip_would_need_what_excel_warns_of(monkeypatch):
    monkeypatch.setattr(xlsx, "SHEET_BYTES", 1)
    monkeypatch.setattr(xlsx, "_ROWS_AT_ONCE", 2)
    content = book(sheet(xlsx.blocks(rows())))
    assert len(names(content)) == 4


@pytest.mark.parametrize("length", [32_767, 32_768])
def test_a_text_is_cut_where_excel_ends(length):
    long = [{**rows()[0], "Text": "å" * length}]
    for blocks in ([typed(long)], xlsx.blocks(long)):
        assert read(book(sheet(blocks)))[1][0] == "å" * 32_767


def test_columns_beyond_z_have_two_letters():
    wide = {f"c{at}": at for at in range(30)}
    head, cells = read(book(xlsx.Sheet("W", list(wide), xlsx.blocks([wide]))))
    assert (head[-1], cells[-1], xlsx._letters(25), xlsx._letters(26)) == ("c29", 29, "Z", "AA")
