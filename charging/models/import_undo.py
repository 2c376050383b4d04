"""An import that is to be undone."""

from django.db import models

from charging.models.file_import import FileImport
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class ImportUndo(OperatorOwned, Work):
    """That somebody asked to undo an import. The newest of a file counts; it fails when something of it is billed."""

    work_kind = "import_undo"

    file_import = OwnedForeignKey(FileImport, related_name="undos")
    requested_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("import_undo", "file_import", referred=False)]
        indexes = [
            models.Index(fields=["operator", "id"], condition=OPEN, name="import_undo_open"),
            models.Index(fields=["operator", "file_import", "-id"], name="import_undo_newest"),
        ]

    def __str__(self) -> str:
        return str(self.file_import)

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who asked for it."""
        return self.requested_by_id
