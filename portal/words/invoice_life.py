"""What has happened with an issued document, in words and in the order of time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from billing.models import DocumentLetter, Invoice, Reminder, ReminderStep
from portal.words import measures


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """Something that happened, as `timeline` shows it; `on` is a day alone where nobody told the time."""

    title: str
    on: date
    zone: ZoneInfo

    @property
    def at(self) -> str:
        """When, by the operator's clock."""
        if isinstance(self.on, datetime):
            return measures.local_time(self.on, self.zone)
        return measures.local_date(self.on)

    @property
    def order(self) -> tuple[date, time]:
        """What sorts them; what has no time comes last of its day."""
        if isinstance(self.on, datetime):
            local = self.on.astimezone(self.zone)
            return local.date(), local.time()
        return self.on, time.max


def events(
    invoice: Invoice, found: Mapping[str, Any], *, opened_at: datetime | None, zone: ZoneInfo
) -> list[LifeEvent]:
    """Issued, sent, opened, reminded, paid, credited, given up: the newest first; nothing of a draft.

    found: what stands on the page besides: letters, sending, reminders, matches, notes and write_offs.
    """
    if invoice.issued_at is None:
        return []
    told = [(_("Issued"), invoice.issued_at), *_sent(found["letters"], found["sending"])]
    if opened_at is not None:
        told.append((_("Opened by the payer"), opened_at))
    told += [(_what(row), row.sent_on) for row in found["reminders"] if row.invoice_id == invoice.pk]
    told += [
        (_("Paid: %(amount)s") % {"amount": measures.coins(row.amount, invoice.currency)}, row.payment.paid_on)
        for row in found["matches"]
    ]
    told += [(_("Credited by %(note)s") % {"note": note}, note.issued_at) for note in found["notes"]]
    told += [
        (_("Written off: %(amount)s") % {"amount": measures.coins(row.amount, invoice.currency)}, row.happened_on)
        for row in found["write_offs"]
    ]
    rows = [LifeEvent(title, on, zone) for title, on in told]
    return sorted(rows, key=lambda row: row.order)[::-1]


def _sent(letters: list[DocumentLetter], sending: Any) -> Iterator[tuple[str, datetime]]:
    for letter in letters:
        if letter.sent_at is not None and letter.reminder_id is None:
            yield _("Mailed"), letter.sent_at
        if letter.bounced_at is not None:
            yield _("The letter came back"), letter.bounced_at
    if sending is not None and sending.sent_at is not None:
        yield _("Sent as an e-invoice"), sending.sent_at


def _what(reminder: Reminder) -> str:
    return _("Handed to the collection agency") if reminder.what == ReminderStep.What.COLLECTION else _("Reminded")
