"""Privacy notices: what an operator tells people about their data (GDPR art. 13), its drafts, and telling them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.identifiers import new_public_id
from tenants.models.consent import ConsentPurpose
from tenants.models.work import OPEN, Work
from tenants.rls import owned
from tenants.scoping import OperatorOwned, OwnedForeignKey


class PrivacyNotice(OperatorOwned):
    """One version of the privacy notice in one language. Never changed: a new wording is a new version."""

    version = models.PositiveIntegerField()
    language = models.CharField(max_length=5)
    title = models.CharField(_("title"), max_length=100)
    text = models.TextField(_("text"))
    text_sha256 = models.CharField(max_length=64, editable=False)
    published_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("privacy_notice"),
            models.UniqueConstraint(fields=["operator", "version", "language"], name="privacy_notice_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.language}, v{self.version})"


class NoticeDraft(OperatorOwned):
    """Words that are being written: of the privacy notice, or of a consent. Gone once they are published.

    words: `{"sv": {"title": …, "text": …}}`.
    """

    purpose = OwnedForeignKey(ConsentPurpose, models.CASCADE, null=True, related_name="drafts")
    words = models.JSONField(default=dict)
    changed_by_id = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("notice_draft", "purpose", referred=False),
            models.UniqueConstraint(fields=["operator", "purpose"], name="notice_draft_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class NoticeLetters(OperatorOwned, Work):
    """That drivers are to be told by letter of new words, or asked again, and how far that is.

    purpose: whose words; None for the privacy notice. up_to: the driver with whom the last stretch ended. link: where
    the letter leads.
    """

    work_kind = "notice_letters"

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    purpose = OwnedForeignKey(ConsentPurpose, models.CASCADE, null=True, related_name="letters")
    version = models.PositiveIntegerField()
    link = models.TextField()
    up_to = models.BigIntegerField(default=0)
    started_by_id = models.BigIntegerField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("notice_letters", "purpose", referred=False),
            models.UniqueConstraint(
                fields=["operator", "purpose", "version"], name="notice_letters_once", nulls_distinct=False
            ),
        ]
        indexes = [models.Index(fields=["operator", "id"], condition=OPEN, name="notice_letters_open")]

    @property
    def asked_by_id(self) -> int | None:
        """Number of the person who published the words."""
        return self.started_by_id

    def __str__(self) -> str:
        return f"letters {self.pk}"
