"""Files made to harm: each is answered in words that name the limit, in bounded time and memory, by a process apart."""

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime

import pytest

from charging.domain.errors import ChargingError, UnreadableFile, WrongColumns
from charging.domain.reasons import Reject
from charging.ingest import apart
from charging.ingest.layout import Field
from charging.ingest.sizes import Sizes
from charging.tests.ingest.files import DUNDEE, PLAIN, PLAIN_HEADER, plain
from charging.tests.ingest.workbooks import cell, row, table, workbook
from tenants.strangers import apart as strangers
from tenants.strangers.apart import Allowance

AT = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = "2,A,card,2025-05-02 10:00,2025-05-02 11:00,7.5"
SMALL = Sizes(chunk=1_000, line=500)


def look(content, layout=None, sizes=None):
    return apart.look(io.BytesIO(content), layout, home_zone="Europe/Stockholm", at=AT, sizes=sizes)


def imported(content, layout=PLAIN, sizes=None):
    """The accepted ids and the lines and first reasons of the rejected rows of the whole file."""
    rejected: dict[int, Reject] = {}
    ids, rows = [], 0
    with apart.converted(io.BytesIO(content), layout, at=AT, skip=[], sizes=sizes) as chunks:
        for chunk in chunks:
            ids += chunk.batch.accepted["external_id"].to_list()
            rejected |= {row.line: row.reasons[0] for row in chunk.batch.rejected}
            rows += chunk.batch.rows
    assert rows == len(ids) + len(rejected)
    return ids, rejected


# --- sizes, in words ---


@pytest.mark.parametrize(
    ("content", "code", "facts"),
    [
        (gzip.compress(b"x" * 300_000_000, 1), "heading_too_long", {"line": 1, "most": 65536}),
        (
            ",".join(f"c{n}" for n in range(4_000)).encode() + b"\n",
            "file_too_wide",
            {"line": 1, "columns": 4000, "most": 200},
        ),
        (b"Report\n\n" + b"session id;" * 201 + b"\n", "file_too_wide", {"line": 3, "columns": 202}),
        (json.dumps({f"k{n}": n for n in range(9_000)}).encode(), "too_many_keys", {"line": 1, "names": 9000}),
        (
            "\n".join(json.dumps({f"k{line}_{n}": n for n in range(90)}) for line in range(50)).encode(),
            "too_many_keys",
            {"line": 3, "names": 270, "most": 200},
        ),
        (b'{"id":' * 600 + b"1" + b"}" * 600, "not_json_lines", {"depth": 32}),
        (b"[" * 100_000, "not_json_lines", {"depth": 32}),
        (b'{"session": {"id": 1},\n"kwh": 2}\n', "json_without_list", {}),
        (b";;;;\n" * 50, "file_of_delimiters", {}),
        (b";" * 3_000_000, "file_of_delimiters", {}),
        (b"\n" * 5_000, "file_empty", {}),
        (gzip.compress(b"id,station\n" + bytes(range(256)) * 10_000)[:200], "file_damaged", {}),
    ],
    ids=[
        "line",
        "columns",
        "below",
        "keys",
        "more and more keys",
        "deep",
        "lists",
        "no list",
        ";;;",
        "only ;",
        "blank",
        "cut",
    ],
)
def test_what_is_too_large_is_refused_with_limit_and_line(content, code, facts):
    began = time.monotonic()
    with pytest.raises(UnreadableFile, match=code) as refused:
        look(content)
    assert refused.value.facts.items() >= facts.items()
    assert time.monotonic() - began < 60


def test_a_gzip_that_unpacks_to_more_than_a_gigabyte_is_given_up():
    with pytest.raises(UnreadableFile, match="file_too_large"):
        look(gzip.compress(b"id,station,start,end,kwh\n" + b"x" * (1 << 30), 1))


def test_a_line_that_is_too_long_is_a_rejected_row_and_the_others_go_in():
    long = "x" * 501
    content = plain("1,A,c,2025-05-01 10:00,2025-05-01 11:00,7.5", long, GOOD).encode()
    assert imported(content, sizes=SMALL) == (["1", "2"], {3: Reject.LINE_TOO_LONG})
    assert imported(content + b'"' + b"y" * 5_000, sizes=SMALL) == (
        ["1", "2"],
        {3: Reject.LINE_TOO_LONG, 5: Reject.LINE_TOO_LONG},
    )


