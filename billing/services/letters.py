"""Invoices, reminders and hosts' statements by e-mail: queued once each, as the operator wants it, and what came back.

`letter_steps` sends them, one by one. Letters of an operator lie as far apart as its limit a minute says: each has its
moment when it is queued.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from billing.domain import own_words
from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.models import DocumentLetter, HostStatement, Invoice, InvoiceRun, MailRules, Reminder, ReminderStep
from tenants import work
from tenants.log import audit
from tenants.models import Account, Operator, User
from tenants.models.work import OPEN, Work
from tenants.scoping import current_operator_id
from tenants.services import mail

#: What the operator's own words of an invoice's letter may name; `portal` is added by whoever words it.
PLACEHOLDERS: Final = ("operator", "invoice", "unpaid", "due", "reference", "bankgiro", "account", "portal")


class LettersRefused(BillingError):
    """Nothing can be mailed, or not this."""

    usual = Code.NO_MAIL_SERVER


def rules() -> MailRules:
    """How the operator mails its documents."""
    return MailRules.objects.first() or MailRules()


def keep_rules(**given: Any) -> MailRules:
    """Keep how the operator mails its documents.

    Raises:
        LettersRefused: a text names what is not known.
    """
    checked(MailRules(**given))
    return MailRules.objects.update_or_create(defaults=given)[0]


def checked(asked: MailRules) -> MailRules:
    """Return the rules if their texts name what is known.

    Raises:
        LettersRefused: one does not.
    """
    for own in asked.texts.values():
        for text in own.values():
            if names := own_words.unknown(text, PLACEHOLDERS):
                raise LettersRefused(Code.REMINDER_PLACEHOLDER, field="text", value=names[0])
    return asked


@transaction.atomic
def mail_run(run: InvoiceRun, *, by: User | None, at: datetime) -> int:
    """Queue the invoices of an issued run whose payers get them by e-mail, and that were not; return how many.

    Raises:
        LettersRefused: there is no mail server.
    """
    theirs = Invoice.objects.filter(run=run, state=Invoice.State.ISSUED, account__delivery=Account.Delivery.EMAIL)
    return _queue(
        [About(account, pk) for pk, account in theirs.order_by("number").values_list("pk", "account")], by, at
    )


@transaction.atomic
def mail_invoice(invoice: Invoice, *, by: User | None, at: datetime) -> int:
    """Queue one document, also when it was mailed before: then as its next letter.

    Raises:
        LettersRefused: there is no mail server, it is a draft, or its last letter has not left yet.
    """
    if invoice.state != Invoice.State.ISSUED:
        raise LettersRefused(Code.DRAFT_NOT_MAILED, field="invoice", value=str(invoice))
    letters = DocumentLetter.objects.filter(invoice=invoice, reminder=None)
    if letters.filter(OPEN).exists():
        raise LettersRefused(Code.LETTER_WAITS, field="invoice", value=str(invoice))
    last = letters.aggregate(last=Max("nth"))["last"] or 0
    return _queue([About(invoice.account_id, invoice.pk)], by, at, nth=last + 1)


@transaction.atomic
def send_again(letter: DocumentLetter, *, by: User | None, at: datetime) -> int:
    """Queue a letter anew that did not arrive, or of which nobody knows.

    Raises:
        LettersRefused: it waits still, went out and did not come back, or was sent anew since.
    """
    row = DocumentLetter.objects.select_for_update(of=("self",)).get(pk=letter.pk)
    arrived = row.sent_at is not None and row.bounced_at is None
    about = About(row.account_id, row.invoice_id, row.reminder_id, row.statement_id)
    newer = DocumentLetter.objects.filter(**about.facts, nth__gt=row.nth)
    if row.is_open or arrived or newer.exists():
        raise LettersRefused(Code.LETTER_WAITS, field="letter", value=str(row))
    return _queue([about], by, at, nth=row.nth + 1)


def mail_reminders(sent: Iterable[Reminder], *, by: User | None, at: datetime) -> int:
    """Queue reminders for those who have an e-mail address; return how many. Without a mail server none are."""
    if not mail.can_send():
        return 0
    reminders = [row for row in sent if row.what == ReminderStep.What.REMINDER]
    known = Account.objects.filter(pk__in={row.account_id for row in reminders}).exclude(identity__email="")
    reached = set(known.exclude(delivery=Account.Delivery.LETTER).values_list("pk", flat=True))
    rows = [About(row.account_id, row.invoice_id, row.pk) for row in reminders if row.account_id in reached]
    return _queue(rows, by, at)


def mail_statements(closed: Iterable[HostStatement], *, by: User | None, at: datetime) -> int:
    """Queue statements for hosts who have an e-mail address and get none as an e-invoice; return how many.

    Without a mail server none are. Silence may be consent (`HostStatement.object_until`): a host has to be told.
    """
    if not mail.can_send():
        return 0
    delivery = Account.Delivery
    rows = [
        About(row.account_id, statement=row.pk)
        for row in closed
        if row.account.delivery != delivery.LETTER
        and not (row.account.delivery == delivery.E_INVOICE and row.number is not None)
        and row.account.identity
        and row.account.identity.email
    ]
    return _queue(rows, by, at)


class About(NamedTuple):
    """What a letter is about, by number: an account, and of it an invoice, one of its reminders, or a statement."""

    account: int
    invoice: int | None = None
    reminder: int | None = None
    statement: int | None = None

    @property
    def facts(self) -> dict[str, int | None]:
        """As letters are found by it."""
        return {"invoice": self.invoice, "reminder": self.reminder, "statement": self.statement}


def _queue(rows: Sequence[About], by: User | None, at: datetime, *, nth: int = 1) -> int:
    """Queue what is not queued yet, each at its moment."""
    if not mail.can_send():
        raise LettersRefused(Code.NO_MAIL_SERVER, field="EMAIL_HOST")
    # The moments come one after the other.
    Operator.objects.select_for_update(no_key=True).get(pk=current_operator_id())
    documents = Q(invoice__in=[row.invoice for row in rows if row.invoice]) | Q(
        statement__in=[row.statement for row in rows if row.statement]
    )
    there = set(DocumentLetter.objects.filter(documents, nth=nth).values_list("invoice", "reminder", "statement"))
    moment, apart = next_moment(at), rules().apart
    letters = [
        DocumentLetter(
            account_id=row.account,
            invoice_id=row.invoice,
            reminder_id=row.reminder,
            statement_id=row.statement,
            nth=nth,
            requested_by=by,
        )
        for row in rows
        if row[1:] not in there
    ]
    for index, letter in enumerate(letters):
        letter.queued_at = letter.leased_until = moment + index * apart
    DocumentLetter.objects.bulk_create(letters, ignore_conflicts=True, batch_size=2_000)
    if letters:
        work.enqueue(DocumentLetter(), rows=len(letters))
        audit.record(Event.LETTERS_QUEUED, letters=len(letters))
    return len(letters)


def next_moment(at: datetime) -> datetime:
    """When the next letter may leave: after the last one that waits."""
    last = DocumentLetter.objects.filter(state=Work.State.WAITING).aggregate(last=Max("leased_until"))["last"]
    return max(at, last + rules().apart) if last else at


def came_back(public_id: UUID, *, at: datetime) -> bool:
    """Note that a letter which left came back; return whether there is such a one."""
    row = DocumentLetter.objects.filter(public_id=public_id, handed_at__isnull=False, bounced_at=None).first()
    if row is None or not DocumentLetter.objects.filter(pk=row.pk, bounced_at=None).update(bounced_at=at):
        return False
    audit.record(Event.LETTER_BOUNCED, about=row)
    return True
