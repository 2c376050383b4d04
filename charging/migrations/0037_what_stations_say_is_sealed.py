"""What stations said and were asked with is sealed, in batches, each its own transaction, and gone in clear.

Stopped at any place it begins again where it was.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import connection, migrations, models, transaction  # noqa: TID251  # each batch its own
from django.db.models import Q

import charging.models.said
import tenants.blind_index
from charging.domain import card_numbers
from charging.domain.ocpp import frames, keeping
from tenants import crypto
from tenants.migrations._at_once import DrawnOnce

BATCH = 2_000
#: By table the columns that are sealed. Those in clear are kept aside, under the names of no fields.
TABLES = {
    "charging_stationmessage": ("raw",),
    "charging_stationcharge": ("id_tag",),
    "charging_stationcommand": ("id_tag", "answer"),
    "charging_signedrecord": ("raw",),
}
#: By table a column that a row also gets: the mark of its card, or the name of a charge with that mark in it.
MARKED = {
    "charging_stationmessage": "card_mark",
    "charging_stationcharge": "said",
    "charging_stationcommand": "card_mark",
}
_HAS = (
    "SELECT 1 FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
    " AND table_schema = current_schema()"
)


def seal(*_: Any) -> None:
    for table, columns in TABLES.items():
        with transaction.atomic(), connection.cursor() as cursor:
            if not _has(cursor, table, columns[0], aside=True) and not _is_sealed(cursor, table, columns[0]):
                _make_room(cursor, table, columns)
        last: int | None = 0
        while last is not None:
            last = _seal_some(table, last)
        with transaction.atomic(), connection.cursor() as cursor:
            if _has(cursor, table, columns[0], aside=True):
                _end(cursor, table, columns)


def _has(cursor: Any, table: str, column: str, *, aside: bool = False) -> bool:
    cursor.execute(_HAS, [table, f"was_{column}" if aside else column])
    return cursor.fetchone() is not None


def _is_sealed(cursor: Any, table: str, column: str) -> bool:
    cursor.execute(f"{_HAS} AND data_type = 'bytea'", [table, column])
    return cursor.fetchone() is not None


def _make_room(cursor: Any, table: str, columns: tuple[str, ...]) -> None:
    for column in columns:
        cursor.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO was_{column}")
        cursor.execute(f"ALTER TABLE {table} ADD {column} bytea NOT NULL DEFAULT ''")
    if not _has(cursor, table, MARKED.get(table, "id")):
        cursor.execute(f"ALTER TABLE {table} ADD card_mark varchar({card_numbers.LENGTH}) NOT NULL DEFAULT ''")


def _end(cursor: Any, table: str, columns: tuple[str, ...]) -> None:
    gone = ", ".join(f"DROP COLUMN was_{column}, ALTER COLUMN {column} DROP DEFAULT" for column in columns)
    marked = ", ALTER COLUMN card_mark DROP DEFAULT" if MARKED.get(table) == "card_mark" else ""
    cursor.execute(f"ALTER TABLE {table} {gone}{marked}")


def _seal_some(table: str, last: int) -> int | None:
    """Seal the next rows; return the last of them, None when there are no more."""
    columns, marked = TABLES[table], MARKED.get(table)
    aside = [f"was_{column}" for column in columns]
    with transaction.atomic(), connection.cursor() as cursor:
        if not _has(cursor, table, columns[0], aside=True):
            return None
        names = ", ".join([*aside, *([marked] if marked else [])])
        in_clear = " OR ".join(f"{name} <> ''" for name in aside)
        cursor.execute(
            f"SELECT id, operator_id, {names} FROM {table}"  # noqa: S608  # names of our own
            f" WHERE id > %s AND ({in_clear}) ORDER BY id LIMIT %s FOR UPDATE",
            [last, BATCH],
        )
        rows = cursor.fetchall()
        keys = crypto.card_keys()
        sets = [*(f"{column} = %s, was_{column} = ''" for column in columns), *([f"{marked} = %s"] if marked else [])]
        values = [
            [
                *(
                    keeping.seal(text, f"{table}.{column}", operator, keys)
                    for column, text in zip(columns, said, strict=False)
                ),
                *([_MARK[table](operator, said)] if marked else []),
                pk,
            ]
            for pk, operator, *said in rows
        ]
        cursor.executemany(f"UPDATE {table} SET {', '.join(sets)} WHERE id = %s", values)  # noqa: S608
    return rows[-1][0] if rows else None


def _mark(card: str, operator: int) -> str:
    return card_numbers.uid_marks(card, operator, crypto.card_keys()[:1])[0] if card else ""


def _of_charge(operator: int, said: list[str]) -> str:
    """The name of a charge with its card's mark in place of the card."""
    card, name = said
    return name.replace(f"|{card.upper()}|", f"|{_mark(card, operator)}|", 1)


_MARK: dict[str, Callable[[int, list[str]], str]] = {
    "charging_stationmessage": lambda operator, said: _mark(keeping.card_in(frames.read(said[0])), operator),
    "charging_stationcharge": _of_charge,
    "charging_stationcommand": lambda operator, said: _mark(said[0], operator),
}


class Migration(DrawnOnce):
    atomic = False
    dependencies: ClassVar = [("charging", "0042_late_charges_favourites_and_guests")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(seal, atomic=False)],
            state_operations=[
                migrations.AlterField("stationmessage", "raw", charging.models.said.SaidTextField()),
                migrations.AlterField(
                    "stationcharge", "id_tag", charging.models.said.SaidCharField(blank=True, max_length=64)
                ),
                migrations.AlterField(
                    "stationcommand", "id_tag", charging.models.said.SaidCharField(blank=True, max_length=64)
                ),
                migrations.AlterField("stationcommand", "answer", charging.models.said.SaidTextField(blank=True)),
                migrations.AlterField("signedrecord", "raw", charging.models.said.SaidTextField()),
                *(
                    migrations.AddField(
                        model,
                        "card_mark",
                        tenants.blind_index.MarkField(
                            blank=True, default="", editable=False, max_length=card_numbers.LENGTH
                        ),
                        preserve_default=False,
                    )
                    for model in ("stationmessage", "stationcommand")
                ),
            ],
        ),
        migrations.AddIndex(
            "stationmessage",
            models.Index(fields=["operator", "card_mark"], name="station_message_card", condition=~Q(card_mark="")),
        ),
    ]
