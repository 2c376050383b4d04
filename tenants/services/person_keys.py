"""The keys of people: one each, wrapped by the operator's, opened for as long as a scope is open.

Keys are read together: each row that is read says which key opens it (`notice`), and the first text that is asked for
brings the keys of all of them in one query. Where a person's key is gone, those of single texts that bookkeeping keeps
are asked for (`keep`): they open for bookkeeping alone (`tenants.services.books_keys`), and are `Shut` to all else.
"""

import os
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.db import connection, models, transaction

from tenants import bookkeeping, crypto, scoping
from tenants.crypto import Shut, Unreadable
from tenants.models import BooksKey, KeptKey, OperatorKey, PersonKey
from tenants.scoping import current_operator_id, tenant_scope
from tenants.sealed_fields import Person, PersonsKey, Sealed, TextKey, seal
from tenants.selectors.search import among
from tenants.services import books_keys, operator_keys
from tenants.services.operator_keys import OperatorsKey
from tenants.services.wraps import unwrap, wrap, wrapping

BATCH = 1_000
#: With more opened keys than this, a scope forgets them before it opens others.
MOST_HELD = 20_000
#: Numbers from here on name a key of the instance, not of a person; and the kinds of whose texts it seals.
OF_INSTANCE, OF_NO_OPERATOR = 1 << 63, {"invitation", "user"}
#: Numbers from here on name the operator's key of the number that is added: it seals what may be about anybody.
OF_OPERATOR = 1 << 62
#: And those of bookkeeping: in it the last day of what they open, counted from the year 1 (`books_keys`).
OF_BOOKS = 3 << 61
_OF_KEPT = ("operator_key", "books_key__operator_key", "identity")
#: As whose the key that seals now is remembered, for all that is nobody's: a file may name very many cards.
_OPERATORS = Person("operator", 0)
#: Said at once: every page with people asks it.
_KEYS_OF = """
SELECT k.id, k.driver_id, k.account_id, k.wrapped, k.operator_key_id, o.number, o.wrapped
FROM tenants_personkey k JOIN tenants_operatorkey o ON o.operator_id = k.operator_id AND o.id = k.operator_key_id
WHERE k.operator_id = %s AND k.id = ANY(%s::bigint[])
"""


class _Held:
    """What a scope knows of keys.

    wanted: numbers of keys that rows which were read name. sealing: the key of a person, and the savepoints inside
    which it was read: one that was made in a savepoint is gone when that is rolled back. shut: the keys of texts that
    are kept of the erased; kept: those of them that bookkeeping has opened.
    """

    def __init__(self) -> None:
        self.wanted: set[int] = set()
        self.opened: dict[int, PersonsKey] = {}
        self.kept: dict[tuple[int, bytes], TextKey] = {}
        self.shut: dict[tuple[int, bytes], KeptKey] = {}
        self.sealing: dict[Person, tuple[list[Any], PersonsKey]] = {}
        self.wrapping: dict[int, AESGCM] = {}
        self.of_operator: dict[int, bytes] = {}
        self.operator_keys: dict[int, OperatorKey] = {}
        self.books_keys: dict[int, BooksKey] = {}

    def wrapper(self, row: OperatorKey) -> AESGCM:
        """What wraps with an operator's key."""
        if row.pk not in self.wrapping:
            self.wrapping[row.pk] = wrapping(operator_keys.opened(row).key)
        return self.wrapping[row.pk]

    def bring(self, number: int) -> None:
        """Open this key and those of all that was read since; of those that are gone, what is kept."""
        if len(self.opened) > MOST_HELD:
            self.opened.clear()
        wanted = {number, *self.wanted} - self.opened.keys()
        self.wanted.clear()
        operator = current_operator_id()
        with connection.cursor() as cursor:
            cursor.execute(_KEYS_OF, [operator, list(wanted)])
            rows = cursor.fetchall()
        for pk, driver, account, wrapped, operator_key, at, operators in rows:
            if operator_key not in self.wrapping:
                self.wrapper(OperatorKey(pk=operator_key, operator_id=operator, number=at, wrapped=operators))
            wrapper, person = self.wrapping[operator_key], Person.of(driver, account)
            self.opened[pk] = PersonsKey(pk, unwrap(wrapper, bytes(wrapped), about(operator, person)), operator, person)
        if gone := wanted - self.opened.keys():
            for kept in KeptKey.objects.filter(among("of", gone)).select_related(*_OF_KEPT):
                self.shut[kept.of, bytes(kept.salt)] = kept

    def for_books(self, number: int, salt: bytes) -> TextKey:
        """Return the key of a text that is kept. Raises `Shut` unless it is read for bookkeeping."""
        kept = self.shut[number, salt]
        if kept.books_key is not None and kept.books_key.wrapped is None:
            raise Shut(f"What was kept until {kept.books_key.until} is over.")
        if not bookkeeping.may_read():
            raise Shut(f"A text of key {number} opens for bookkeeping alone.")
        if (number, salt) not in self.kept:
            self.kept[number, salt] = TextKey(self.kept_key(kept), kept.operator_id, kept.person)
        return self.kept[number, salt]

    def kept_key(self, kept: KeptKey) -> bytes:
        """Unwrap the key of a text that is kept. Raises `Shut` when its day is over."""
        if kept.operator_key is not None:
            return unwrap(self.wrapper(kept.operator_key), bytes(kept.wrapped), _of_kept(kept))
        assert kept.books_key is not None
        with_ = books_keys.of_texts(books_keys.sealing(kept.books_key))
        return unwrap(with_, bytes(kept.wrapped), _of_kept(kept))


