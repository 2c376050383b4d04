"""API keys: what a machine proves itself with, at one operator."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class ApiKey(OperatorOwned):
    """A key `wl_live_<key_id>_<secret>`: shown once, kept as SHA-256 of its 256 random bits.

    Scopes are permissions, never more than its maker held. A rotated key names its successor and works
    until `expires_at`, which the rotation moved to the end of the overlap.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    key_id = models.CharField(max_length=16, editable=False)
    secret_sha256 = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("name"), max_length=100)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    created_by_id = models.BigIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    replaced_by = OwnedForeignKey("tenants.ApiKey", null=True, editable=False, related_name="replaces")
    last_used_at = models.DateTimeField(_("last used"), null=True)
    last_used_address = models.GenericIPAddressField(null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("API key")
        constraints = [
            *owned("api_key", "replaced_by"),
            models.UniqueConstraint(fields=["operator", "key_id"], name="api_key_id_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def works_at(self, at: datetime) -> bool:
        """Tell whether the key opens anything at this moment."""
        return self.revoked_at is None and at < self.expires_at
