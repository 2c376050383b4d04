"""How fast a clean file of a million sessions becomes rows, beside what COPY alone takes for the same bytes.

Run: `bin/benchmark ingest [ROWS]`. The import is the whole one: reading, checking, placing, storing with every
index, reference and policy, progress, and the pass over overlaps. Reading alone, COPY alone, COPY of the finished rows into a
table with the same indexes and the import of the same file once more (every row is known) stand beside it; memory is
the peak of this process and of the one that reads the file.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from django.core.files import File
from django.utils import timezone

from benchmarks import network
from charging.ingest.convert import Converter
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.sources import opened
from charging.models import FileImport
from charging.services import imports
from portal import env
from tenants.models import Operator
from tenants.scoping import tenant_scope

SITES, STATIONS, CARDS = 40, 800, 5_000
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
HEADER = "Session ID,Site,Charge point,Connector,Card,Start,End,Energy (kWh)\n"
LAYOUT = Layout(
    columns={
        Field.EXTERNAL_ID: ("Session ID",),
        Field.SITE: ("Site",),
        Field.STATION: ("Charge point",),
        Field.CONNECTOR: ("Connector",),
        Field.TOKEN: ("Card",),
        Field.STARTED_AT: ("Start",),
        Field.ENDED_AT: ("End",),
        Field.ENERGY: ("Energy (kWh)",),
    },
    source="bench",
    date_order=DateOrder.DMY,
    time_zone="UTC",
)


def main(rows: int = 1_000_000) -> None:
    """Write the file, measure, print a table in Markdown."""
    operator = network.create_operator(f"ingest{int(time.time())}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sessions.csv"
        write_file(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB\n\n| what | seconds | rows/s |\n|---|---|---|")
        measured("reading and checking alone", rows, lambda: read(path, rows))
        measured("COPY alone, into a table without indexes", rows, lambda: copy(path))
        took = measured("**import**", rows, lambda: store(operator, path, rows))
        dumped = Path(folder) / "sessions.copy"
        dump(operator, dumped)
        least = measured("COPY of the same rows into a table with the same indexes", rows, lambda: copy_rows(dumped))
        print(f"| ratio of the import to that COPY | {took / least:.2f} | |")
        measured("the same file again, all known", rows, lambda: store(operator, path, 0))
    print(
        f"\nPeak memory of the importing process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, "
        f"of the process that reads the file: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB."
    )


def measured(what: str, rows: int, act: Callable[[], None]) -> float:
    """Do it once, print how long it took, and return the seconds."""
    began = time.perf_counter()
    act()
    took = time.perf_counter() - began
    print(f"| {what} | {took:.2f} | {rows / took:,.0f} |", flush=True)
    return took


def write_file(path: Path, rows: int) -> None:
    """Write sessions of two years in the order of their start; none overlaps, none is odd."""
    step = timedelta(days=700) / rows
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number in range(rows):
            start = FIRST + number * step
            # A station has its turn again after STATIONS steps: the session must have ended by then.
            end = start + min(timedelta(hours=3), step * STATIONS * 0.9)
            station, card = number * 7919 % STATIONS, number * 104_729 % CARDS
            file.write(
                f"B{number:09},Site {station % SITES},ST{station},1,{card:08X},"
                f"{start:%d/%m/%Y %H:%M},{end:%d/%m/%Y %H:%M},{1 + number % 29}.{number % 1000:03}\n"
            )


def read(path: Path, rows: int) -> None:
    """Read the file into checked columns and throw them away."""
    with path.open("rb") as stored:
        converter, found = Converter(LAYOUT, at=timezone.now()), 0
        for chunk in opened(stored, LAYOUT).chunks():
            found += converter.convert(chunk).accepted.height
    if found != rows:
        raise SystemExit(f"{rows - found} rows of the clean file were not accepted.")


def copy(path: Path) -> None:
    """Let PostgreSQL read the same bytes as text, by the role that may make a table."""
    columns = ", ".join(f"c{number} text" for number in range(HEADER.count(",") + 1))
    with psycopg.connect(env.text("DATABASE_OWNER_URL")) as owner, owner.cursor() as cursor:
        cursor.execute(f"CREATE TABLE benchmark_copy ({columns})")
        with path.open("rb") as file, cursor.copy("COPY benchmark_copy FROM STDIN (FORMAT csv, HEADER)") as into:
            while block := file.read(1 << 20):
                into.write(block)
        owner.commit()
        cursor.execute("DROP TABLE benchmark_copy")


def dump(operator: Operator, path: Path) -> None:
    """Write the imported rows to a file, as PostgreSQL itself writes them."""
    with psycopg.connect(env.text("DATABASE_OWNER_URL")) as owner, owner.cursor() as cursor, path.open("wb") as file:
        cursor.execute("SELECT set_config('app.operator_id', %s, true)", [str(operator.pk)])
        rows = f"SELECT * FROM charging_chargingsession WHERE operator_id = {int(operator.pk)}"  # a number
        with cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT binary)") as out:
            for block in out:
                file.write(block)


def copy_rows(path: Path) -> None:
    """Let PostgreSQL take finished rows into a table with the indexes of sessions, and no policy or reference.

    What no import into that table can be faster than, on one connection.
    """
    with psycopg.connect(env.text("DATABASE_OWNER_URL")) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE TABLE benchmark_sessions (LIKE charging_chargingsession INCLUDING INDEXES)")
        with path.open("rb") as file, cursor.copy("COPY benchmark_sessions FROM STDIN (FORMAT binary)") as into:
            while block := file.read(1 << 20):
                into.write(block)
        owner.commit()
        cursor.execute("DROP TABLE benchmark_sessions")


def store(operator: Operator, path: Path, expected: int) -> None:
    """Import the file as the command does."""
    with tenant_scope(operator.pk), path.open("rb") as content:
        row = imports.start(imports.upload(File(content), name=path.name), LAYOUT)
    row = imports.run(operator_id=operator.pk, import_id=row.pk, clock=timezone.now)
    row.file.delete(save=False)
    if row.state != FileImport.State.DONE or row.accepted != expected:
        raise SystemExit(f"The import is {row.state} with {row.accepted:,} rows of {expected:,}. {row.error}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
