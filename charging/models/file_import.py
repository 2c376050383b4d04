"""Imports of session files: the file, its mapping, its progress, and every row that was refused."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from charging.domain.reasons import OF_KNOWN_SESSIONS
from tenants.identifiers import new_public_id
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey
from tenants.sealed_fields import Person, SealedJSONField


class ImportProfile(OperatorOwned):
    """How the columns of a kind of file are read; saved once, used again.

    `mapping` has the shape of `charging.ingest.layout.Layout`.
    """

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80)
    mapping = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("import_profile"),
            models.UniqueConstraint(fields=["operator", "name"], name="import_profile_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class FileImport(OperatorOwned, Work):
    """One file on its way in. The counts always satisfy rows_read = accepted + known + rejected."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("waiting for answers")
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        SET_ASIDE = Work.State.SET_ASIDE.value, _("set aside")
        UNDONE = "undone", _("undone")

    work_kind = "import"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    file = models.FileField(max_length=300)
    file_name = models.CharField(_("file"), max_length=200)
    file_sha256 = models.CharField(max_length=64)
    file_size = models.BigIntegerField(default=0)
    source = models.CharField(_("source"), max_length=40)
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    profile = OwnedForeignKey(ImportProfile, null=True, blank=True, related_name="imports")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UPLOADED)
    rows_total = models.BigIntegerField(null=True)
    rows_read = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    known = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    flagged = models.BigIntegerField(default=0)
    accepted_wh = models.BigIntegerField(default=0)
    rejected_wh = models.BigIntegerField(default=0)
    # What the import had to create: {"sites": 2, "stations": 5, …}; lines that said nothing; the chunks, by
    # their first line, that are committed and will not be read again after a restart.
    created = models.JSONField(default=dict)
    blank_lines = models.BigIntegerField(default=0)
    committed_chunks = ArrayField(models.BigIntegerField(), default=list)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("file_import", "profile")]
        indexes = [
            models.Index(fields=["operator", "-created_at"], name="file_import_newest"),
            models.Index(fields=["operator", "id"], condition=OPEN, name="file_import_open"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who brought the file."""
        return self.uploaded_by_id


def of_import(number: int) -> Person:
    """What a file says that was imported, which may be about anybody."""
    return Person("import", number)


class RejectedRow(OperatorOwned):
    """A row that was not imported: where it stood, what it said, and why.

    `reason` is the gravest of `reasons`, all being codes of `charging.domain.reasons.Reject`. `facts`: what it says of
    a session that is known otherwise (`charging.ingest.staging.FACTS`). `cells` stay as the file had them; `mended` is
    what a person made of them, if anybody did, and then the reasons are those of that text.

    What it says may name anybody, so it is sealed; `marks` are what its cells, as they are now, are found by
    (`charging.ingest.cell_marks`).
    """

    class Settled(models.TextChoices):
        """What a person made of it since."""

        NO = "", _("open")
        TAKEN_OVER = "taken_over", _("taken over")
        LEFT = "left", _("left out")
        MENDED = "mended", _("mended")

    file_import = OwnedForeignKey(FileImport, related_name="rejected_rows")
    line_number = models.BigIntegerField()
    cells = SealedJSONField(default=list)
    marks = ArrayField(models.BigIntegerField(), default=list)
    reason = models.CharField(_("reason"), max_length=40)
    reasons = ArrayField(models.CharField(max_length=40), default=list)
    energy_wh = models.BigIntegerField(null=True)
    facts = SealedJSONField(null=True)
    mended = SealedJSONField(null=True)
    settled = models.CharField(_("settled"), max_length=10, choices=Settled, default=Settled.NO, blank=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [*owned("rejected_row", "file_import")]
        indexes = [models.Index(fields=["operator", "file_import", "line_number"], name="rejected_row_by_line")]

    def __str__(self) -> str:
        return f"line {self.line_number}: {self.reason}"

    @property
    def sealed_for(self) -> Person:
        """That it may be about anybody, and of which import it is."""
        return of_import(self.file_import_id)

    @property
    def codes(self) -> list[str]:
        """Every reason, the gravest first."""
        return list(self.reasons or [self.reason])

    @property
    def text(self) -> list[str]:
        """What the row says now: as it was mended, else as it came."""
        return list(self.cells if self.mended is None else self.mended)

    @property
    def can_be_mended(self) -> bool:
        """Whether correcting its text may let it in."""
        open_still = self.settled in (RejectedRow.Settled.NO, RejectedRow.Settled.LEFT)
        return open_still and self.reason not in OF_KNOWN_SESSIONS


class KnownSessions(OperatorOwned):
    """The sessions that a chunk of a file named and that were there already: they are that file's too.

    When the import that brought them is undone, they stay.
    """

    file_import = OwnedForeignKey(FileImport, related_name="known_sessions")
    sessions = ArrayField(models.BigIntegerField())

    class Meta:
        default_permissions = ()
        constraints = [*owned("known_sessions", "file_import", referred=False)]
        indexes = [models.Index(fields=["operator", "file_import"], name="known_sessions_of_import")]

    def __str__(self) -> str:
        return f"{len(self.sessions)} of import {self.file_import_id}"
