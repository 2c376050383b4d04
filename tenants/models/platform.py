"""People who run the instance, and their visits to operators."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.actor import current_actor
from tenants.identifiers import new_public_id
from tenants.models.operator import Operator
from tenants.rls import WriteSecurity


class PlatformMember(models.Model):
    """A person who runs the instance. Only the platform's own database role may add or change one."""

    # Protected, not removed with the person: only the platform's role may remove a row here, and it has no need to.
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="platform_member")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"platform member {self.user_id}"


class PlatformVisit(models.Model):
    """A stay of platform staff at an operator: with a reason, for a limited time, seen in the operator's audit log.

    Global like a membership, since it is read to find the operator before a scope can be opened. The app role
    reads it and may end it; only the platform's role begins one.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="platform_visits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="platform_visits")
    reason = models.CharField(_("reason"), max_length=300)
    may_change = models.BooleanField(default=False)
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("platform visit")
        constraints = [
            WriteSecurity(name="platform_visit_writes"),
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("began_at")), name="platform_visit_ends"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="platform_visit_has_reason"),
        ]
        indexes = [models.Index(fields=["user", "operator", "-ends_at"], name="platform_visit_of_person")]

    def __str__(self) -> str:
        return f"visit {self.pk}"


class PlatformEvent(models.Model):
    """What a person who runs the instance did as themselves, or was done to their membership. Only ever added.

    The platform has no operator whose audit log could tell of it. Both processes add events, as both sign people in;
    only the platform's role reads them. People are kept as numbers without a constraint, as in the audit log.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    event = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)
    task = models.CharField(max_length=120, blank=True)
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    facts = models.JSONField(null=True, encoder=DjangoJSONEncoder)

    class Meta:
        default_permissions = ()
        verbose_name = _("platform event")
        indexes = [models.Index(fields=["-at", "-id"], name="platform_event_newest")]

    def __str__(self) -> str:
        return f"{self.event} of person {self.user_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Complete the event with the actor of the moment, and add it."""
        actor = current_actor()
        self.actor_id, self.task = actor.user_id, actor.task
        self.address, self.user_agent = actor.address, actor.user_agent
        super().save(*args, **kwargs)
