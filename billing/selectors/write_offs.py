"""What was given up of invoices."""

from uuid import UUID

from django.db.models import QuerySet

from billing.models import Invoice, WriteOff


def of_invoice(invoice: Invoice) -> QuerySet[WriteOff]:
    """What was given up of the invoice and not taken back, the oldest first."""
    rows = WriteOff.objects.filter(invoice=invoice, undoes__isnull=True, undone_by__isnull=True)
    return rows.select_related("made_by").order_by("pk")


def one(public_id: UUID) -> WriteOff | None:
    """A write-off with its invoice; None when there is none."""
    return WriteOff.objects.select_related("invoice", "account").filter(public_id=public_id).first()
