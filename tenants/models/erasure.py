"""That a driver was erased (GDPR art. 17): the work of it, and the certificate of what went and what stays."""

from django.db import models

from tenants.identifiers import new_public_id
from tenants.models.driver import Driver
from tenants.models.person_request import PersonRequest
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedTextField


class Erasure(OperatorOwned, Work):
    """One driver's erasure. Nothing in it says who they were.

    request: what it answers; null when it was carried out again after a restore.
    answer: what the person will be told; emptied with the rest.
    went: how much of each kind of thing is gone. stays: what is kept, why and until when
        (`tenants.privacy.erasure.Stays` as data).
    """

    work_kind = "erasure"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    driver = OwnedForeignKey(Driver, related_name="erasures")
    request = OwnedForeignKey(PersonRequest, null=True, related_name="erasures")
    answer = SealedTextField(max_length=5000, blank=True)
    requested_by_id = models.BigIntegerField(null=True)
    erased_at = models.DateTimeField(null=True)
    went = models.JSONField(default=dict)
    stays = models.JSONField(default=list)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("erasure", "driver", "request", referred=False),
            models.UniqueConstraint(fields=["operator", "driver"], name="erasure_once"),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="erasure_open")]

    @property
    def sealed_for(self) -> Person:
        """Whose key seals what they will be told."""
        return Person.of(self.driver_id, None)

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who had it carried out."""
        return self.requested_by_id

    @property
    def log_name(self) -> str:
        """The erasure in the audit log: its number."""
        return f"#{self.pk}"

    def __str__(self) -> str:
        return f"erasure {self.pk}"
