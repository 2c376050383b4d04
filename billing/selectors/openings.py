"""When payers opened their documents."""

from datetime import datetime

from billing.models import DocumentOpening, Invoice


def first(invoice: Invoice) -> datetime | None:
    """When the payer opened the document first; None if that was not yet, or nobody saw it: a PDF in a letter."""
    return DocumentOpening.objects.filter(invoice=invoice).values_list("opened_at", flat=True).first()
