"""Second factors: devices that show codes, and the reset of one that is lost."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin

from tenants.identifiers import new_public_id
from tenants.models.operator import Operator


class TotpDevice(TimestampMixin, ThrottlingMixin, Device):
    """A device that shows codes (TOTP, RFC 6238: six digits, thirty seconds). Its seed is encrypted.

    A code is taken once: `last_step` is the time step of the newest code that was accepted, and only
    a later one is looked at.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="totp_devices")
    sealed_seed = models.BinaryField(editable=False)
    last_step = models.BigIntegerField(default=-1)

    class Meta(Device.Meta):
        default_permissions: ClassVar[Any] = ()


class FactorReset(models.Model):
    """The removal of a person's second factor that an owner asked for: done after a delay, unless stopped.

    Global, since it acts on a person; allowed only where all the person's staff places are at this operator.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="factor_resets")
    requested_by_id = models.BigIntegerField()
    reason = models.CharField(_("reason"), max_length=300)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    stopped_by_id = models.BigIntegerField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("reset of a second factor")
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(stopped_at__isnull=True, done_at__isnull=True),
                name="factor_reset_open_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(user_id=models.F("requested_by_id")), name="factor_reset_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"reset {self.pk}"
