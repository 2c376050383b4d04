"""CSV: UTF-8 with a mark (spreadsheets need it), commas, decimal points, CRLF-free.

PostgreSQL writes the text itself (`COPY … TO STDOUT`); Python only passes the bytes on.
"""

from typing import IO, Any

import psycopg
from django.db import connection

from billing.exports.tables import Table

MARK = "\ufeff".encode()


def write_header(table: Table, file: IO[bytes]) -> None:
    """Begin the file."""
    file.write(MARK + ",".join(table.names).encode() + b"\n")


def write_rows(table: Table, given: dict[str, Any], file: IO[bytes]) -> None:
    """Append the rows of one stretch."""
    connection.ensure_connection()
    # COPY takes no parameters from the server's side: this cursor puts them into the text, quoted.
    with psycopg.ClientCursor(connection.connection) as cursor:
        sql = cursor.mogrify(table.select(guard_formulas=True), given)
        with cursor.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)") as copy:
            for block in copy:
                file.write(block)