class _Keys:
    """Where sealed texts have their keys from (`sealed_fields.Keys`)."""

    def notice(self, number: int) -> None:
        """Have the key brought along when the next one is needed. Without a scope nothing can be opened anyway."""
        if scoping.has_scope() and number < OF_OPERATOR:
            _held().wanted.add(number)

    def opening(self, number: int, salt: bytes, of: Person | None) -> TextKey:
        """Return the key of a text.

        Raises:
            Shut: the person is gone, and it is kept for bookkeeping. Unreadable: it is gone as well.
        """
        if number >= OF_INSTANCE:
            return _of_instance(number, of).of_text(salt)
        held = _held()
        if number >= OF_BOOKS:
            return _of_books(held, number, of).of_text(salt)
        if number >= OF_OPERATOR:
            return _numbered(held, number, of).of_text(salt)
        if number not in held.opened and (number, salt) not in held.shut:
            held.bring(number)
        if number in held.opened:
            return held.opened[number].of_text(salt)
        if (number, salt) not in held.shut:
            raise Unreadable(f"Key {number} is gone.")
        return held.for_books(number, salt)

    def sealing(self, person: Person) -> PersonsKey:
        """Return the person's key; the first is made when it is first needed."""
        if person.kind in OF_NO_OPERATOR:
            return _of_instance(OF_INSTANCE + next(iter(crypto.text_keys())), person)
        held, within = _held(), list(connection.savepoint_ids)
        whose = person if person.has_key else _OPERATORS
        since, key = held.sealing.get(whose, ([], None))
        if key is None or within[: len(since)] != since:
            key = _read(held, person) or _made(held, person) if person.has_key else _newest(person)
            held.sealing[whose] = within, key
        return key if person.has_key else key._replace(person=person)


KEYS = _Keys()


