"""Letters with a link for a new password that are to be sent."""

from django.db import models

from tenants.models.work import Work


class PasswordLetter(Work):
    """That somebody asked for a link to this mailbox, known here or not; the row goes when it has been looked after.

    It belongs to no operator: nobody has signed in. The address is sealed (`tenants.crypto`), and whether it has an
    account is seen by who sends the letter, not by whoever asks for it.
    """

    work_kind = "password_letter"

    sealed_to = models.TextField()
    #: The address of the link, with a place for each of its parts; the parts are made when the letter is sent.
    link = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"letter {self.pk}"
