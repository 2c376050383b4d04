"""What a list of invoices comes to, by currency: a credit note counts against the invoices."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from billing.models import Invoice


@dataclass(frozen=True, slots=True)
class Sums:
    """One currency's documents."""

    currency: str
    documents: int
    amount_excl_vat: Decimal
    vat: Decimal
    amount_due: Decimal


def of(rows: QuerySet[Invoice]) -> list[Sums]:
    """Sum the documents in the database, one row a currency. One query."""
    found = (
        rows.order_by()
        .values_list("currency")
        .annotate(Count("pk"), Sum("amount_excl_vat"), Sum("vat"), Sum("amount_due"))
        .order_by("currency")
    )
    return [Sums(*row) for row in found]
