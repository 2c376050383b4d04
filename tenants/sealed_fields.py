"""Texts about a person that lie sealed in their column, each with the key of the person it is about.

A row holds `version (1), number of the person's key (8), salt (16), text and tag`: AES-256-GCM (NIST SP 800-38D) with
a key of the text's own, made of the person's by the salt (HMAC-SHA-256), so that it is used once and can be kept alone
when the person's is destroyed. The associated data are table, column, operator and person: a text that is moved
to another column, operator or person does not open there. An empty text is an empty column, and a text's length shows.

Reading a row opens nothing. A text is opened when it is asked for, with the keys of all rows read until then in one
query (`tenants.services.person_keys`). What may be about anybody is sealed with the operator's key, and bound to what
it belongs to, such as its import. None of it can be searched, sorted or compared in the database, only found empty.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from tenants.crypto import Shut, Unreadable

_VERSION = b"\x01"
_NUMBER, _SALT = 8, 16
_HEADER = len(_VERSION) + _NUMBER + _SALT
Row = TypeVar("Row")
_BLOCK = 64  # of SHA-256
_ONCE = bytes(12)  # the nonce: each key seals one text


class Person(NamedTuple):
    """Whose a key is: `driver` or `account`, and their number.

    Who was only invited has no key: their texts are sealed with the instance's, as those of the `invitation`; so are
    address and name of a `user`, who may belong to several operators. Neither has what may be about anybody, as the
    rows of an `import`, or about nobody yet, as a `card` that no driver has: it is sealed with the operator's key.
    """

    kind: str
    number: int

    @property
    def has_key(self) -> bool:
        """Whether it is one person, who has a key of their own."""
        return self.kind in ("driver", "account")

    @classmethod
    def of(cls, driver: int | None, account: int | None) -> "Person":
        """The driver, or where there is none the account."""
        return cls("driver", driver) if driver is not None else cls("account", account or 0)


class PersonsKey(NamedTuple):
    """A person's key, opened. number: by which a sealed text names it."""

    number: int
    key: bytes
    operator_id: int
    person: Person

    def of_text(self, salt: bytes) -> "TextKey":
        """The key of one text."""
        return TextKey(hmac.digest(self.key, salt, "sha256"), self.operator_id, self.person)


class TextKey(NamedTuple):
    """The key of one text."""

    key: bytes
    operator_id: int
    person: Person


class Keys(Protocol):
    """Where keys come from."""

    def notice(self, number: int) -> None:
        """Take note that a text was read which this key opens."""

    def opening(self, number: int, salt: bytes, of: Person | None) -> TextKey:
        """Return the key of a text, that is said to be about `of`. Raises `Unreadable` when there is none any more."""

    def sealing(self, person: Person) -> PersonsKey:
        """Return the person's key; the first is made when it is first needed."""


_keys: list[Keys] = []


def keys_from(keys: Keys) -> None:
    """Say where keys come from; the floor does when it starts."""
    _keys[:] = [keys]


class Sealed:
    """A text as a row holds it; `str` opens it. of: whom it is said to be about, where that is known beside its row.

    number: of the key that opens it.
    """

    __slots__ = ("box", "full_column", "number", "of")

    def __init__(self, box: bytes, full_column: str, of: Person | None = None) -> None:
        self.box, self.full_column, self.of = box, full_column, of
        self.number = int.from_bytes(box[len(_VERSION) : len(_VERSION) + _NUMBER])

    @property
    def salt(self) -> bytes:
        """What makes the text's key of the person's."""
        return self.box[_HEADER - _SALT : _HEADER]

    def open(self, *, of: Person | None = None) -> str:
        """Return the text.

        Raises:
            Unreadable: it was changed or moved, is not about the person `of`, or its key is gone.
        """
        of = of or self.of
        if self.box[: len(_VERSION)] != _VERSION or len(self.box) < _HEADER:
            raise Unreadable(f"{self.full_column} holds no sealed text.")
        key = _keys[0].opening(self.number, self.salt, of)
        if of is not None and of != key.person:
            raise Unreadable(f"A text of {self.full_column} is about {key.person}, and stands in a row about {of}.")
        try:
            return AESGCM(key.key).decrypt(_ONCE, self.box[_HEADER:], _about(self.full_column, key)).decode()
        except InvalidTag as error:
            raise Unreadable(f"A text of {self.full_column} about {key.person} does not open.") from error

    @property
    def opens(self) -> bool:
        """Whether there is a key of its person's for it still."""
        try:
            _keys[0].opening(self.number, self.salt, None)
        except Unreadable:
            return False
        return True

    def __str__(self) -> str:
        try:
            return self.open()
        except Shut:
            return ""

    def __repr__(self) -> str:
        return f"<sealed text of {self.full_column}>"


def seal(text: str, key: PersonsKey, full_column: str) -> Sealed:
    """Seal a text. full_column: table and column, `tenants_driveridentity.phone`."""
    salt = os.urandom(_SALT)
    own = key.of_text(salt)
    header = _VERSION + key.number.to_bytes(_NUMBER) + salt
    return Sealed(header + AESGCM(own.key).encrypt(_ONCE, text.encode(), _about(full_column, own)), full_column)


