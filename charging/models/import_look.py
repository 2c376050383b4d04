"""Looks at a file before it is imported."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.models.file_import import FileImport, of_import
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedJSONField


class ImportLook(OperatorOwned, Work):
    """One look at an uploaded file, asked for by a person and taken in the background; the newest of a file counts.

    `said` is the layout to read it by as data, empty to guess. `starts`: import at once when nothing is open.
    `found` is what there is to show (`charging.ingest.previewing.Preview` as data), with rows of the file, and so
    sealed. Gone when its import begins.
    """

    work_kind = "import_look"

    file_import = OwnedForeignKey(FileImport, related_name="looks")
    profile = models.CharField(_("profile"), max_length=80, blank=True)
    said = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    starts = models.BooleanField(default=False)
    found = SealedJSONField(default=dict)
    requested_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("import_look", "file_import")]
        indexes = [
            models.Index(fields=["operator", "id"], condition=OPEN, name="import_look_open"),
            models.Index(fields=["operator", "file_import", "-id"], name="import_look_newest"),
        ]

    def __str__(self) -> str:
        return f"look {self.pk}"

    @property
    def sealed_for(self) -> Person:
        """That it may be about anybody, and of which import it is."""
        return of_import(self.file_import_id)

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked for the look."""
        return self.requested_by_id
