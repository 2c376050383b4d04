"""Reads of the audit log. Rows are found newest first; each filter has an index that ends in that order."""

from datetime import datetime

from auditlog.registry import auditlog
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, QuerySet

from tenants.models import AuditEntry, Operator, User

ROW_CHANGES = {
    "created": AuditEntry.Action.CREATE,
    "changed": AuditEntry.Action.UPDATE,
    "deleted": AuditEntry.Action.DELETE,
}


def entries(
    *,
    actor: User | None = None,
    by_system: bool = False,
    act: str = "",
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """The operator's entries that meet all conditions.

    act: `created`, `changed`, `deleted`, or the first word of an event's code such as `sign_in`.
    kind: what was acted upon, as `app.model`.
    since, until: from this instant, up to but without that one.
    """
    conditions = Q()
    if actor is not None:
        conditions &= Q(actor_id=actor.pk)
    if by_system:
        conditions &= Q(actor_id=None)
    if act in ROW_CHANGES:
        conditions &= Q(action=ROW_CHANGES[act])
    elif act:
        conditions &= Q(event__gte=f"{act}.", event__lt=f"{act}/")  # a range, as LIKE finds no index here
    if kind:
        conditions &= Q(content_type=_content_type(kind))
    if since is not None:
        conditions &= Q(timestamp__gte=since)
    if until is not None:
        conditions &= Q(timestamp__lt=until)
    return AuditEntry.objects.filter(conditions).select_related("content_type")


def of_object(row: models.Model) -> QuerySet[AuditEntry]:
    """Everything that happened to one row."""
    kind = ContentType.objects.get_for_model(row)
    return entries().filter(content_type=kind, object_id=row.pk)


def kinds() -> list[type[models.Model]]:
    """What can stand in the log: the audited models, and what events are about."""
    audited: list[type[models.Model]] = auditlog.get_models()
    return sorted({*audited, User, Operator}, key=lambda model: str(model._meta.verbose_name))


def _content_type(kind: str) -> ContentType:
    return ContentType.objects.get_by_natural_key(*kind.split(".", 1))
