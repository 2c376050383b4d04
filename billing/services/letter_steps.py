"""Sending one letter with a document, at most once.

Before it is given to the mail server that is written down and kept. A worker that dies then, or a server that falls
silent in the middle, leaves a letter of which nobody knows whether it went: it is not sent again by itself, the page
says so, and a person may have it sent anew. A server that cannot be reached, or says no for now, has taken nothing, and
the letter is tried again until a day has passed. What a mail server took it may deliver twice; we cannot know.

After a stop, when the moments of many letters are past, those that would be too many a minute get new ones behind the
last.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.documents import paying
from billing.domain import money
from billing.letters import Letter
from billing.models import DocumentLetter, HostStatement, Invoice, Receivable
from billing.selectors import settlements
from billing.services import documents, statement_documents
from billing.services.letters import next_moment, rules
from tenants import bookkeeping, work
from tenants.bookkeeping import Why
from tenants.figures import figures
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.services import mail

#: Why a letter was not sent, in `Work.error`.
NO_ADDRESS, REFUSED, NOT_KNOWN, TOO_LATE = "letter_no_address", "letter_refused", "letter_not_known", "letter_too_late"
#: Why it waits: nobody is there, or it was told to come later.
AWAY, LATER = "letter_server_away", "letter_asked_to_wait"
#: So long a letter is tried, and so long it rests when the server cannot be reached.
TRIED_FOR: Final = timedelta(days=1)
REST: Final = timedelta(minutes=5)
#: From this answer on, a mail server says no for good.
PERMANENT: Final = 500


def send(operator_id: int, row: DocumentLetter, *, clock: Callable[[], datetime]) -> None:
    """Send one letter, at most once; see the head of this module."""
    with tenant_scope(operator_id):
        letter = _looked_at(row, at=clock())
        message = _written(letter, Operator.objects.get(pk=operator_id), at=clock()) if letter else None
    if letter is None or message is None:
        return
    connection = mail.opened()
    if connection is None:
        with tenant_scope(operator_id):
            work.put_back(row, until=clock() + REST, why=AWAY)
        return
    try:
        with tenant_scope(operator_id):
            at = clock()
            work.keep(row, at=at, handed_at=at)
            letter.save(update_fields=["address"])
        answer = mail.hand_over(connection, message)
    finally:
        connection.close()
    with tenant_scope(operator_id):
        _answered(row, answer, at=clock())


def _answered(row: DocumentLetter, answer: int | None, *, at: datetime) -> None:
    """Write down what the mail server said. One that refuses has taken nothing: for good, or for now."""
    if answer is None:
        work.fail(row, NOT_KNOWN)
    elif answer == 0:
        work.finish(row, sent_at=at, done=1, total=1)
    elif answer >= PERMANENT:
        work.fail(row, REFUSED, {"answer": answer})
    else:
        work.keep(row, at=at, handed_at=None)
        work.put_back(row, until=at + REST, why=LATER, facts={"answer": answer})


def _looked_at(row: DocumentLetter, *, at: datetime) -> DocumentLetter | None:
    """The letter with all it needs; None when it is not sent now, which is written down."""
    letter = DocumentLetter.objects.select_related(
        "account__identity", "invoice__buyer", "invoice__credits", "reminder__charge", "statement__contract"
    ).get(pk=row.pk)
    if letter.handed_at is not None:
        work.fail(row, NOT_KNOWN)
    elif at - letter.queued_at > TRIED_FOR:
        work.fail(row, TOO_LATE)
    elif DocumentLetter.objects.filter(sent_at__gt=at - timedelta(minutes=1)).count() >= rules().per_minute:
        work.put_back(row, until=next_moment(at + rules().apart))
    elif not (letter.account.identity and letter.account.identity.email):
        work.fail(row, NO_ADDRESS)
    else:
        letter.address = str(letter.account.identity.email)
        return letter
    return None


def _written(letter: DocumentLetter, operator: Operator, *, at: datetime) -> Any:
    language = letter.account.language or operator.language
    if letter.statement is not None:
        return _with_statement(letter, letter.statement, operator, language, at=at)
    assert letter.invoice is not None
    own = rules().texts.get("sv" if language.startswith("sv") else "en", {})
    message = mail.letter_to(
        str(letter.address),
        _kind(letter, letter.invoice),
        operator=operator,
        language=language,
        message_id=_message_id(letter, operator),
        document=str(letter.invoice),
        credited=str(letter.invoice.credits or ""),
        reminder=letter.reminder,
        invoice_subject=own.get("subject", ""),
        invoice_text=own.get("text", ""),
        left=left(letter.invoice.credits or letter.invoice),
        waits=waits(letter.invoice.credits or letter.invoice),
        is_overdue=(letter.invoice.credits or letter.invoice).is_overdue(at),
        amount=abs(letter.invoice.amount_due),
        currency=letter.invoice.currency,
        said=said(letter.invoice.credits or letter.invoice, operator, language),
    )
    if rules().attaches_pdf:
        for document in _documents(letter, letter.invoice):
            with bookkeeping.opened(Why.DOCUMENT, about=document):
                message.attach(f"{document}.pdf", documents.pdf(document), "application/pdf")
    return message


def _with_statement(
    letter: DocumentLetter, statement: HostStatement, operator: Operator, language: str, *, at: datetime
) -> Any:
    """The letter to a host."""
    paid = settlements.payout(statement)
    message = mail.letter_to(
        str(letter.address),
        Letter.SETTLED,
        operator=operator,
        language=language,
        message_id=_message_id(letter, operator),
        statement=statement,
        settled=statement,
        today=at.astimezone(statement.zone).date(),
        paid_on=paid.paid_on if paid else None,
    )
    if rules().attaches_pdf:
        with bookkeeping.opened(Why.DOCUMENT, about=statement):
            message.attach(f"{statement}.pdf", statement_documents.pdf(statement), "application/pdf")
    return message


def _message_id(letter: DocumentLetter, operator: Operator) -> str:
    return f"<{letter.public_id}.{operator.slug}@wattledger>"


def _kind(letter: DocumentLetter, invoice: Invoice) -> Letter:
    if letter.reminder is not None:
        return Letter.REMINDED
    return Letter.INVOICED if invoice.kind == Invoice.Kind.INVOICE else Letter.CREDITED


def _documents(letter: DocumentLetter, invoice: Invoice) -> list[Invoice]:
    charge = letter.reminder.charge if letter.reminder else None
    return [invoice, *([charge] if charge else [])]


def left(invoice: Invoice) -> Decimal:
    """What is left to pay of an invoice, without what is disputed; below zero, what its payer gets back."""
    row = Receivable.objects.filter(invoice=invoice).first()
    return money.from_minor(row.rest - row.waits, row.currency) if row else invoice.amount_due


def waits(invoice: Invoice) -> Decimal:
    """What of an invoice is disputed, and need not be paid before that is answered."""
    row = Receivable.objects.filter(invoice=invoice).first()
    return money.from_minor(row.waits, row.currency) if row else Decimal(0)


def said(invoice: Invoice, operator: Operator, language: str) -> dict[str, str]:
    """The facts that an operator's own words may name, as they are written in the language."""
    amount, written = left(invoice), figures(language)
    return {
        "operator": operator.name,
        "invoice": str(invoice),
        "unpaid": written.money(amount, invoice.currency, money.minor_digits(invoice.currency)),
        "due": written.day(invoice.due_on) if invoice.due_on else "",
        "reference": invoice.payment_reference,
        "bankgiro": invoice.seller.get("bankgiro", ""),
        "account": paying.pays_to(invoice.seller, invoice.currency),
    }
