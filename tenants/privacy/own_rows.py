"""What is held about one driver, read through the register of personal data: their rows, and what of them is theirs.

GDPR art. 15(1) and (3) give a person all that is held about them, art. 15(4) nothing of anybody else. So:

- rows are found by the path that the register names, within this operator; a person's places elsewhere are not read;
- of a row that others are in as well (who works here made, changed or approved something), only what the person did
  is given, not what it was about;
- a field that names another person is left out, and so is what is secret or says nothing of its own.
"""

from collections.abc import Iterator
from typing import Any

from django.db import models

from tenants.models import Account, Driver, DriverIdentity, User
from tenants.privacy.sources import TREATMENT, Kind, Retention, Source

#: References to these name a person: the one the row is about, who is known, or somebody else.
_PEOPLE = (User, Driver, DriverIdentity, Account)
#: Plain numbers of people are called so.
_NUMBERS_OF_PEOPLE = ("_by_id", "_by", "on_behalf_of")


def rows(source: Source, driver: Driver) -> "models.QuerySet[Any]":
    """The rows of this model that are about the driver, oldest first. Works in the operator's scope."""
    found = source.find(driver) if source.find else _by_path(source, driver)
    return found.order_by("pk")


def fields(source: Source) -> list[str]:
    """The fields of such a row that are given to the person."""
    return [name for name, kind in source.fields.items() if _is_given(source, name, kind)]


def values(source: Source, row: Any) -> dict[str, Any]:
    """What is given of one row, by field; a reference by what it is called."""
    return {name: _value(row, source.model._meta.get_field(name)) for name in fields(source)}


def read(source: Source, driver: Driver) -> Iterator[dict[str, Any]]:
    """What is given of all the driver's rows."""
    if not fields(source):
        return
    for row in rows(source, driver).iterator(chunk_size=500):
        yield values(source, row)


def _by_path(source: Source, driver: Driver) -> "models.QuerySet[Any]":
    manager = source.model._default_manager
    leads_to = person_model(source)
    person: Any = driver if leads_to is Driver else driver.user
    if person is None:
        return manager.none()
    if source.person == "self":
        return manager.filter(pk=person.pk)
    has_operator = any(field.name == "operator" for field in source.model._meta.concrete_fields)
    here = {"operator_id": driver.operator_id} if has_operator else {}
    return manager.filter(**{source.person: person}, **here)


def person_model(source: Source) -> type[models.Model]:
    """Whom the rows lead to: a driver, a person who signs in, or who the rows are themselves."""
    model: Any = source.model
    for step in () if source.person == "self" else source.person.split("__"):
        model = model._meta.get_field(step).related_model
    return model  # type: ignore[no-any-return]


def _is_given(source: Source, name: str, kind: Kind) -> bool:
    field = source.model._meta.get_field(name)
    names_somebody = field.related_model in _PEOPLE or name.endswith(_NUMBERS_OF_PEOPLE)
    of_others = is_of_work(source) and kind is not Kind.TRACE
    return TREATMENT[kind].is_exported and not names_somebody and not of_others


def is_of_work(source: Source) -> bool:
    """Whether the rows are about what somebody did for the operator, and so hold what is other people's too."""
    return source.find is None and person_model(source) is User and source.kept in (Retention.BOOKS, Retention.LOG)


def _value(row: Any, field: Any) -> Any:
    if field.is_relation:
        related = getattr(row, field.name)
        return None if related is None else str(related)
    return getattr(row, field.attname)
