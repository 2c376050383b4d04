"""The e-invoice of a document: made and checked when it is first asked for, from then on the same file (decision 42).

What breaks a rule does not leave, and is not kept: rules and words may become better, an issued document does not.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from billing.domain.errors import BillingError, Code
from billing.e_invoices import checks
from billing.e_invoices.rules import Fault
from billing.models import EInvoice
from billing.selectors import e_invoices
from billing.selectors.e_invoices import Document
from billing.services import for_books
from tenants import bookkeeping
from tenants.bookkeeping import Why


class CannotLeave(BillingError):
    """A document breaks rules of e-invoices, told in `faults`."""

    def __init__(self, document: Document, faults: Sequence[Fault]) -> None:
        rules = ", ".join(fault.rule for fault in faults)
        super().__init__(Code.NO_E_INVOICE, field="invoice", value=str(document), rules=rules)
        self.faults = list(faults)


def xml(document: Document, *, at: datetime) -> bytes:
    """Return the e-invoice of a document: the kept one, or one that is made, checked and kept now.

    document: an issued invoice or credit note, or a statement that is the host's invoice.

    Raises:
        CannotLeave: it breaks a rule. crypto.Shut: it is kept for bookkeeping alone, and not read for that.
    """
    kept = e_invoices.kept(document)
    if kept is not None:
        return kept
    with bookkeeping.opened(Why.DOCUMENT, about=document):
        content = e_invoices.written(document)
    faults = checks.faults(content)
    if faults:
        raise CannotLeave(document, faults)
    sealed = for_books.seal(document, content, about=e_invoices.about(document))
    sha256 = hashlib.sha256(content).hexdigest()
    row = EInvoice(**e_invoices.of(document), xml=sealed, sha256=sha256, made_at=at)
    with transaction.atomic():  # two at once make the same; the first one's is kept
        EInvoice.objects.bulk_create([row], ignore_conflicts=True)
    return e_invoices.kept(document) or content
