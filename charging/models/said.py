"""Columns of what stations say and are asked with: sealed as the gateway seals them (`charging.domain.ocpp.keeping`).

They are sealed texts (`tenants.sealed_fields`) whose keys are no person's: a frame comes before anybody knows whose
card it names. A row notes whose it is as it is read, so that its texts open after the scope as well. What bookkeeping
keeps of the erased is sealed again with its own key (`tenants.sealed_content`), and opens for that alone.
"""

from datetime import date
from typing import Any

from django.db import models

from charging.domain.ocpp import keeping
from tenants import crypto, scoping, sealed_content
from tenants.crypto import Unreadable
from tenants.sealed_fields import Person, Sealed, SealedField

#: Of whom such texts are, as far as anybody knows.
STATIONS = Person("stations", 0)


class Said(Sealed):
    """A text as a row of this operator holds it."""

    __slots__ = ("operator_id",)

    def __init__(self, box: bytes, full_column: str, operator_id: int) -> None:
        super().__init__(box, full_column)
        self.operator_id = operator_id

    def open(self, *, of: Person | None = None) -> str:
        """Return the text.

        Raises:
            Shut: it is kept for bookkeeping, and is not read for that or its day is over.
            Unreadable: it was changed or moved, or its key is not listed any more.
        """
        del of
        if self.is_for_books:
            return sealed_content.unseal(self.box, about=self.full_column).decode()
        try:
            return keeping.unseal(self.box, self.full_column, self.operator_id, crypto.card_keys())
        except keeping.Unreadable as error:
            raise Unreadable(f"A text of {self.full_column} does not open.") from error

    @property
    def is_for_books(self) -> bool:
        """Whether it opens for bookkeeping alone."""
        return sealed_content.is_for_books(self.box)

    def for_books(self, *, until: date) -> "Said":
        """Return it sealed for bookkeeping alone, until this day. Raises as `open`."""
        content = self.open().encode()
        box = sealed_content.seal_for_books(content, until=until, about=self.full_column)
        return Said(box, self.full_column, self.operator_id)

    @property
    def opens(self) -> bool:
        """Whether a listed key opens it."""
        try:
            self.open()
        except Unreadable:
            return False
        return True


class SaidField(SealedField):
    """What makes a field of text one of these."""

    def sealed(self, value: Any, about: Person) -> Sealed | None:
        """Seal a value for the current operator; None where it is empty."""
        del about
        operator = scoping.current_operator_id()
        text, column = self.written(value), self.full_column
        return Said(keeping.seal(text, column, operator, crypto.card_keys()), column, operator) if value else None

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Take what a row holds. None: there is no row, where one is joined."""
        if not value:
            return None if value is None else self.empty
        return Said(bytes(value), self.full_column, scoping.current_operator_id())


class SaidCharField(SaidField, models.CharField):  # type: ignore[type-arg]
    """A short text, sealed so."""


class SaidTextField(SaidField, models.TextField):  # type: ignore[type-arg]
    """A text, sealed so."""
