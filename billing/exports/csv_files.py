"""CSV: UTF-8 with a mark (spreadsheets need it), commas, decimal points, one line end (`tenants.spreadsheets`).

PostgreSQL writes the text itself (`COPY … TO STDOUT`); Python only passes the bytes on. What lies sealed it writes as
it holds it, behind a mark that nobody can guess, and it is opened here.
"""

import re
import secrets
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection

from billing.exports.tables import Span, Stretch, Table
from tenants.spreadsheets import MARK, csv_text, harmless

_QUOTED = re.compile('[",\r\n]')


def header(table: Table) -> bytes:
    """The first line."""
    return (MARK + csv_text([table.names])).encode()


def stretch(table: Table, span: Span, part: Stretch) -> bytes:
    """The rows of a stretch, as the database writes them."""
    return _opened(table, span.by, span.given(part.first, part.last))


def _opened(table: Table, by: str, given: dict[str, Any]) -> bytes:
    """The rows; what is sealed in them is opened, with the keys of all of them together."""
    mark = secrets.token_hex(16)
    piece = b"".join(_rows(table, by, {**given, "mark": mark}))
    if not any(column.sealed for column in table.columns):
        return piece
    first, *rest = re.split(mark.encode() + b"([0-9]+):([0-9a-f@-]*)", piece)
    columns = [table.columns[int(place)] for place in rest[::3]]
    texts = [column.opened(held.decode()) for column, held in zip(columns, rest[1::3], strict=True)]
    cells = (_cell(column.told(text)) for column, text in zip(columns, texts, strict=True))
    return first + b"".join(cell + after for cell, after in zip(cells, rest[2::3], strict=True))


def _cell(text: str) -> bytes:
    """A text as COPY writes it: quoted where it has to be, or is empty and not null."""
    said = str(harmless(text))
    return ('"' + said.replace('"', '""') + '"' if not said or _QUOTED.search(said) else said).encode()


def _rows(table: Table, by: str, given: dict[str, Any]) -> Iterator[bytes]:
    connection.ensure_connection()
    # COPY takes no parameters from the server's side: this cursor puts them into the text, quoted.
    with psycopg.ClientCursor(connection.connection) as cursor:
        sql = cursor.mogrify(table.select(by, as_text=True), given)
        with cursor.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)") as copy:
            yield from (bytes(block) for block in copy)