def keep(model: type[models.Model], rows: Iterable[int], names: Iterable[str], *, until: date) -> int:
    """Keep the keys of these sealed fields of identities for bookkeeping, as the person's key is about to go.

    Those that are kept already are from now on until this day, unless it is earlier. Of what opens no more, as after a
    restore without its keys, there is nothing to keep. Returns how many were kept, or are kept otherwise than before.
    """
    held, fields, books = _held(), list(names), books_keys.until(until)
    with_ = books_keys.of_texts(books_keys.sealing(books))
    sealed = [
        (pk, text)
        for pk, *texts in model._default_manager.filter(pk__in=list(rows)).values_list("pk", *fields)
        for text in texts
        if isinstance(text, Sealed)
    ]
    before = {
        (kept.of, bytes(kept.salt)): kept
        for kept in KeptKey.objects.filter(identity__in={pk for pk, _text in sealed}).select_related(*_OF_KEPT)
    }
    fresh = [(pk, text) for pk, text in sealed if (text.number, text.salt) not in before and text.opens]
    KeptKey.objects.bulk_create(
        [
            KeptKey(
                identity_id=pk,
                of=text.number,
                salt=text.salt,
                books_key=books,
                wrapped=wrap(with_, KEYS.opening(text.number, text.salt, None).key, _kept(text.number, text.salt)),
            )
            for pk, text in fresh
        ],
        ignore_conflicts=True,
    )
    shorter = [kept for kept in before.values() if kept.books_key is None or _is_shorter(kept.books_key, until)]
    for kept in shorter:
        wrapped = wrap(with_, held.kept_key(kept), _of_kept(kept))
        KeptKey.objects.filter(pk=kept.pk).update(books_key=books, operator_key=None, wrapped=wrapped)
    held.kept.clear()
    held.shut.clear()
    return len(fresh) + len(shorter)


def _is_shorter(row: BooksKey, until: date) -> bool:
    return row.wrapped is not None and row.until < until


def make(people: Sequence[Person]) -> None:
    """Make the keys of people who were just added, all at once."""
    held, operator = _held(), current_operator_id()
    newest = operator_keys.newest(operator)
    fresh = [os.urandom(32) for _ in people]
    rows = [
        PersonKey(
            **{f"{person.kind}_id": person.number},
            operator_key=newest,
            wrapped=wrap(held.wrapper(newest), key, about(operator, person)),
        )
        for person, key in zip(people, fresh, strict=True)
    ]
    within = list(connection.savepoint_ids)
    for row, person, key in zip(PersonKey.objects.bulk_create(rows, batch_size=BATCH), people, fresh, strict=True):
        held.sealing[person] = within, PersonsKey(row.pk, key, operator, person)


def rewrap(operator_id: int) -> tuple[int, int]:
    """Wrap the keys of the operator's people with its newest key, in batches; return how many again, and how many were.

    May be stopped and run again.

    Raises:
        Unreadable: one opens with no key.
    """
    done = [_rewrap(operator_id, PersonKey, _of_person), books_keys.rewrap(operator_id)]
    return sum(again for again, _ in done), sum(current for _, current in done)


def about(operator_id: int, person: Person) -> str:
    """What a person's key is wrapped as."""
    return f"person-key:{operator_id}:{person.kind}:{person.number}"


def is_current(text: Sealed) -> bool:
    """Whether a text that the instance's key sealed was sealed with the newest one."""
    return text.number == OF_INSTANCE + next(iter(crypto.text_keys()))


def _of_instance(number: int, of: Person | None) -> PersonsKey:
    key = crypto.text_keys().get(number - OF_INSTANCE)
    if key is None or of is None:
        raise Unreadable("No listed key opens a text, or nobody said whom it is about.")
    return PersonsKey(number, key, 0, of)


def of_operator(key: OperatorsKey, operator_id: int, about: Person) -> PersonsKey:
    """What seals texts of an operator that may be about anybody."""
    hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"wattledger:texts")
    return PersonsKey(OF_OPERATOR + key.number, hkdf.derive(key.key), operator_id, about)


def is_for_books(text: Sealed) -> bool:
    """Whether bookkeeping alone opens a text that the operator's key sealed before."""
    return OF_BOOKS <= text.number < OF_INSTANCE


def for_books(text: Sealed, *, of: Person, until: date) -> Sealed:
    """Seal a text of the operator's key again, so that bookkeeping alone opens it, until this day; as long as it was.

    of: what it is bound to.

    Raises:
        Unreadable: it does not open.
    """
    row = books_keys.until(until)
    key = _texts_of_books(books_keys.sealing(row))
    return seal(text.open(of=of), PersonsKey(_number_of_day(until), key, row.operator_id, of), text.full_column)


def _number_of_day(day: date) -> int:
    return OF_BOOKS + day.toordinal()


