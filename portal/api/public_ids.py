"""Numbers of rows as the public identifiers that stand for them outside.

The audit log keeps numbers. A machine gets none of them: a reference becomes the public id of its row, or null
when the row is gone or has none.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import models

from tenants.models import Operator

Wanted = Iterable[tuple[type[models.Model], int]]


class PublicIds:
    """The public ids of some rows, read with one query a model."""

    def __init__(self, wanted: Wanted) -> None:
        numbers: dict[type[models.Model], set[int]] = {}
        for model, number in wanted:
            numbers.setdefault(model, set()).add(number)
        self._found = {model: _found(model, ids) for model, ids in numbers.items()}

    def get(self, model: type[models.Model], number: int | None) -> str | None:
        """Return the row's public id; None when it is not known."""
        return None if number is None else self._found.get(model, {}).get(number)


def number_of(model: type[models.Model], public_id: str) -> int | None:
    """Return the number of the row with this public id, if the operator has one. Raises `ValueError` for no id."""
    field = _field(model)
    if field is None:
        return None
    if field == "public_id":
        public_id = str(UUID(public_id))
    found: int | None = model._default_manager.filter(**{field: public_id}).values_list("pk", flat=True).first()
    return found


def _found(model: type[models.Model], numbers: set[int]) -> dict[int, str]:
    field = _field(model)
    if field is None:
        return {}
    # Owned rows are narrowed to the operator by their manager.
    rows: Iterable[tuple[int, Any]] = model._default_manager.filter(pk__in=numbers).values_list("pk", field)
    return {number: str(public_id) for number, public_id in rows}


def _field(model: type[models.Model]) -> str | None:
    if model is Operator:
        return "slug"
    return "public_id" if any(field.name == "public_id" for field in model._meta.concrete_fields) else None
