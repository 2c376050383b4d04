"""Files of every kind into rows of text, with the line each begins on."""
# ruff: noqa: DTZ001  # local times are the matter

import io
import zipfile
from datetime import datetime
from itertools import permutations

import pytest
from rustpy_xlsxwriter import write_worksheet

from charging.domain.errors import UnreadableFile
from charging.domain.reasons import Reject
from charging.ingest.sizes import Sizes
from charging.ingest.sources import opened
from charging.ingest.text import encoding_of, fingerprint
from charging.tests.ingest.files import stored

HEADER = "session id,station,start,end,kwh\n"


def rows_of(content, **sizes):
    source = opened(content, sizes=Sizes(**sizes))
    chunks = list(source.chunks())
    lines = [line for chunk in chunks for line in chunk.lines]
    cells = [row for chunk in chunks for row in chunk.frame.iter_rows()]
    broken = [row for chunk in chunks for row in chunk.broken]
    return source, list(zip(lines, cells, strict=True)), broken


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_delimiter_and_line_end(delimiter, end):
    text = (HEADER + "1,A,x,y,2\n3,B,x,y,4").replace(",", delimiter).replace("\n", end)
    source, rows, broken = rows_of(io.BytesIO(text.encode()))
    assert source.header == ["session id", "station", "start", "end", "kwh"]
    assert rows == [(2, ("1", "A", "x", "y", "2")), (3, ("3", "B", "x", "y", "4"))]
    assert broken == []


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "utf-32"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_any_encoding_with_and_without_compression(encoding, packed):
    _, rows, _ = rows_of(stored(HEADER + "1,Umeå Öst,x,y,2\n", encoding, packed=packed))
    assert rows == [(2, ("1", "Umeå Öst", "x", "y", "2"))]


@pytest.mark.parametrize("byte", [0x81, 0x8D, 0x8F, 0x90, 0x9D])
def test_a_byte_that_windows_does_not_know_makes_the_text_latin_1(byte):
    content = HEADER.encode() + b"1,Ume\xe5 " + bytes([byte]) + b"x,x,y,2\n"
    assert encoding_of(stored(content)) == "latin-1"
    _, rows, _ = rows_of(stored(content))
    assert rows == [(2, ("1", f"Umeå {chr(byte)}x", "x", "y", "2"))]


@pytest.mark.parametrize("byte", [0x80, 0x93, 0x9C, 0x9F])
def test_a_byte_that_only_windows_knows_makes_the_text_windows(byte):
    content = HEADER.encode() + b"1,Ume\xe5 " + bytes([byte]) + b"x,x,y,2\n"
    _, rows, _ = rows_of(stored(content))
    assert rows == [(2, ("1", f"Umeå {bytes([byte]).decode('cp1252')}x", "x", "y", "2"))]


@pytest.mark.parametrize(("delimiter", "other"), list(permutations([",", ";", "\t", "|"], 2)))
def test_headings_settle_the_delimiter_where_the_cells_would_not(delimiter, other):
    """Each row has as many of the other, and not each as many of ours: only the headings tell."""
    row = delimiter.join(["1", f"A{other}B", "x", "y", "2"])
    text = delimiter.join(["session id", "station", "start", "end", "kwh"]) + f"\n{row}" * 3 + f"\n{row}{delimiter}" * 2
    source, rows, _ = rows_of(stored(f"{text}\n"))
    assert source.delimiter == delimiter
    assert rows[0] == (2, ("1", f"A{other}B", "x", "y", "2"))


@pytest.mark.parametrize(("delimiter", "other"), list(permutations([",", ";", "\t", "|"], 2)))
def test_a_delimiter_inside_of_every_cell_does_not_win_over_the_headings(delimiter, other):
    header = ["session id", "station", "start", "end", "kwh"]
    row = [f"a{other}b{other}c"] * 5
    text = delimiter.join(header) + "\n" + (delimiter.join(row) + "\n") * 30
    source, rows, _ = rows_of(stored(text))
    assert source.delimiter == delimiter
    assert len(rows) == 30


def test_a_zero_byte_in_a_row_is_no_reason_to_refuse_the_file_and_many_are():
    source, rows, _ = rows_of(stored(HEADER + "1,A\0,x,y,2\n"))
    assert rows == [(2, ("1", "A\0", "x", "y", "2"))]
    assert source.encoding == "utf-8"
    with pytest.raises(UnreadableFile, match="file_not_text"):
        opened(stored(b"\x00\x01\x02\x03" * 100))


def test_the_encoding_is_decided_by_the_last_line_too():
    text = HEADER + "1,A,x,y,2\n" * 5_000
    assert encoding_of(stored(text + "2,Å,x,y,2\n", "cp1252")) == "cp1252"
    assert encoding_of(stored(text + "2,Å,x,y,2\n", "utf-8")) == "utf-8"


def test_quoted_cells_may_hold_delimiters_quotes_and_line_breaks_and_lines_stay_exact():
    text = HEADER + '1,"A, ""north""\nwing",x,y,2\n3,B,x,y,4\n'
    _, rows, _ = rows_of(stored(text))
    assert rows == [(2, ("1", 'A, "north"\nwing', "x", "y", "2")), (4, ("3", "B", "x", "y", "4"))]


