"""Blind indexes: by what a sealed text is found when the whole of it is known.

A mark is an HMAC-SHA-256 of operator, field and text, with a key of the instance that no database holds. The same text
has the same mark within one field of one operator, and says nothing without the key: what it may be cannot be tried.
"""

import hmac
from typing import Any

from django.db import models
from django.db.models.expressions import Col

from tenants import crypto
from tenants.sealed_fields import SealedEmailField


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


class _ByMark(models.Lookup):
    """That a sealed text is this one: the database compares the mark that stands beside it."""

    lookup_name = "exact"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """Compare the mark with what the text may stand as."""
        field: Any = self.lhs.field
        column = Col(self.lhs.alias, field.model._meta.get_field(f"{field.name}_mark"))
        sql, params = compiler.compile(column)
        return f"{sql} = ANY(%s)", [*params, field.model.marks(str(self.rhs))]


class FoundEmailField(SealedEmailField):
    """An address of e-mail, sealed, that is found whole and in any case, by the mark beside it: `<its name>_mark`.

    Its model says in `marks(email)` what an address may stand as.
    """

    def get_lookup(self, lookup_name: str) -> Any:
        """Whether it is this address, or empty, can be asked."""
        return _ByMark if lookup_name in {"exact", "iexact"} else super().get_lookup(lookup_name)
