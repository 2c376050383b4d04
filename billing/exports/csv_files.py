"""CSV: UTF-8 with a mark (spreadsheets need it), commas, decimal points, one line end (`tenants.spreadsheets`).

PostgreSQL writes the text itself (`COPY … TO STDOUT`); Python only passes the bytes on.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
from django.db import connection

from billing.exports import tables
from billing.exports.tables import Table
from billing.sql import documents
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.spreadsheets import MARK, csv_text


def pieces(table: Table, operator: Operator, month: date) -> Iterator[bytes]:
    """The file stretch by stretch, as it is sent. Read when the page has returned, so each opens a scope anew."""
    yield (MARK + csv_text([table.names])).encode()
    with tenant_scope(operator.pk):
        stretches = tables.stretches(documents.month(month))
    for stretch in stretches:
        with tenant_scope(operator.pk):
            piece = b"".join(_rows(table, tables.values(operator, documents.month(month), stretch)))
        yield piece


def _rows(table: Table, given: dict[str, Any]) -> Iterator[bytes]:
    connection.ensure_connection()
    # COPY takes no parameters from the server's side: this cursor puts them into the text, quoted.
    with psycopg.ClientCursor(connection.connection) as cursor:
        sql = cursor.mogrify(table.select(as_text=True), given)
        with cursor.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)") as copy:
            yield from (bytes(block) for block in copy)
