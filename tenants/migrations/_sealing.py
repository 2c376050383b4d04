"""Seals columns that lie in clear, those of identities and others, in batches, each its own transaction; goes on where it was stopped."""

import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection, transaction  # noqa: TID251  # each batch its own

from tenants import crypto, sealed_fields
from tenants.sealed_fields import Person, PersonsKey
from tenants.services.operator_keys import OperatorsKey
from tenants.services.person_keys import about, of_operator, wrap, wrapping

BATCH = 5_000
TABLE = "tenants_driveridentity"
_OPERATOR_KEY = (
    "SELECT id, number, wrapped FROM tenants_operatorkey WHERE operator_id = %s ORDER BY number DESC LIMIT 1"
)
_FIRST_KEY = (
    "INSERT INTO tenants_operatorkey (operator_id, number, wrapped, made_at) VALUES (%s, 1, %s, now()) RETURNING id"
)
_KEYS = """
SELECT k.id, k.operator_id, k.driver_id, k.account_id, k.wrapped, o.number, o.wrapped FROM tenants_personkey k
JOIN tenants_operatorkey o ON o.operator_id = k.operator_id AND o.id = k.operator_key_id
WHERE k.driver_id = ANY(%s) OR k.account_id = ANY(%s)
"""
_ADD = """
INSERT INTO tenants_personkey (operator_id, driver_id, account_id, operator_key_id, wrapped, made_at)
SELECT o, nullif(d, 0), nullif(a, 0), k, w, now()
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bytea[]) AS fresh (o, d, a, k, w)
RETURNING id, operator_id, driver_id, account_id
"""


#: The kind and the number of whom a row is about, in SQL.
PERSON = "CASE WHEN driver_id IS NULL THEN 'account' ELSE 'driver' END, coalesce(driver_id, account_id)"
Whom = tuple[int, Person]


def seal(
    columns: Mapping[str, tuple[str, str]], *, table: str = TABLE, about: str = PERSON, batch: int = BATCH
) -> None:
    """Seal these columns. columns: by the one in clear the one to fill, and what that is called in the end.

    about: of whom a row is, as `PERSON`.
    """
    last = 0
    while (following := _seal_batch(columns, table, about, last, batch)) is not None:
        last = following


def _seal_batch(columns: Mapping[str, tuple[str, str]], table: str, about: str, last: int, batch: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        held = " OR ".join(f"{clear} <> ''" for clear in columns)
        cursor.execute(
            f"SELECT id, operator_id, {about}, {', '.join(columns)} FROM {table}"  # noqa: S608  # names
            f" WHERE id > %s AND ({held}) ORDER BY id LIMIT %s FOR UPDATE",
            [last, batch],
        )
        rows = cursor.fetchall()
        if not rows:
            return None
        keys = keys_of(cursor, {(operator, Person(kind, number)) for _, operator, kind, number, *_ in rows})
        filled: list[list[bytes]] = [[] for _ in columns]
        for _, operator, kind, number, *texts in rows:
            key = keys[operator, Person(kind, number)]
            for into, text, (_, place) in zip(filled, texts, columns.values(), strict=True):
                into.append(sealed_fields.seal(text, key, f"{table}.{place}").box if text else b"")
        _write(cursor, table, columns, [row[0] for row in rows], filled)
        return int(rows[-1][0])


def _write(
    cursor: Any, table: str, columns: Mapping[str, tuple[str, str]], ids: list[int], filled: list[list[bytes]]
) -> None:
    """Fill the sealed columns and empty the clear ones. What an invoice names stays what it was, and is only sealed."""
    sets = ", ".join(f"{into} = fresh.{into}, {clear} = ''" for clear, (into, _) in columns.items())
    arrays = ", ".join(["%s::bigint[]", *("%s::bytea[]" for _ in columns)])
    names = ", ".join(["id", *(into for into, _ in columns.values())])
    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    cursor.execute(
        f"UPDATE {table} i SET {sets} FROM unnest({arrays}) AS fresh ({names}) WHERE i.id = fresh.id",  # noqa: S608
        [ids, *filled],
    )
    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def keys_of(cursor: Any, people: set[Whom]) -> dict[Whom, PersonsKey]:
    """Return what seals texts about these people, and about what has no key of its own."""
    one = {(operator, person) for operator, person in people if person.has_key}
    others = sorted(people - one)
    newest = {operator: newest_of_operator(cursor, operator)[1] for operator in {operator for operator, _ in others}}
    of_many = {(operator, about): of_operator(newest[operator], operator, about) for operator, about in others}
    return _keys_of(cursor, one) | of_many


def _keys_of(cursor: Any, people: set[Whom]) -> dict[Whom, PersonsKey]:
    drivers = [person.number for _, person in people if person.kind == "driver"]
    accounts = [person.number for _, person in people if person.kind == "account"]
    cursor.execute(_KEYS, [drivers, accounts])
    found, wrappers = {}, {}
    for number, operator, driver, account, wrapped, at, operators in cursor.fetchall():
        person = Person.of(driver, account)
        if (operator, at) not in wrappers:
            wrappers[operator, at] = wrapping(_of_operator(operator, at, operators).key)
        key = wrappers[operator, at].decrypt(bytes(wrapped)[:12], bytes(wrapped)[12:], about(operator, person).encode())
        found[operator, person] = PersonsKey(number, key, operator, person)
    return found | _add_keys(cursor, sorted(people - found.keys()))


def _add_keys(cursor: Any, people: list[Whom]) -> dict[Whom, PersonsKey]:
    if not people:
        return {}
    wrappers = {operator: _newest(cursor, operator) for operator in sorted({operator for operator, _ in people})}
    fresh = [os.urandom(32) for _ in people]
    cursor.execute(
        _ADD,
        [
            [operator for operator, _ in people],
            [person.number if person.kind == "driver" else 0 for _, person in people],
            [person.number if person.kind == "account" else 0 for _, person in people],
            [wrappers[operator][0] for operator, _ in people],
            [wrap(wrappers[each[0]][1], key, about(*each)) for each, key in zip(people, fresh, strict=True)],
        ],
    )
    numbers = {(row[1], Person.of(*row[2:])): row[0] for row in cursor.fetchall()}
    return {each: PersonsKey(numbers[each], key, *each) for each, key in zip(people, fresh, strict=True)}


def _newest(cursor: Any, operator: int) -> tuple[int, AESGCM]:
    row, key = newest_of_operator(cursor, operator)
    return row, wrapping(key.key)


def newest_of_operator(cursor: Any, operator: int) -> tuple[int, OperatorsKey]:
    """The row and the newest key of an operator; the first is made."""
    cursor.execute(_OPERATOR_KEY, [operator])
    if found := cursor.fetchone():
        return found[0], _of_operator(operator, found[1], found[2])
    wrapped = crypto.encrypt(key := os.urandom(32), about=f"operator-key:{operator}:1")
    cursor.execute(_FIRST_KEY, [operator, wrapped])
    return cursor.fetchone()[0], OperatorsKey(1, key)


def _of_operator(operator: int, number: int, wrapped: bytes) -> OperatorsKey:
    return OperatorsKey(number, crypto.decrypt(bytes(wrapped), about=f"operator-key:{operator}:{number}"))
