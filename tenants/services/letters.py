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
    return send_to_address(to.email, subject=subject, text=text, known_as=f"person {to.pk}")


def send_to_address(address: str, *, subject: str, text: str, known_as: str) -> bool:
    """Send a letter to somebody who may have no account.

    known_as: what the log calls the receiver, as no address may stand in it.
    """
    if not can_send():
        return False
    one_line = " ".join(subject.split())  # names stand in it, and a line break would begin another header
    transaction.on_commit(partial(_deliver, address, one_line, text, known_as))
    return True


def can_send() -> bool:
    """Tell whether the installation has a mail server."""
    return bool(settings.EMAIL_HOST)


def _deliver(address: str, subject: str, text: str, known_as: str) -> None:
    try:
        send_mail(subject, text, None, [address])
    except (OSError, ValueError):  # the server refuses it, or it cannot be a letter: `BadHeaderError`
        log.exception("Mail to %s was not delivered.", known_as)
