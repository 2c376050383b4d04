"""Blind indexes: by what a sealed text is found when the whole of it is known.

A mark is an HMAC-SHA-256 of operator, field and text, with a key of the instance that no database holds. The same text
has the same mark within one field of one operator, and says nothing without the key: what it may be cannot be tried.
"""

import hmac
from typing import Any

from django.db import models

from tenants import crypto


def marks(text: str, *, field: str, operator_id: int) -> list[str]:
    """Return what the text may stand as, the way it is written now first, then as older keys of the instance did.

    text: in one spelling: an address of e-mail in lower case.
    """
    meant = f"{operator_id}:{field}:{text}".encode()
    return [hmac.digest(key, meant, "sha256").hex() for key in crypto.index_keys()]


class MarkField(models.CharField):  # type: ignore[type-arg]
    """The mark of a sealed text of the same row, made anew whenever that text is written, also many rows at once.

    Its model says in `marked(name)` what it is now; None where the text was not opened, and so is as it was.
    """

    def pre_save(self, model_instance: Any, add: bool) -> Any:  # noqa: FBT001  # as Django has it
        """Make the mark of the row's text."""
        mark = model_instance.marked(self.attname)
        if mark is not None:
            setattr(model_instance, self.attname, mark)
        return super().pre_save(model_instance, add)
