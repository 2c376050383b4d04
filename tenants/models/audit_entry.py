"""The audit log's table: django-auditlog's entry with the operator, the event and a true actor."""

from typing import Any

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.actor import current_actor
from tenants.models.operator import Operator
from tenants.rls import owned
from tenants.scoping import OperatorManager, current_operator_id


class AuditEntryManager(OperatorManager["AuditEntry"], LogEntryManager):  # type: ignore[misc]
    """django-auditlog's creation of entries, narrowed to the current operator."""


class AuditEntry(AbstractLogEntry):
    """One entry of an operator's audit log. Added, never changed or deleted: the database refuses.

    The actor is kept as a number without a constraint: deleting a person must neither fail nor
    rewrite history.
    """

    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+", editable=False, db_index=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    event = models.CharField(max_length=60, blank=True, help_text="Code of an act that is not a row change.")
    task = models.CharField(max_length=120, blank=True, help_text="Task or command that acted, if no person did.")
    user_agent = models.CharField(max_length=300, blank=True)

    objects = AuditEntryManager()

    class Meta:
        default_permissions = ()
        verbose_name = _("audit entry")
        constraints = [*owned("audit_entry")]
        indexes = [
            models.Index(fields=["operator", "-timestamp", "-id"], name="audit_newest"),
            models.Index(fields=["operator", "content_type", "object_id", "-id"], name="audit_of_object"),
            models.Index(fields=["operator", "actor", "-id"], name="audit_of_actor"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Complete the entry with the operator and the actor of the moment, and add it."""
        actor = current_actor()
        self.operator_id = current_operator_id()
        self.actor_id = actor.user_id
        self.actor_email = actor.email or None
        self.task = actor.task
        self.remote_addr = actor.address
        self.user_agent = actor.user_agent
        self.cid = actor.request_id or None
        super().save(*args, **kwargs)