@pytest.mark.parametrize("rest", ["3,B,x,y,4\n5,C,x,y,6\n", '3,B,x,y,4\n5,"C",x,y,6\n', "3,B,x,y,4\n" * 80])
def test_a_quotation_mark_that_is_never_closed_swallows_only_its_own_row(rest):
    _, rows, broken = rows_of(stored(HEADER + '1,"A,x,y,2\n' + rest))
    assert [(row.line, row.cells, row.reason) for row in broken] == [(2, ('1,"A,x,y,2',), Reject.UNREADABLE_ROW)]
    assert [line for line, _ in rows] == list(range(3, 3 + rest.count("\n")))


def test_rows_that_cross_a_block_are_whole():
    text = HEADER + "".join(f'{n},"A\n{n}",x,y,2\n' if n % 3 else f"{n},B,x,y,2\n" for n in range(50))
    _, rows, broken = rows_of(stored(text), chunk=40)
    assert [cells[0] for _, cells in rows] == [str(n) for n in range(50)]
    lines = text.split("\n")
    assert all(lines[line - 1].startswith(f"{cells[0]},") for line, cells in rows)
    assert broken == []


def test_ragged_rows_are_filled_up_or_set_aside_and_blank_lines_are_counted():
    source, rows, broken = rows_of(stored(HEADER + "1,A,x,y\n\n2,A,x,y,3,4\n3,A,x,y,5,\n ,,,,\n"))
    assert rows == [(2, ("1", "A", "x", "y", "")), (5, ("3", "A", "x", "y", "5"))]
    assert [(row.line, row.cells, row.reason) for row in broken] == [
        (4, ("2", "A", "x", "y", "3", "4"), Reject.TOO_MANY_CELLS)
    ]
    assert sum(chunk.blank_lines for chunk in source.chunks()) == 2


def test_a_long_row_and_a_short_one_do_not_make_up_for_each_other():
    _, rows, broken = rows_of(stored(HEADER + "1,A,x,y\n2,A,x,y,3,4\n"))
    assert [line for line, _ in rows] == [2]
    assert [row.line for row in broken] == [3]


def test_titles_above_the_header_are_passed_over_and_columns_without_a_name_get_one():
    source, rows, _ = rows_of(stored("Report for May\n\nsession id,station,start,end,kwh,,\n1,A,x,y,2,,\n"))
    assert source.header[-2:] == ["column 6", "column 7"]
    assert [line for line, _ in rows] == [4]


def test_a_spreadsheet_says_what_the_person_who_typed_it_sees():
    rows = [
        {
            "Session ID": 1,
            "Station": "A",
            "Start": datetime(2025, 5, 1, 8, 0),
            "End": datetime(2025, 5, 1, 9, 30),
            "kWh": 22.287,
        },
        {"Session ID": 2, "Station": "B", "Start": "2025-05-02 08:00", "End": "2025-05-02 09:00", "kWh": 7.0},
    ]
    content = io.BytesIO()
    write_worksheet(rows, content)
    source, found, _ = rows_of(content)
    assert source.kind == "xlsx"
    assert found[0] == (2, ("1", "A", "2025-05-01 08:00:00", "2025-05-01 09:30:00", "22.287"))
    assert found[1][1][-1] == "7"


def test_json_lines_carry_series_and_name_the_lines_that_are_none():
    text = '{"session_id":"1","energy_wh":5000,"series_wh":[1,2]}\n\nnot json\n[1]\n{"session_id":"2"}\n'
    source, rows, broken = rows_of(stored(text))
    assert source.kind == "jsonl"
    assert source.header == ["session_id", "energy_wh", "series_wh"]
    assert rows == [(1, ("1", "5000", "[1,2]")), (5, ("2", "", ""))]
    assert [(row.line, row.reason) for row in broken] == [(3, Reject.UNREADABLE_ROW), (4, Reject.UNREADABLE_ROW)]


@pytest.mark.parametrize("damage", ["<sheetData", "broken", ""])
def test_a_workbook_with_a_damaged_or_missing_sheet_is_refused(damage, tmp_path):
    path = tmp_path / "book.xlsx"
    write_worksheet([{"session id": "1", "kwh": 2}], str(path))
    damaged = io.BytesIO()
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(damaged, "w") as parts:
        for name in whole.namelist():
            is_sheet = name.startswith("xl/worksheets/")
            if damage or not is_sheet:
                parts.writestr(name, f"<worksheet>{damage}" if is_sheet else whole.read(name))
    with pytest.raises(UnreadableFile, match=r"not_a_workbook|workbook_without_rows|sheet_empty"):
        opened(damaged)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"PK\x03\x04 not a workbook", b"\x00\x01\x02\x03" * 100, b"\x1f\x8b broken"]
)
def test_what_is_no_table_is_refused_in_words(content):
    with pytest.raises(UnreadableFile):
        list(opened(io.BytesIO(content)).chunks())


def test_a_file_is_known_by_its_bytes():
    content = stored("abc")
    print_of = fingerprint(content)
    assert (print_of.size, print_of.sha256[:8]) == (3, "ba7816bf")
    assert content.tell() == 0
