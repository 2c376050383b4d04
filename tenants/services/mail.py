"""Mail to people, when the installation has a mail server.

A service says which letter goes to whom, with plain facts; the floor that has words for people registers what words
it (`register`). The letter is in its receiver's language.
"""

import logging
from collections.abc import Callable, Mapping
from email.utils import formataddr, parseaddr
from enum import StrEnum, auto
from functools import partial
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection, send_mail
from django.db import transaction

from tenants.models import Operator, User

log = logging.getLogger(__name__)
#: That no program answers it, such as one for somebody who is away (RFC 3834).
_BY_A_PROGRAM = {"Auto-Submitted": "auto-generated"}
_USUAL_LANGUAGE = "sv"  # of who has chosen none, when the letter is no operator's


class Letter(StrEnum):
    """The letters that this floor sends."""

    FACTOR_RESET_STOPPED = auto()
    FACTOR_RESET_DONE = auto()
    PASSWORD_LINK = auto()
    PASSWORD_SET = auto()
    FOUR_EYES_OFF = auto()
    CONSENT_ASKED_AGAIN = auto()
    NOTICE_CHANGED = auto()
    REQUEST_RECEIVED = auto()
    REQUEST_EXTENDED = auto()
    REQUEST_ANSWERED = auto()
    REQUEST_REFUSED = auto()
    PACKAGE_READY = auto()
    LIMIT_LIFTED = auto()
    INCIDENT = auto()
    EMAIL_CHANGE_ASKED = auto()
    EMAIL_CHANGE_PROVED = auto()
    EMAIL_CHANGED = auto()


# The letter, its facts and the language -> subject and text.
Writer = Callable[[StrEnum, Mapping[str, Any], str], tuple[str, str]]
_writers: list[Writer] = []


def register(write: Writer) -> None:
    """Name what words letters. The last one named counts."""
    _writers[:] = [write]


def send(to: User, letter: StrEnum, *, operator: Operator | None = None, mailbox: str = "", **facts: Any) -> bool:
    """Send the letter once the present transaction is kept; False when there is no mail server.

    It is in the person's language, else the operator's, which is one of its facts. A letter that cannot be delivered is
    logged by the person's number and stops nothing.
    mailbox: another one of theirs than the one they sign in with.
    """
    language = to.language or (operator.language if operator else "") or _USUAL_LANGUAGE
    return _send(mailbox or to.email, letter, {"operator": operator, **facts}, language, known_as=f"person {to.pk}")


def send_to_address(address: str, letter: StrEnum, *, operator: Operator, known_as: str, **facts: Any) -> bool:
    """Send a letter to somebody who may have no account, in the operator's language.

    known_as: what the log calls the receiver, as no address may stand in it.
    """
    return _send(address, letter, {"operator": operator, **facts}, operator.language, known_as=known_as)


def deliver(to: User, letter: StrEnum, **facts: Any) -> None:
    """Send the letter now, for work that is tried again when it fails. Nothing is sent without a mail server.

    Raises:
        OSError: the server cannot be reached, or refuses the letter.
    """
    if can_send():
        subject, text = _worded(letter, {"operator": None, **facts}, to.language or _USUAL_LANGUAGE)
        send_mail(subject, text, None, [to.email])


def letter_to(
    address: str, letter: StrEnum, *, operator: Operator, language: str, message_id: str, **facts: Any
) -> EmailMessage:
    """The letter in words, for work that gives it to the mail server itself (`connection`); answers go to the operator.

    message_id: by which the mail server tells later that it came back.
    """
    message = _message(address, letter, {"operator": operator, **facts}, language)
    message.extra_headers["Message-ID"] = message_id
    return message


def _message(address: str, letter: StrEnum, facts: Mapping[str, Any], language: str) -> EmailMessage:
    """The letter in words. Where it is an operator's it is from it, and answers go there."""
    subject, text = _worded(letter, facts, language)
    operator = facts.get("operator")
    answers = [operator.email] if operator and operator.email else None
    return EmailMessage(subject, text, _sender(operator), [address], reply_to=answers, headers=dict(_BY_A_PROGRAM))


def _sender(operator: Operator | None) -> str:
    """From whom a letter is: the operator's name, at the address that the installation may write from."""
    usual = str(settings.DEFAULT_FROM_EMAIL)
    return formataddr((" ".join(operator.name.split()), parseaddr(usual)[1])) if operator else usual


def connection() -> Any:
    """A connection to the mail server, not yet open."""
    return get_connection()


def opened() -> Any:
    """An open connection to the mail server; None where it cannot be reached."""
    found = connection()
    try:
        found.open()
    except (OSError, SMTPException):
        return None
    return found


def hand_over(opened_connection: Any, message: EmailMessage) -> int | None:
    """Give the letter to the mail server: 0 when it took it, its answer when it did not, None when nobody knows."""
    try:
        opened_connection.send_messages([message])
    except SMTPResponseException as answer:
        return int(answer.smtp_code)
    except SMTPRecipientsRefused as answer:
        return max(code for code, _text in answer.recipients.values())
    except (OSError, SMTPException):
        return None
    return 0


def can_send() -> bool:
    """Tell whether the installation has a mail server."""
    return bool(settings.EMAIL_HOST)


def _send(address: str, letter: StrEnum, facts: Mapping[str, Any], language: str, *, known_as: str) -> bool:
    if not can_send():
        return False
    message = _message(address, letter, facts, language)
    transaction.on_commit(partial(_deliver, message, known_as))
    return True


def _worded(letter: StrEnum, facts: Mapping[str, Any], language: str) -> tuple[str, str]:
    (write,) = _writers
    subject, text = write(letter, facts, language)
    return " ".join(subject.split()), text  # names stand in it, and a line break would begin another header


def _deliver(message: EmailMessage, known_as: str) -> None:
    try:
        message.send()
    except (OSError, ValueError):  # the server refuses it, or it cannot be a letter: `BadHeaderError`
        log.exception("Mail to %s was not delivered.", known_as)