def _of_books(held: _Held, number: int, of: Person | None) -> PersonsKey:
    """Return the key of what is kept until the day that the number says. Raises `Shut` unless bookkeeping reads it."""
    if of is None:
        raise Unreadable("Nobody said what a text is about.")
    if number not in held.books_keys:
        held.books_keys = {
            _number_of_day(row.until): row for row in BooksKey.objects.select_related("operator_key")
        }  # few: one a year
    row = held.books_keys.get(number)
    if row is None:
        raise Unreadable(f"There is no key of what is kept until {date.fromordinal(number - OF_BOOKS)}.")
    return PersonsKey(number, _texts_of_books(books_keys.opening(row)), row.operator_id, of)


def _texts_of_books(key: bytes) -> bytes:
    """What seals texts, of a key of bookkeeping."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"wattledger:texts").derive(key)


def _newest(about: Person) -> PersonsKey:
    operator = current_operator_id()
    return of_operator(operator_keys.opened(operator_keys.newest(operator)), operator, about)


def _numbered(held: _Held, number: int, of: Person | None) -> PersonsKey:
    """Return the operator's key of this number, for a text about this."""
    operator = current_operator_id()
    if of is None:
        raise Unreadable("Nobody said what a text is about.")
    if number not in held.of_operator:
        if number - OF_OPERATOR not in held.operator_keys:
            held.operator_keys = {row.number: row for row in OperatorKey.objects.all()}  # few: one a change of keys
        row = held.operator_keys.get(number - OF_OPERATOR)
        if row is None:
            raise Unreadable(f"Operator {operator} has no key {number - OF_OPERATOR}.")
        held.of_operator[number] = of_operator(operator_keys.opened(row), operator, of).key
    return PersonsKey(number, held.of_operator[number], operator, of)


def _held() -> _Held:
    memory = scoping.memory()
    held: _Held | None = memory.get("person keys")
    if held is None:  # asked for with every text that is read or opened
        held = memory["person keys"] = _Held()
    return held


def _opened(held: _Held, row: PersonKey) -> PersonsKey:
    key = unwrap(held.wrapper(row.operator_key), bytes(row.wrapped), _of_person(row))
    return PersonsKey(row.pk, key, row.operator_id, row.person)


def _read(held: _Held, person: Person) -> PersonsKey | None:
    row = PersonKey.objects.filter(**{person.kind: person.number}).select_related("operator_key").first()
    return _opened(held, row) if row else None


def _made(held: _Held, person: Person) -> PersonsKey:
    """Add the key, unless somebody else was faster."""
    operator = current_operator_id()
    newest = operator_keys.newest(operator)
    wrapped = wrap(held.wrapper(newest), os.urandom(32), about(operator, person))
    row = PersonKey(**{f"{person.kind}_id": person.number}, operator_key=newest, wrapped=wrapped)
    with transaction.atomic():
        PersonKey.objects.bulk_create([row], ignore_conflicts=True)
    made = _read(held, person)
    assert made is not None
    return made


def _of_person(row: PersonKey) -> str:
    return about(row.operator_id, row.person)


def _of_kept(row: KeptKey) -> str:
    return _kept(row.of, bytes(row.salt))


def _kept(number: int, salt: bytes) -> str:
    return f"kept-key:{number}:{salt.hex()}"


def _rewrap(operator_id: int, model: type[Any], about_of: Any) -> tuple[int, int]:
    again, last = 0, 0
    while True:
        with tenant_scope(operator_id):
            held, newest = _held(), operator_keys.newest(operator_id)
            old = model.objects.filter(pk__gt=last).exclude(operator_key=newest).select_related("operator_key")
            rows = list(old.order_by("pk").select_for_update(of=("self",))[:BATCH])
            for row in rows:
                key = unwrap(held.wrapper(row.operator_key), bytes(row.wrapped), about_of(row))
                row.wrapped, row.operator_key = wrap(held.wrapper(newest), key, about_of(row)), newest
            model.objects.bulk_update(rows, ["wrapped", "operator_key"])
            if not rows:
                return again, model.objects.count() - again
            again, last = again + len(rows), rows[-1].pk
