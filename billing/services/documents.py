"""The PDF of an invoice: rendered once, stored, and the same file at every download.

Rendered in the background after issuing, or on the first download, and sealed with the operator's key, or where the
buyer has been erased for bookkeeping alone (`for_books`). Drafts are rendered anew each time and never stored.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import BinaryField
from django.db.models.functions import Substr

from billing.documents import layout
from billing.documents import pdf as renderer
from billing.e_invoices import bill, checks, cii, ubl
from billing.e_invoices.bill import Bill
from billing.models import Invoice, InvoiceDocument, InvoiceLine
from billing.selectors import credits, invoices, letterheads, sellers
from billing.services import for_books
from charging.domain.ocpp import SOURCE
from charging.domain.signed.proof import Verdict
from charging.selectors import signed_values
from tenants import bookkeeping, sealed_content
from tenants.bookkeeping import Why
from tenants.models import Operator


def pdf(invoice: Invoice) -> bytes:
    """Return the PDF: of an issued document the stored one, rendered if there is none yet.

    Raises:
        crypto.Shut: it is kept for bookkeeping alone, and not read for that.
    """
    if invoice.state != Invoice.State.ISSUED or invoice.issued_at is None:
        return _rendered(invoice, at=invoice.drafted_at)
    found = stored(invoice)
    if found is None:
        _store(invoice, at=invoice.issued_at)
        found = _opened(InvoiceDocument.objects.get(invoice=invoice))
    return found


def render(invoice: Invoice) -> None:
    """Render and keep an issued document, unless it has been; nothing is opened."""
    if not InvoiceDocument.objects.filter(invoice=invoice).exists():
        _store(invoice, at=invoice.issued_at or invoice.drafted_at)


def stored(invoice: Invoice) -> bytes | None:
    """Return the PDF of an issued document, if it has been rendered."""
    document = InvoiceDocument.objects.filter(invoice=invoice).first()
    return _opened(document) if document else None


def is_for_books(invoice: Invoice) -> bool:
    """Whether bookkeeping alone opens the stored PDF, as somebody whom it names was erased."""
    return sealed_content.is_for_books(_beginning(invoice))


def can_be_shown(invoice: Invoice) -> bool:
    """Whether there is a stored PDF, and one that opens without saying what for."""
    found = _beginning(invoice)
    return bool(found) and not sealed_content.is_for_books(found)


def _beginning(invoice: Invoice) -> bytes:
    """How the stored PDF begins, which says what opens it; nothing where there is none."""
    begins = Substr("pdf", 1, len(sealed_content.MARK), output_field=BinaryField())
    found = InvoiceDocument.objects.filter(invoice=invoice).annotate(begins=begins).values_list("begins", flat=True)
    return bytes(found.first() or b"")


def _store(invoice: Invoice, *, at: datetime) -> None:
    """Keep the rendered PDF. Two at once render the same; the first one's is kept."""
    with bookkeeping.opened(Why.DOCUMENT, about=invoice):
        content = _rendered(invoice, at=at)
    sealed = for_books.seal(invoice, content, about=_about(invoice.pk))
    document = InvoiceDocument(invoice=invoice, pdf=sealed, sha256=hashlib.sha256(content).hexdigest(), rendered_at=at)
    with transaction.atomic():
        InvoiceDocument.objects.bulk_create([document], ignore_conflicts=True)


def _opened(document: InvoiceDocument) -> bytes:
    return sealed_content.unseal(bytes(document.pdf), about=_about(document.invoice_id))


def _about(invoice: int) -> str:
    return f"invoice:{invoice}"


def _rendered(invoice: Invoice, *, at: datetime) -> bytes:
    seller = invoice.seller or sellers.seller(Operator.objects.get(pk=invoice.operator_id))
    look = letterheads.of_seller(seller)
    told: dict[str, Any] = {
        "seller": seller,
        "lines": invoices.lines(invoice, with_terms=True),
        "vat": list(invoice.vat_rows.all()),
        "left": credits.left(invoice.credits, up_to=invoice).amount_due if invoice.credits else Decimal(0),
    }
    verdicts = _verdicts(told["lines"]) if invoice.kind == Invoice.Kind.INVOICE else {}
    is_issued = invoice.state == Invoice.State.ISSUED
    return renderer.render(
        layout.page(invoice, look=look, before=invoices.month_before(invoice), verdicts=verdicts, **told),
        logo=bytes(look.logo) if look else b"",
        at=at,
        factur_x_file=_for_machines(bill.of(invoice, **told)) if is_issued else b"",
    )


def _verdicts(lines: Iterable[InvoiceLine]) -> dict[int, Verdict]:
    """By session what its meter's signatures prove, of those that its station told of."""
    sessions = {line.session_id: line.session for line in lines if line.session_id is not None}
    proofs = signed_values.proofs([session for session in sessions.values() if session.source == SOURCE])
    told = {(SOURCE, str(number)): proof.verdict for number, proof in proofs.items()}
    names = {key: (session.source, session.external_id) for key, session in sessions.items()}
    return {key: told[name] for key, name in names.items() if name in told}


def _for_machines(found: Bill) -> bytes:
    """The document as Factur-X; none of one that breaks a rule of the standard: its PDF is still its invoice."""
    return cii.write(found) if checks.meets_standard(ubl.write(found)) else b""
