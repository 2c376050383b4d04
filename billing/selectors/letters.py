"""Letters with a document: what was mailed to whom, what waits, and what of a run was not mailed yet."""

from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import DocumentLetter, Invoice, InvoiceRun
from billing.selectors import numbers
from tenants.models import Account
from tenants.models.work import OPEN, Work
from tenants.selectors import accounts
from tenants.selectors.search import among

#: What became of a letter, as people ask for it.
WAITING, SENT, NOT_SENT, BOUNCED = "waiting", "sent", "not_sent", "bounced"
_STATES: Final = {
    WAITING: OPEN,
    SENT: Q(sent_at__isnull=False, bounced_at__isnull=True),
    NOT_SENT: Q(state__in=[Work.State.FAILED, Work.State.SET_ASIDE]),
    BOUNCED: Q(bounced_at__isnull=False),
}


def listing(
    *, state: str = "", search: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[DocumentLetter]:
    """Letters that meet all criteria, with document and payer, in no order.

    state: one of the four above. search: an invoice's number or OCR reference, or a payer's name or customer number.
    since, until: instants between which they were queued, the second excluded.
    """
    rows = DocumentLetter.objects.select_related(
        "invoice", "reminder", "statement", "account__identity", "requested_by"
    )
    rows = rows.filter(_STATES[state]) if state in _STATES else rows
    rows = rows.filter(queued_at__gte=since) if since else rows
    rows = rows.filter(queued_at__lt=until) if until else rows
    if not search.strip():
        return rows
    numbered = numbers.numbered(search.strip())
    return rows.filter(among("account", accounts.meant(search)) | among("invoice", numbered))


def of_invoice(invoice: Invoice) -> QuerySet[DocumentLetter]:
    """The letters about an invoice, in order."""
    return listing().filter(invoice=invoice).order_by("queued_at", "pk")


def to_mail(run: InvoiceRun) -> int:
    """How many invoices of an issued run go out by e-mail and were not queued yet."""
    theirs = Invoice.objects.filter(run=run, state=Invoice.State.ISSUED, account__delivery=Account.Delivery.EMAIL)
    return theirs.exclude(Exists(DocumentLetter.objects.filter(invoice=OuterRef("pk"), reminder=None))).count()
