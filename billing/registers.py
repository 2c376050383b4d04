"""What this floor hands to the registers below: audited models."""

from billing.models import Export, Invoice, InvoiceRun, Tariff, TariffAssignment, TariffVersion
from tenants.audit import audited


def register() -> None:
    """Register the models of this floor with the audit log.

    Lines, prices and drafts are written in bulk: the run records one event with counts and sums instead.
    """
    audited(Tariff)
    audited(TariffVersion)
    audited(TariffAssignment)
    audited(InvoiceRun, exclude=["sessions_done", "updated_at"])
    audited(Invoice)
    audited(Export, exclude=["done", "total", "updated_at"])
