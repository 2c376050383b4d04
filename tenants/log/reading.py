"""Reads of the audit log. Rows are found newest first; each condition has an index that ends in that order.

Conditions are joined freely: PostgreSQL starts from the rarest. What it may not do is count, which would
read everything: pages follow each other by key, and choices are found by jumping from value to value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from auditlog.registry import auditlog
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import Q, QuerySet

from tenants.log.events import Event
from tenants.models import AuditEntry, Driver, Operator, User
from tenants.scoping import current_operator_id

# Reads of what is personal about one driver. Lists show a name and a number, and are no reads in this sense.
LOOKS = (
    Event.DRIVER_VIEWED,
    Event.DRIVER_FORM_VIEWED,
    Event.CARD_SHOWN,
    Event.CONSENTS_VIEWED,
    Event.CONSENTS_DOWNLOADED,
    Event.REQUEST_VIEWED,
)
ROW_CHANGES = ("created", "changed", "deleted")
_TABLE = AuditEntry._meta.db_table


@dataclass(frozen=True, slots=True)
class Who:
    """Who acted. Exactly one of the fields is given, or none for anybody."""

    person: int | None = None
    on_behalf_of: int | None = None
    key: int | None = None
    task: str = ""
    is_platform: bool = False
    is_nobody: bool = False

    def condition(self) -> Q:
        """The rows of theirs."""
        return Q(
            **{
                field: value
                for field, value, given in (
                    ("actor_id", self.person, self.person is not None),
                    ("on_behalf_of", self.on_behalf_of, self.on_behalf_of is not None),
                    ("api_key_id", self.key, self.key is not None),
                    ("task", self.task, bool(self.task)),
                    ("is_platform", True, self.is_platform),
                    ("actor_id", None, self.is_nobody),
                )
                if given
            },
            **({"task": "", "api_key_id": None} if self.is_nobody else {}),
        )


def entries(
    *,
    who: Who | None = None,
    act: str = "",
    kind: str = "",
    objects: Iterable[tuple[type[models.Model], int]] | None = None,
    address: str = "",
    request: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """The operator's entries that meet all conditions.

    act: `created`, `changed`, `deleted`, or the first word of an event's code such as `sign_in`.
    kind: what was acted upon, as `app.model`.
    objects: the rows that were acted upon; an empty list finds nothing.
    address: the whole address of the browser. request: the whole number of a request.
    since, until: from this instant, up to but without that one.
    """
    conditions = who.condition() if who is not None else Q()
    if act:
        conditions &= Q(act=act)
    if kind:
        conditions &= Q(content_type_id=_content_type(kind).pk)
    if objects is not None:
        conditions &= _of_objects(list(objects))
    if address:
        conditions &= Q(remote_addr=address)
    if request:
        conditions &= Q(cid=request)
    if since is not None:
        conditions &= Q(timestamp__gte=since)
    if until is not None:
        conditions &= Q(timestamp__lt=until)
    return AuditEntry.objects.filter(conditions)


def of_object(row: models.Model, *related: models.Model) -> QuerySet[AuditEntry]:
    """Everything that happened to one row, and to the rows that belong to it."""
    return entries(objects=[(type(each), each.pk) for each in (row, *related)])


def looks(driver: Driver) -> QuerySet[AuditEntry]:
    """When somebody looked at the driver's personal page, their consents, or the form with their particulars."""
    return of_object(driver).filter(event__in=LOOKS)


def entry(public_id: UUID) -> AuditEntry | None:
    """The entry with this identifier."""
    return AuditEntry.objects.filter(public_id=public_id).first()


def kinds() -> list[type[models.Model]]:
    """What can stand in the log: the audited models, and what events are about."""
    audited: list[type[models.Model]] = auditlog.get_models()
    return sorted({*audited, User, Operator}, key=lambda model: str(model._meta.verbose_name))


def seen(column: str) -> list[Any]:
    """The different values of an indexed column, smallest first: one step in the index for each, not one a row."""
    assert column in {"actor_id", "task", "api_key_id", "on_behalf_of"}
    some = "task <> ''" if column == "task" else f"{column} IS NOT NULL"
    step = f"SELECT {column} AS value FROM {_TABLE} WHERE operator_id = %s AND {some}"  # noqa: S608  # names of our own
    statement = f"""
        WITH RECURSIVE seen AS (
            ({step} ORDER BY {column} LIMIT 1)
            UNION ALL
            SELECT ({step} AND {column} > seen.value ORDER BY {column} LIMIT 1) FROM seen WHERE seen.value IS NOT NULL
        ) SELECT value FROM seen WHERE value IS NOT NULL
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [current_operator_id()] * 2)
        return [value for (value,) in cursor.fetchall()]


def _of_objects(objects: list[tuple[type[models.Model], int]]) -> Q:
    by_kind: dict[int, set[int]] = {}
    for model, number in objects:
        by_kind.setdefault(ContentType.objects.get_for_model(model).pk, set()).add(number)
    found = Q(pk__in=[])
    for kind, numbers in by_kind.items():
        found |= Q(content_type_id=kind, object_id__in=numbers)
    return found


def _content_type(kind: str) -> ContentType:
    return ContentType.objects.get_by_natural_key(*kind.split(".", 1))