class Sealer:
    """Seals one text after another of a column, each about another row of what has the operator's key.

    full_column: as of `seal`. key: of anything of the same kind. Each text has a key of its own as ever; what of their
    making is the same for all, the two halves of an HMAC begun with the key (RFC 2104), is done once.
    """

    def __init__(self, key: PersonsKey, full_column: str) -> None:
        self._header = _VERSION + key.number.to_bytes(_NUMBER)
        begins = key.key.ljust(_BLOCK, b"\0")  # 32 bytes, always
        self._inner, self._outer = (hashlib.sha256(bytes(byte ^ pad for byte in begins)) for pad in (0x36, 0x5C))
        self._about = _about(full_column, TextKey(b"", key.operator_id, Person(key.person.kind, 0)))[:-1]

    def box(self, text: str, number: str) -> bytes:
        """Return what the column holds of a text about the row of this number; nothing of an empty one."""
        if not text:
            return b""
        salt = os.urandom(_SALT)
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(salt)
        outer.update(inner.digest())
        own = AESGCM(outer.digest())
        return self._header + salt + own.encrypt(_ONCE, text.encode(), self._about + number.encode())


def together(rows: Iterable[Row], *, at_once: int) -> Iterator[Row]:
    """Yield rows that come one by one, so many of them read before the first is: their keys then come together."""
    every = iter(rows)
    while some := list(islice(every, at_once)):
        yield from some


def those_that_open(row: Any, names: Iterable[str]) -> list[str]:
    """These texts of a row, but for those whose key is gone, as after a restore with a later part of keys.

    What is kept for bookkeeping is empty here.
    """
    found = []
    for name in names:
        with suppress(Unreadable):
            found.append(getattr(row, name))
    return found


def _about(full_column: str, key: TextKey) -> bytes:
    return f"{full_column}:{key.operator_id}:{key.person.kind}:{key.person.number}".encode()


def bulk_update(rows: Sequence[Any], names: Sequence[str]) -> None:
    """Write these fields of rows that were read, the sealed ones too, which Django's own would not seal."""
    if not rows:
        return
    fields = [rows[0]._meta.get_field(name) for name in names]
    sealed = [field for field in fields if isinstance(field, SealedField)]
    for row in rows:
        for field in sealed:
            box = field.pre_save(row, add=False) or (None if field.null else "")
            row.__dict__[field.attname] = models.Value(box, output_field=field)
    type(rows[0])._default_manager.bulk_update(rows, names, batch_size=500)
    for row in rows:
        for field in sealed:
            row.__dict__[field.attname] = row.__dict__[field.attname].value or field.empty


class _Opened(DeferredAttribute):
    """A row's text: opened when it is first asked for, and only if it is about the person whom the row is about."""

    field: "models.Field[Any, Any]"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            field: Any = self.field
            try:
                value = field.read(value.open(of=instance.sealed_for))
            except Shut:  # not held in the row: what is read for bookkeeping later, or written back, is still there
                return field.empty
            instance.__dict__[field.attname] = value
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealedField(models.Field):  # type: ignore[type-arg]
    """What makes a field of text a sealed one. Its model says in `sealed_for` whom it is about."""

    descriptor_class = _Opened

    def db_type(self, connection: Any) -> str:
        """Bytes, however long the text may be."""
        return "bytea"

    @property
    def full_column(self) -> str:
        """Table and column."""
        return f"{self.model._meta.db_table}.{self.column}"

    @property
    def empty(self) -> Any:
        """What an empty column says."""
        return ""

    def written(self, value: Any) -> str:
        """Return the text that says a value."""
        return str(self.to_python(value))

    def read(self, text: str) -> Any:
        """Return the value that a text says."""
        return text

    def sealed(self, value: Any, about: Person) -> "Sealed | None":
        """Seal a value that is written past its row; None where it is empty."""
        return seal(self.written(value), _keys[0].sealing(about), self.full_column) if value else None

    def sealer(self, kind: str) -> Sealer:
        """Return what seals texts of many rows that are written past their model: each about a row of this kind.

        The operator's key seals them (`Person`).
        """
        return Sealer(_keys[0].sealing(Person(kind, 0)), self.full_column)

    def get_lookup(self, lookup_name: str) -> Any:
        """Nothing but empty or not can be asked."""
        return super().get_lookup(lookup_name) if lookup_name in {"exact", "isnull"} else None

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Take what a row holds, and note that its key may be asked for. None: there is no row, where one is joined."""
        if not value:
            return None if value is None else self.empty
        sealed = Sealed(bytes(value), self.full_column)
        _keys[0].notice(sealed.number)
        return sealed

    def pre_save(self, model_instance: Any, add: bool) -> Any:  # noqa: FBT001  # as Django has it
        """Seal the row's text, unless it is still as it was read."""
        value = model_instance.__dict__.get(self.attname)
        if not value or isinstance(value, Sealed):
            return value or None
        return self.sealed(value, model_instance.sealed_for)

    def get_prep_value(self, value: Any) -> Any:
        """Let through what is sealed or empty.

        Raises:
            ValueError: anything else; whom it would be about is not known here.
        """
        if not value or isinstance(value, Sealed):
            return value or ""
        raise ValueError(f"{self.full_column} is sealed: it is neither compared nor changed without its row.")

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Return the bytes that the column holds."""
        kept = self.get_prep_value(value)
        if not kept and self.null:
            return None
        return connection.Database.Binary(kept.box if kept else b"")


class SealedCharField(SealedField, models.CharField):  # type: ignore[type-arg]
    """A short text, sealed."""


class SealedEmailField(SealedField, models.EmailField):  # type: ignore[type-arg]
    """An address of e-mail, sealed."""


class SealedTextField(SealedField, models.TextField):  # type: ignore[type-arg]
    """A text, sealed."""


class SealedJSONField(SealedField):
    """A list or an object, sealed as its JSON; an empty one is its default, or None where the column may be null."""

    @property
    def empty(self) -> Any:
        """What an empty column says."""
        return None if self.null else self.get_default()

    def written(self, value: Any) -> str:
        """Return the JSON."""
        return orjson.dumps(value).decode()

    def read(self, text: str) -> Any:
        """Return the list or object."""
        return orjson.loads(text)
