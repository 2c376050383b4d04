"""Recovery codes: a way in for a person whose phone is gone."""

from django.conf import settings
from django.db import models


class RecoveryCode(models.Model):
    """One single-use code of a person, kept as a keyed hash.

    A code has 80 random bits, so a fast hash is enough: guessing is hopeless with or without it.
    A used code stays, without which nobody could tell that it was used.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes", db_index=False)
    code_hash = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "code_hash"], name="recovery_code_once")]

    def __str__(self) -> str:
        return f"recovery code {self.pk}"
