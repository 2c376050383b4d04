"""Columns of what stations say and are asked with: sealed as the gateway seals them (`charging.domain.ocpp.keeping`).

They are sealed texts (`tenants.sealed_fields`) whose keys are no person's: a frame comes before anybody knows whose
card it names. A row notes whose it is as it is read, so that its texts open after the scope as well.
"""

from typing import Any

from django.db import models

from charging.domain.ocpp import keeping
from tenants import crypto, scoping
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
        """Return the text. Raises `Unreadable`: it was changed or moved, or its key is not listed any more."""
        del of
        try:
            return keeping.unseal(self.box, self.full_column, self.operator_id, crypto.card_keys())
        except keeping.Unreadable as error:
            raise Unreadable(f"A text of {self.full_column} does not open.") from error

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
