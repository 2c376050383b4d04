"""The audit log: who did what, for which operator, from where.

Row changes of registered models are logged by django-auditlog (`audited`); acts that are not a row
change (sign-in, export, import, bulk work, reading a person's page) are recorded by the service with
`record`, in the transaction of the act itself. Both become an `AuditEntry` of the current operator.

django-auditlog's own middleware is not used: it believes the leftmost `X-Forwarded-For`. Who acts is
named with `tenants.actor.acting`.
"""

from typing import Any

from auditlog.registry import auditlog
from django.contrib.contenttypes.models import ContentType
from django.db import models

from tenants.models import AuditEntry, Operator
from tenants.models.audit_entry import MASK, name_in_log
from tenants.scoping import current_operator_id, tenant_scope


def audited(model: type[models.Model], *, mask: list[str] | None = None, exclude: list[str] | None = None) -> None:
    """Let django-auditlog log every creation, change and deletion of the model's rows.

    mask: fields whose values are replaced whole (secrets, personal data).
    """
    auditlog.register(
        model, mask_fields=mask or [], mask_callable="tenants.log.audit.masked", exclude_fields=exclude or []
    )


def masked(value: str) -> str:
    """Return what stands in the log instead of a secret: nothing of it, only that there was one."""
    return "" if value in {"", "None"} else MASK  # django-auditlog has already made a text of a missing value


def record(event: str, *, about: models.Model | None = None, **facts: Any) -> AuditEntry:
    """Record an act that is not a change of one row, in the current operator's log.

    event: a member of a floor's `Event`, such as `invoice.downloaded`; `portal.words.log.events` has its sentence.
    about: the object it concerns; the operator when there is none.
    facts: what an auditor needs (counts, sums, hashes); plain JSON values, no personal data.
    """
    subject = about if about is not None else Operator.objects.get(pk=current_operator_id())
    return AuditEntry.objects.create(
        content_type=ContentType.objects.get_for_model(subject),
        object_pk=str(subject.pk),
        object_id=subject.pk,
        object_repr=name_in_log(subject),
        action=AuditEntry.Action.ACCESS,
        event=event,
        additional_data=facts or None,
    )


def record_at(operator_id: int, event: str, *, about: models.Model | None = None, **facts: Any) -> AuditEntry:
    """Record an act of somebody who stands outside, in the log of the operator that it concerns; see `record`."""
    with tenant_scope(operator_id):
        return record(event, about=about, **facts)
