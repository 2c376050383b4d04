"""Seals over the audit log: what makes a quiet change, removal or insertion show."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned


class AuditSeal(OperatorOwned):
    """One sealed stretch of an operator's audit log: a Merkle tree over its entries, chained to the seal before.

    The stretch is `from_xid <= xid < to_xid` of the transactions that wrote the entries: by transactions, not
    by row numbers, since a row with a low number may be committed late. Transactions are counted anew in a
    database that was restored elsewhere, so a stretch holds only entries above `above_id`, the newest that was
    sealed before the restore; 0 until there is one.

    `leaves` holds the SHA-256 of each entry in the order of `entry_ids`, so that the first entry that differs can
    be named. `signature` is Ed25519 over `hash`, by a key that is not in the database. `form` says how entries
    are written to be hashed (`tenants.log.written`).
    """

    number = models.PositiveIntegerField()
    form = models.PositiveSmallIntegerField(default=1)
    above_id = models.BigIntegerField(default=0)
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


class AuditCheck(OperatorOwned, Work):
    """One check of an operator's whole chain of seals, asked for by a person, done in the background."""

    class State(models.TextChoices):
        WAITING = Work.State.WAITING.value, _("waiting")
        RUNNING = Work.State.RUNNING.value, _("running")
        INTACT = "intact", _("intact")
        BROKEN = "broken", _("broken")
        SET_ASIDE = Work.State.SET_ASIDE.value, _("set aside")

    work_kind = "audit_check"

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    requested_by_id = models.BigIntegerField(null=True)
    requested_at = models.DateTimeField(_("asked"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    seals = models.PositiveIntegerField(default=0)
    entries = models.BigIntegerField(default=0)
    unsealed = models.BigIntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    # What was found first, as `tenants.log.checking.Finding` says it; empty when all is well.
    finding = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        verbose_name = _("check of the audit log")
        constraints = [*owned("audit_check")]
        indexes = [
            models.Index(fields=["operator", "-requested_at"], name="audit_check_newest"),
            models.Index(fields=["operator", "id"], condition=OPEN, name="audit_check_open"),
        ]

    def __str__(self) -> str:
        return f"check {self.pk}"

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked for the check."""
        return self.requested_by_id