@pytest.mark.parametrize("place", range(900, 1_100, 20))
def test_long_lines_on_the_edge_of_a_block_move_no_line_number(place):
    rows = [f"{n},A,card,2025-05-02 10:00,2025-05-02 11:00,7.5" for n in range(60)]
    rows[place // 50] = "z" * place
    rows[40] = "z" * 3_000
    ids, rejected = imported(plain(*rows).encode(), sizes=SMALL)
    assert rejected == {place // 50 + 2: Reject.LINE_TOO_LONG, 42: Reject.LINE_TOO_LONG}
    assert ids == [str(n) for n in range(60) if n not in (place // 50, 40)]


def test_long_and_deep_lines_of_json_are_rejected_rows():
    good = {"id": "1", "station": "A", "card": "c", "start": "2025-05-01 10:00", "end": "2025-05-01 11:00", "kwh": 7.5}
    lines = [
        json.dumps(good),
        json.dumps(good | {"id": "x" * 600}),
        '{"id":' * 33 + "1" + "}" * 33,
        "{" * 400,
        json.dumps(good | {"id": "2"}),
    ]
    ids, rejected = imported("\n".join(lines).encode(), sizes=SMALL)
    assert ids == ["1", "2"]
    assert rejected == {2: Reject.LINE_TOO_LONG, 3: Reject.UNREADABLE_ROW, 4: Reject.UNREADABLE_ROW}


# --- workbooks ---


def test_two_cells_in_opposite_corners_are_refused_before_they_are_a_rectangle():
    content = workbook(row(1, cell("A1", "id")) + row(1_048_576, cell("XFD1048576", "x")))
    assert len(content) < 2_000
    with pytest.raises(UnreadableFile, match="workbook_too_wide") as refused:
        look(content)
    assert refused.value.facts == {"corner": "A1:XFD1048576", "cells": 17179869184, "most": 16777216}


def test_a_rectangle_spread_over_sheets_is_one_rectangle():
    half = row(1, cell("A1", "id")) + row(1_000_000, cell("J1000000", "x"))
    with pytest.raises(UnreadableFile, match="workbook_too_wide"):
        look(workbook(half, half))


def test_corners_that_hide_from_the_count_end_the_process_and_nothing_else():
    """The sheet's rows stand in no order, so that only the parser sees how far they reach."""
    filler = "".join(row(n, cell(f"A{n}", "x" * 90)) for n in range(2, 30_000))
    sheet = row(1, cell("A1", "id"), cell("P1", "x")) + row(2_000_000_000, cell("B2000000000", "far")) + filler
    with pytest.raises(UnreadableFile, match=r"reading_too_large|file_unreadable|not_a_workbook|workbook_too_wide"):
        look(workbook(sheet))


@pytest.mark.parametrize(
    "sheet",
    [
        table(),
        table() + row(1_048_576, '<c r="XFD1048576" s="1"/>'),
        table(first=900) + row(2_000, cell("C2000", "signed: Åsa")),
        table() + row(9, cell("ZZ9", "a note")),
    ],
    ids=["lying dimension", "colours only", "far below", "a note far right"],
)
def test_sheets_with_little_in_them_still_go_in(sheet):
    looked = look(workbook(sheet, dimension="A1:XFD1048576"), PLAIN)
    assert looked.accepted["external_id"].to_list() == ["1", "2"]


def test_what_an_archive_says_of_its_sizes_is_not_believed():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 50_000_000)
    lying = bytearray(content.getvalue())
    for place in (lying.find(b"PK\x01\x02") + 24, lying.find(b"PK\x03\x04") + 22):
        lying[place : place + 4] = (100).to_bytes(4, "little")
    with pytest.raises(UnreadableFile, match="workbook_too_large"):
        look(bytes(lying), sizes=Sizes(unpacked=10_000_000))


def test_the_last_instant_a_sheet_can_hold_is_a_rejected_row():
    late = '<c r="{}9" s="1"><v>2958465.99999999</v></c>'
    sheet = table() + row(9, cell("A9", "9"), cell("B9", "A"), late.format("D"), late.format("E"))
    looked = look(workbook(sheet, dates=True), PLAIN)
    assert looked.accepted["external_id"].to_list() == ["1", "2"]
    assert looked.rejected == 1


# --- signs no text may hold ---

SIGNS = ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9f", "\ufffe", "\uffff", "\ufdd0", "\U0001fffe"]


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("sign", SIGNS)
def test_a_control_character_in_any_name_rejects_its_row_in_csv_and_json(sign, column):
    facts = ["1", "A", "card", "2025-05-01 10:00", "2025-05-01 11:00", "7.5"]
    facts[column] = f"x{sign}y"
    rows = [",".join(facts), GOOD]
    assert imported(plain(*rows).encode("utf-8")) == (["2"], {2: Reject.CONTROL_CHARACTER})
    names = PLAIN_HEADER.strip().split(",")
    lines = [json.dumps(dict(zip(names, cells, strict=True))) for cells in (facts, GOOD.split(","))]
    assert imported("\n".join(lines).encode()) == (["2"], {1: Reject.CONTROL_CHARACTER})


def test_a_lone_surrogate_in_json_rejects_its_row():
    names = PLAIN_HEADER.strip().split(",")
    lines = [json.dumps(dict(zip(names, GOOD.replace("2,A", f"{n},A", 1).split(","), strict=True))) for n in (1, 2)]
    lines[0] = lines[0].replace('"A"', r'"\ud800"')
    assert imported("\n".join(lines).encode()) == (["2"], {1: Reject.UNREADABLE_ROW})


def test_a_control_character_in_a_cell_of_a_sheet_rejects_its_row():
    sheet = table().replace(">A<", ">A&#x9;B<", 1)
    looked = look(workbook(sheet), PLAIN)
    assert looked.accepted["external_id"].to_list() == ["2"]
    assert looked.refused[0].reasons[0] is Reject.CONTROL_CHARACTER


def test_marks_nobody_sees_are_taken_out_of_names():
    marked = "\ufeff1,\u200eA\u200f,ca\u202ard\ufeff,2025-05-01 10:00\u200e,2025-05-01 11:00,7.5"
    looked = look(plain(marked).encode(), PLAIN)
    assert looked.accepted.select("external_id", "station", "token").row(0) == ("1", "A", "card")


def test_unfit_signs_in_headings_and_shown_cells_are_replaced():
    looked = look(("id,sta\0tion,x\ufffey\n1\0,A,B\n" + "2,A,B\n" * 20).encode())
    assert looked.header == ["id", "sta\ufffdtion", "x\ufffdy"]
    assert looked.cells[0][1] == ("1\ufffd", "A", "B")


def test_shown_cells_are_cut():
    looked = look(b"id,station\n1," + b"x" * 100_000 + b"\n")
    assert looked.cells[0][1] == ("1", "x" * 200)


# --- odd times and numbers ---


@pytest.mark.parametrize(
    "when",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31 23:59:59.99",
        "0000-00-00",
        "99999999999999",
    ],
)
def test_times_at_the_ends_of_the_calendar_are_rejected_rows(when):
    rows = [f"1,A,card,{when},{when},7.5", GOOD]
    ids, rejected = imported(plain(*rows).encode())
    assert ids == ["2"]
    assert list(rejected) == [2]


@pytest.mark.parametrize("number", ["9" * 400, "1e400", "1e999999999", "NaN", "-0", "²", "99999999999999", "١٢"])
def test_odd_numbers_are_rejected_or_read(number):
    ids, rejected = imported(plain(f"1,A,card,2025-05-01 10:00,2025-05-01 11:00,{number}", GOOD).encode())
    assert "2" in ids
    assert len(ids) + len(rejected) == 2


@pytest.mark.parametrize(
    "readings",
    [
        '[["0001-01-01T00:00:00+14:00", 0], ["0001-01-01T01:00:00+14:00", 5]]',
        "[[1e18, 0], [1e19, 1]]",
        "[[0, 1e300], [60, 1e301]]",
        '[["2025-05-01T10:00:00", 9223372036854775807], ["2025-05-01T11:00:00", 9223372036854775808]]',
        "[[NaN, 1]]",
        "5",
        "{}",
        "[1]",
        "[" * 500,
        "[[0, 1]" + ", [60, 2]" * 20_000 + "]",
    ],
)
def test_odd_readings_reject_their_row_only(readings):
    layout = PLAIN.saying(columns={**PLAIN.columns, Field.READINGS: ("readings",)})
    columns = [*PLAIN_HEADER.strip().split(","), "readings"]
    bad = ["1", *GOOD.split(",")[1:], readings]
    written = [dict(zip(columns, cells, strict=True)) for cells in (bad, [*GOOD.split(","), ""])]
    ids, rejected = imported("\n".join(map(json.dumps, written)).encode(), layout)
    assert ids == ["2"]
    assert rejected == {1: Reject.UNREADABLE_SERIES}


# --- the process itself ---


def test_the_process_has_nothing_of_the_callers_environment_and_may_write_no_file(monkeypatch):
    """What the child sees, asked of the very command and environment it is started with."""
    monkeypatch.setenv("WATTLEDGER_SECRET", "kept")
    code = (
        "import os, resource, sys\n"
        "from tenants.strangers import inside\n"
        "inside.shut_in(memory=2 << 30, seconds=5)\n"
        "names = set(os.environ) - {'_RJEM_MALLOC_CONF'}\n"
        "try:\n"
        "    os.write(os.open('/tmp', os.O_TMPFILE | os.O_WRONLY), b'x')\n"
        "except OSError: wrote = False\n"
        "else: wrote = True\n"
        "print(sorted(names), wrote, 'django' in sys.modules, resource.getrlimit(resource.RLIMIT_CPU)[0])\n"
    )
    command = [sys.executable, "-s", "-c", code]
    done = subprocess.run(
        command, env=strangers.ENVIRONMENT, cwd=strangers.ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "['LC_ALL', 'POLARS_MAX_THREADS'] False False 5", done.stderr


def test_a_process_out_of_memory_ends_alone_and_says_so(monkeypatch):
    monkeypatch.setattr(apart, "LOOK", Allowance(memory_mb=500, processor_s=20, silence_s=60))
    with pytest.raises(UnreadableFile, match="reading_too_large"):
        look(plain(*[GOOD] * 50_000).encode(), PLAIN)


def test_a_process_out_of_processor_time_ends_alone_and_says_so(monkeypatch):
    code = "from tenants.strangers import inside; inside.shut_in(memory=2 << 30, seconds=1)\nwhile True: pass"
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-s", "-c", code))
    with pytest.raises(UnreadableFile, match="reading_too_slow"):
        look(DUNDEE.encode())


def test_a_silent_process_is_ended(monkeypatch):
    monkeypatch.setattr(apart, "LOOK", Allowance(memory_mb=2_048, processor_s=60, silence_s=1))
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))
    with pytest.raises(UnreadableFile, match="reading_silent"):
        look(DUNDEE.encode())


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_is_killed_is_an_unreadable_file(monkeypatch, number):
    monkeypatch.setattr(apart, "_COMMAND", (sys.executable, "-c", f"import os; os.kill(os.getpid(), {int(number)})"))
    with pytest.raises(UnreadableFile, match="reading_too_large"):
        look(DUNDEE.encode())


def test_a_process_leaves_nothing_behind():
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(UnreadableFile):
            look(b"")
        look(DUNDEE.encode())
    assert len(os.listdir("/proc/self/fd")) == before


def test_memory_stays_bounded_on_a_long_line(tmp_path):
    """Asked in a process of its own, whose only child is the one that reads."""
    path = tmp_path / "long.gz"
    path.write_bytes(gzip.compress(PLAIN_HEADER.encode() + b"x" * 300_000_000, 1))
    code = (
        "import resource, sys; from charging.tests.ingest import test_bounds_of_files as here\n"
        f"print(here.imported(open({str(path)!r}, 'rb').read()))\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=strangers.ROOT, capture_output=True, text=True, check=True)
    found, peak = done.stdout.splitlines()
    assert found == "([], {2: <Reject.LINE_TOO_LONG: 'line_too_long'>})"
    assert int(peak) < 400_000


def test_errors_come_back_as_what_they_are():
    with pytest.raises(WrongColumns, match=r"facts_without_column|column_lacking"):
        look(b"id,station,card,start,end\n1,A,c,x,y\n", PLAIN)
    with pytest.raises(ChargingError, match="no_time_zone"):
        look(DUNDEE.encode(), PLAIN.saying(time_zone="Europe/Nowhere"))
