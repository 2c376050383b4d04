"""Training in security and privacy: the words staff read, in versions, and who has answered their questions rightly.

Everybody who handles personal data is to know how (GDPR art. 29, 32(4), 39(1)(b); NIS2 art. 21(2)(g)).
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.rls import owned
from tenants.scoping import OperatorOwned


class TrainingText(OperatorOwned):
    """One version of an operator's own training in one language. Never changed: new words are a new version.

    questions: `[{"question": …, "answers": […], "right": 1}, …]`, right being the place of the right answer. Where an
    operator has no words of its own, the portal's hold, as version 0.
    """

    version = models.PositiveIntegerField(_("version"))
    language = models.CharField(max_length=5)
    title = models.CharField(_("title"), max_length=100)
    text = models.TextField(_("text"))
    questions = models.JSONField()
    text_sha256 = models.CharField(max_length=64, editable=False)
    # Whether it says something new, so that who has confirmed earlier words does so again.
    asks_again = models.BooleanField(default=False)
    published_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            *owned("training_text", referred=False),
            models.UniqueConstraint(fields=["operator", "version", "language"], name="training_text_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.language}, v{self.version})"


class TrainingDone(OperatorOwned):
    """That a member has read a version and answered all of its questions rightly, and when."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    version = models.PositiveIntegerField(_("version"))
    language = models.CharField(max_length=5)
    text_sha256 = models.CharField(max_length=64)
    confirmed_at = models.DateTimeField(_("confirmed"))

    class Meta:
        default_permissions = ()
        constraints = [*owned("training_done", referred=False)]
        indexes = [models.Index(fields=["operator", "user", "-confirmed_at"], name="training_done_newest")]

    def __str__(self) -> str:
        return f"v{self.version} {self.confirmed_at:%Y-%m-%d}"
