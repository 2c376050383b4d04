"""Second factors: devices that show codes, and the reset of one that is lost.

The other kind of factor, passkeys, is kept by django-otp-webauthn (`WebAuthnCredential`): public keys, no secrets.
"""

import os
import time
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Least
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from tenants import crypto
from tenants.identifiers import new_public_id
from tenants.models.operator import Operator
from tenants.rls import WriteSecurity
from tenants.sealed_fields import Person, SealedCharField


class TotpDevice(TimestampMixin, ThrottlingMixin, Device):
    """A device that shows codes (TOTP, RFC 6238: six digits, thirty seconds). Its seed is encrypted.

    A code is taken once: `last_step` is the time step of the newest code that was accepted, and only a later
    one is looked at (RFC 6238 §5.2). One conditional UPDATE decides, so of a thousand copies of a code given
    at the same moment one is taken.
    """

    STEP_S, DIGITS, TOLERANCE = 30, 6, 1
    SEED_BYTES = 20  # RFC 4226 §4 R6
    # After that many failures in a row the wait stays at 2 ** (n - 1) seconds: 34 minutes.
    MOST_FAILURES = 12

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="totp_devices")
    sealed_seed = models.BinaryField(editable=False)
    last_step = models.BigIntegerField(default=-1)

    class Meta(Device.Meta):
        default_permissions: ClassVar[Any] = ()

    def __str__(self) -> str:
        return f"authenticator {self.pk}"

    @property
    def about(self) -> str:
        """What the seed's encryption is bound to: this row, and the person it proves."""
        return f"totp:{self.public_id}:{self.user_id}"

    @property
    def seed(self) -> bytes:
        """The shared secret. Raises `crypto.Unreadable` when no listed key opens it."""
        return crypto.decrypt(bytes(self.sealed_seed), about=self.about)

    def new_seed(self) -> None:
        """Give the device a fresh secret. The caller saves."""
        self.sealed_seed = crypto.encrypt(os.urandom(self.SEED_BYTES), about=self.about)

    def get_throttle_factor(self) -> int:
        """Wait 1, 2, 4 … seconds after a wrong code, besides the limits of the doors."""
        return 1

    def verify_token(self, token: str) -> bool:
        """Take a code of the present step or a neighbour; False when it is wrong, used before or too soon.

        Raises:
            crypto.Unreadable: the seed does not open, so nothing can be compared.
        """
        allowed, _reason = self.verify_is_allowed()
        if not allowed:
            return False
        if token.isascii() and token.isdigit() and len(token) == self.DIGITS:
            oath = TOTP(self.seed, self.STEP_S, digits=self.DIGITS)
            oath.time = time.time()
            if oath.verify(int(token), self.TOLERANCE, min_t=self.last_step + 1) and self.take(oath.t()):
                return True
        self._fail()
        return False

    def take(self, step: int) -> bool:
        """Use up the code of this time step; False when it, or a later one, was used meanwhile."""
        taken = TotpDevice.objects.filter(pk=self.pk, last_step__lt=step).update(
            last_step=step, last_used_at=now(), throttling_failure_count=0, throttling_failure_timestamp=None
        )
        return bool(taken)

    def _fail(self) -> None:
        TotpDevice.objects.filter(pk=self.pk).update(
            throttling_failure_count=Least(models.F("throttling_failure_count") + 1, self.MOST_FAILURES),
            throttling_failure_timestamp=now(),
        )


class FactorReset(models.Model):
    """The removal of a person's second factor that an owner asked for: done after a delay, unless stopped.

    Global, since it acts on a person; allowed only where all the person's staff places are at this operator.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="factor_resets")
    requested_by_id = models.BigIntegerField()
    reason = SealedCharField(_("reason"), max_length=300)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    stopped_by_id = models.BigIntegerField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("reset of a second factor")
        constraints = [
            WriteSecurity(name="factor_reset_writes"),
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

    @property
    def sealed_for(self) -> Person:
        """That the reason may be about anybody, and of which reset it is."""
        return Person("reset", self.public_id.int)
