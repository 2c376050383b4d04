"""What stations said and were asked with, sealed and marked anew when the instance has a new key.

SQL, as nobody reads it meanwhile: a text is opened and sealed again, and what stands for its card is made anew.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import connection

from charging.domain import card_numbers
from charging.domain.ocpp import frames, keeping
from tenants import crypto, sealed_content
from tenants.scoping import tenant_scope

log = logging.getLogger(__name__)
BATCH = 1_000
#: How begins what bookkeeping keeps of the erased: by keys of its own.
_BOOKS = sealed_content.MARK_OF_BOOKS
_Mark = Callable[[int, str, str], str]


def _of_frame(operator_id: int, frame: str, _: str) -> str:
    return _mark(operator_id, keeping.card_in(frames.read(frame)))


def _of_card(operator_id: int, card: str, _: str) -> str:
    return _mark(operator_id, card)


def _of_charge(operator_id: int, card: str, name: str) -> str:
    """The name of a charge, in which its card stands as a mark."""
    marks = card_numbers.uid_marks(card, operator_id, crypto.card_keys())
    for mark in marks[1:]:
        name = name.replace(f"|{mark}|", f"|{marks[0]}|", 1)
    return name


def _mark(operator_id: int, card: str) -> str:
    return card_numbers.uid_marks(card, operator_id, crypto.card_keys()[:1])[0] if card else ""


#: Each sealed column, and what of its row is made anew with it.
_COLUMNS: dict[str, tuple[str, _Mark] | None] = {
    keeping.FRAME: ("card_mark", _of_frame),
    keeping.CHARGED_WITH: ("said", _of_charge),
    keeping.ASKED_WITH: ("card_mark", _of_card),
    keeping.ANSWERED: None,
    keeping.SET_TO: None,
    keeping.SIGNED: None,
    keeping.PROVEN_BY: None,
}


def seal_again(operator_id: int) -> tuple[int, int, int]:
    """Seal with the newest key, in batches; return how many again, how many were, and how many no listed key opens.

    May be stopped and run again. Until then older keys open them. What opens with no listed key is left as it is.
    """
    again, current, unreadable = 0, 0, 0
    for column in _COLUMNS:
        last: int | None = 0
        while last is not None:
            with tenant_scope(operator_id):
                done, shut, last = _seal_some(operator_id, column, last)
            again, unreadable = again + done, unreadable + shut
        with tenant_scope(operator_id), connection.cursor() as cursor:
            table, _, name = column.partition(".")
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {name} <> ''")  # noqa: S608  # names of our own
            current += cursor.fetchone()[0]
    return again, current - again - unreadable, unreadable


def _seal_some(operator_id: int, column: str, last: int) -> tuple[int, int, int | None]:
    (table, _, name), keys, marked = column.partition("."), crypto.card_keys(), _COLUMNS[column]
    beginning, beside = keeping.beginning(keys), marked[0] if marked else "''"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {name}, {beside} FROM {table}"  # noqa: S608  # names of our own
            f" WHERE id > %s AND {name} <> '' AND substring({name} FOR {len(beginning)}) <> %s"
            f" AND substring({name} FOR {len(_BOOKS)}) <> %s ORDER BY id LIMIT %s FOR UPDATE",
            [last, beginning, _BOOKS, BATCH],
        )
        rows = cursor.fetchall()
        values: list[list[Any]] = []
        for pk, box, before in rows:
            try:
                text = keeping.unseal(bytes(box), column, operator_id, keys)
            except keeping.Unreadable:
                log.exception("Row %s of %s opens with no listed key.", pk, column)
                continue
            mark = [marked[1](operator_id, text, before)] if marked else []
            values.append([keeping.seal(text, column, operator_id, keys), *mark, pk])
        sets = f"{name} = %s" + (f", {marked[0]} = %s" if marked else "")
        cursor.executemany(f"UPDATE {table} SET {sets} WHERE id = %s", values)  # noqa: S608  # names of our own
    return len(values), len(rows) - len(values), rows[-1][0] if rows else None
