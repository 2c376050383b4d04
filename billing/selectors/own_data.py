"""What this floor holds about a driver beside the rows of the register: lines of their documents, their payments."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from billing.models import Invoice, InvoiceLine, Payment, PaymentMatch
from tenants.models import Driver

_FIELDS = ("position", "component", "quantity", "unit", "unit_price", "vat_rate", "amount_excl_vat", "amount_incl_vat")


def lines_of(driver: Driver) -> Iterator[dict[str, Any]]:
    """Every line of the issued documents that the driver paid for themselves, in their order."""
    documents = Invoice.objects.filter(account__driver=driver, state=Invoice.State.ISSUED)
    rows = InvoiceLine.objects.filter(invoice__in=documents).select_related("invoice", "session")
    for line in rows.order_by("invoice", "position").iterator(chunk_size=1000):
        facts = {name: getattr(line, name) for name in _FIELDS}
        yield {"invoice": str(line.invoice), "session": line.session.started_at, **facts}


def payments_of(driver: Driver) -> QuerySet[Payment]:
    """The payments that were for the driver's own account, without those that were so by mistake."""
    live = PaymentMatch.objects.filter(account__driver=driver, undoes__isnull=True, undone_by__isnull=True)
    return Payment.objects.filter(pk__in=live.values("payment"))
