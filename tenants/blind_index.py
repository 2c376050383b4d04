"""Blind indexes: by what a sealed text is found when the whole of it is known.

A mark is an HMAC-SHA-256 of operator, field and text, with a key of the instance that no database holds. The same text
has the same mark within one field of one operator, and says nothing without the key: what it may be cannot be tried.
"""

import hmac

from tenants import crypto


def marks(text: str, *, field: str, operator_id: int) -> list[str]:
    """Return what the text may stand as, the way it is written now first, then as older keys of the instance did.

    text: in one spelling: an address of e-mail in lower case.
    """
    meant = f"{operator_id}:{field}:{text}".encode()
    return [hmac.new(key, meant, "sha256").hexdigest() for key in crypto.index_keys()]
