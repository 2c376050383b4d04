"""Seals over the audit log: what makes a quiet change, removal or insertion show."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.rls import owned
from tenants.scoping import OperatorOwned


class AuditSeal(OperatorOwned):
    """One sealed stretch of an operator's audit log: a Merkle tree over its entries, chained to the seal before.

    The stretch is `from_xid <= xid < to_xid` of the transactions that wrote the entries: by transactions, not
    by row numbers, since a row with a low number may be committed late. `leaves` holds the SHA-256 of each entry
    in the order of `entry_ids`, so that the first entry that differs can be named. `signature` is Ed25519 over
    `hash`, by a key that is not in the database.
    """

    number = models.PositiveIntegerField()
    from_xid = models.BigIntegerField()
    to_xid = models.BigIntegerField()
    entry_ids = ArrayField(models.BigIntegerField())
    leaves = models.BinaryField()
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    key_id = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        default_permissions = ()
        verbose_name = _("seal")
        constraints = [
            *owned("audit_seal"),
            models.UniqueConstraint(fields=["operator", "number"], name="audit_seal_number_once"),
        ]

    def __str__(self) -> str:
        return f"seal {self.number}"
