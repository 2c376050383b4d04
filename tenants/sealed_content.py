"""A document that a table keeps whole, sealed with the key of its operator as files are (`tenants.sealed_files`).

What is kept: mark (4), number of the operator's key (8), salt (16), content and tag. AES-256-GCM with a key of its own,
made of the operator's by the salt (HKDF, RFC 5869); mark, number, salt and what it is about are the associated data.

A document that bookkeeping keeps of somebody erased has another mark, the last day instead of the number, and the key
of what is kept until then (`tenants.services.books_keys`). It is as long as it was.
"""

import os
from datetime import date

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenants import scoping
from tenants.crypto import Unreadable
from tenants.models import BooksKey
from tenants.services import books_keys, operator_keys
from tenants.services.operator_keys import OperatorsKey

MARK, MARK_OF_BOOKS = b"WLC1", b"WLC2"
_NUMBER, _SALT = 8, 16
_HEADER = len(MARK) + _NUMBER + _SALT
_ONCE = bytes(12)  # the nonce: each key seals one document


def seal(content: bytes, *, about: str) -> bytes:
    """Seal with the current operator's newest key. about: the row, such as `invoice:17`; it is needed to open it."""
    operator = scoping.current_operator_id()
    return seal_with(operator_keys.opened(operator_keys.newest(operator)), content, operator=operator, about=about)


def seal_with(key: OperatorsKey, content: bytes, *, operator: int, about: str) -> bytes:
    """Seal with this key of the operator."""
    header = MARK + key.number.to_bytes(_NUMBER) + os.urandom(_SALT)
    return header + _cipher(key.key, header).encrypt(_ONCE, content, _context(header, operator, about))


def seal_for_books(content: bytes, *, until: date, about: str) -> bytes:
    """Seal what is kept of somebody erased for bookkeeping alone, until this day."""
    header = MARK_OF_BOOKS + until.toordinal().to_bytes(_NUMBER) + os.urandom(_SALT)
    key, operator = books_keys.sealing(books_keys.until(until)), scoping.current_operator_id()
    return header + _cipher(key, header).encrypt(_ONCE, content, _context(header, operator, about))


def is_for_books(sealed: bytes) -> bool:
    """Whether it opens for bookkeeping alone."""
    return sealed.startswith(MARK_OF_BOOKS)


def unseal(sealed: bytes, *, about: str) -> bytes:
    """Return what the current operator sealed about this.

    Raises:
        Shut: it is kept for bookkeeping, and is not read for that or its day is over.
        Unreadable: it was changed, is another row's, or its key is missing; never returns anything else instead.
    """
    header, operator = sealed[:_HEADER], scoping.current_operator_id()
    if len(header) < _HEADER or not header.startswith((MARK, MARK_OF_BOOKS)):
        raise Unreadable(f"{about} is not sealed.")
    number = int.from_bytes(header[len(MARK) : len(MARK) + _NUMBER])
    key = _of_books(number) if header.startswith(MARK_OF_BOOKS) else _numbered(operator, number).key
    try:
        return _cipher(key, header).decrypt(_ONCE, sealed[_HEADER:], _context(header, operator, about))
    except InvalidTag as error:
        raise Unreadable(f"{about} does not open.") from error


def _numbered(operator: int, number: int) -> OperatorsKey:
    held: dict[int, OperatorsKey] = scoping.memory().setdefault("operator keys", {})
    if number not in held:
        held[number] = operator_keys.numbered(operator, number)
    return held[number]


def _of_books(ordinal: int) -> bytes:
    row = BooksKey.objects.filter(until=date.fromordinal(ordinal)).select_related("operator_key").first()
    if row is None:
        raise Unreadable(f"There is no key of what is kept until {date.fromordinal(ordinal)}.")
    return books_keys.opening(row)


def _cipher(key: bytes, header: bytes) -> AESGCM:
    hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=header[-_SALT:], info=b"wattledger:content")
    return AESGCM(hkdf.derive(key))


def _context(header: bytes, operator: int, about: str) -> bytes:
    return header + f"{operator}:{about}".encode()
