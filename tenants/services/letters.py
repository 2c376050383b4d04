"""Mail to people, when the installation has a mail server."""

import logging
from functools import partial

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from tenants.models import User

log = logging.getLogger(__name__)


def send(to: User, *, subject: str, text: str) -> bool:
    """Send the letter once the present transaction is kept; False when there is no mail server.

    A letter that cannot be delivered is logged by the person's number and stops nothing.
    """
    if not settings.EMAIL_HOST:
        return False
    transaction.on_commit(partial(_deliver, to, subject, text))
    return True


def _deliver(to: User, subject: str, text: str) -> None:
    try:
        send_mail(subject, text, None, [to.email])
    except OSError:
        log.exception("Mail to person %s was not delivered.", to.pk)
