"""What a list of invoices comes to, by currency: a credit note counts against the invoices."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from billing.models import Invoice
from billing.selectors import month_sums


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


def of_all(*, state: str = "", month: date | None = None, kind: str = "") -> list[Sums]:
    """The same for all documents that meet these criteria, however many. Two queries."""
    found = month_sums.sums(by=("currency",), state=state, month=month, kind=kind)
    return [Sums(part.key[0], part.documents, part.amount_excl_vat, part.vat, part.amount_due) for part in found]
