"""Read one mail that came back to the address letters are sent from, and note which letter it was.

For a mail server that hands mail to programs: with Postfix a line of /etc/aliases. What it reads is a stranger's:
nothing but the Message-ID of a letter of ours is taken from it, and only of a report that says that delivery failed.
"""

import sys
from email import message_from_bytes
from email.message import Message
from typing import Any, Final

from django.core.management.base import BaseCommand

from portal.web.bounces import note
from tenants.actor import acting

#: A report repeats the letter, which may have a long invoice in it; what stands behind this is not read.
_LONGEST: Final = 30_000_000
_RETURNED: Final = ("message/rfc822", "text/rfc822-headers")


class Command(BaseCommand):
    """Whatever comes, it ends well: a mail server would send its own report about a program that fails."""

    help = "Read from standard input a report that a letter could not be delivered, and mark the letter as come back."

    def handle(self, *args: Any, **options: Any) -> None:
        with acting(task="letter_bounced"):
            known = any(note(each) for each in returned(message_from_bytes(sys.stdin.buffer.read(_LONGEST))))
        self.stdout.write("The letter is marked as come back." if known else "No letter of ours came back.")


def returned(report: Message) -> list[str]:
    """The Message-IDs of the letters that a report of a failed delivery (RFC 3464) is about."""
    parts = list(report.walk())
    if not any(_failed(part) for part in parts if part.get_content_type() == "message/delivery-status"):
        return []
    return [found for part in parts if part.get_content_type() in _RETURNED and (found := _message_id(part))]


def _failed(status: Message) -> bool:
    """Whether a part with one block of fields for each receiver says `failed` of one of them."""
    blocks = status.get_payload()
    return isinstance(blocks, list) and any(
        str(block.get("Action", "")).strip().lower() == "failed" for block in blocks if isinstance(block, Message)
    )


def _message_id(part: Message) -> str:
    content = part.get_payload()
    if isinstance(content, list):
        letter = content[0] if content else None
    else:
        letter = message_from_bytes(part.get_payload(decode=True) or b"")  # type: ignore[arg-type]
    return str(letter.get("Message-ID", "")).strip() if isinstance(letter, Message) else ""
