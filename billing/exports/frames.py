"""The rows of a table as typed columns: written by the database, and never as values of Python, one a cell.

What a workbook is made of: a hundred thousand lines have more than two million cells.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import psycopg
from django.db import connection

from billing.exports.tables import Column, Span, Stretch, Table, read_csv

#: What the types of PostgreSQL come to; anything else is a text.
_TYPES: Final[Mapping[str, Callable[[pl.Expr], pl.Expr]]] = {
    "numeric": lambda cell: cell.cast(pl.Float64),
    "float8": lambda cell: cell.cast(pl.Float64),
    "int2": lambda cell: cell.cast(pl.Int64),
    "int4": lambda cell: cell.cast(pl.Int64),
    "int8": lambda cell: cell.cast(pl.Int64),
    "date": lambda cell: cell.str.to_date("%Y-%m-%d"),
    "timestamp": lambda cell: cell.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us"),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the rows of a table. types: of its columns in the database, by name."""

    table: Table
    span: Span
    types: Mapping[str, str]

    @classmethod
    def of(cls, table: Table, span: Span) -> "Reader":
        """Ask the database once what the columns are."""
        with connection.cursor() as cursor:
            cursor.execute(f"{table.select(span.by, as_text=False)} LIMIT 0", span.given())
            found = psycopg.adapters.types
            described = {
                name: each.name if (each := found.get(column.type_code)) else ""
                for name, column in zip(table.names, cursor.description, strict=True)
            }
        return cls(table, span, described)

    def texts(self, part: Stretch) -> pl.DataFrame:
        """The rows of a stretch, every cell a text as the database writes it; what was sealed is opened."""
        piece = b"".join(self._copied(part))
        if not piece:
            return pl.DataFrame(schema=dict.fromkeys(self.table.names, pl.String))
        frame = read_csv(self.table, piece)
        for column in self.table.columns:
            if column.sealed:
                frame = frame.with_columns(_opened(column, frame[column.name]))
        return frame

    def typed(self, texts: pl.DataFrame) -> pl.DataFrame:
        """The same rows with numbers, days and times."""
        return texts.with_columns(*(_TYPES[kind](pl.col(name)) for name, kind in self.types.items() if kind in _TYPES))

    def _copied(self, part: Stretch) -> Any:
        connection.ensure_connection()
        # COPY takes no parameters from the server's side: this cursor puts them into the text, quoted.
        with psycopg.ClientCursor(connection.connection) as cursor:
            sql = cursor.mogrify(self.table.select_plain(self.span.by), self.span.given(part.first, part.last))
            with cursor.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)") as copy:
                yield from (bytes(block) for block in copy)


def _opened(column: Column, held: pl.Series) -> pl.Series:
    """What a column of sealed texts says; the keys of all of them are read together."""
    sealed = [column.opened(each) for each in held]
    return pl.Series(column.name, [column.told(each) for each in sealed], dtype=pl.String)
