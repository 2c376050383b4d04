"""That whoever pays opened a document, noted once, by their own pages alone: a letter holds nothing that tells."""

from datetime import datetime

from billing.models import DocumentOpening, Invoice


def note(invoice: Invoice, *, at: datetime) -> None:
    """Keep that the payer took the document, unless it was opened before."""
    if not DocumentOpening.objects.filter(invoice=invoice).exists():
        DocumentOpening.objects.bulk_create([DocumentOpening(invoice=invoice, opened_at=at)], ignore_conflicts=True)
