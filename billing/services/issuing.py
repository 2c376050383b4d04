"""Issuing: gap-free numbers under a lock, the seller's particulars, the due date, and frozen from then on.

Invoices and credit notes share one series for each operator, so that a missing document is seen at once
(ML 2023:200, 17 kap. 24 § 2; Skatteverket, ställningstagande 2023-06-26). The row of the series stays locked
until the transaction ends: a number exists if and only if its document does.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson
from django.db import connection
from django.db.models import QuerySet

from billing.models import Invoice, NumberSeries, Rendering
from billing.selectors import sellers
from billing.selectors.sellers import seller
from billing.services import ledger, sendings
from billing.sql.invoices import ISSUE
from tenants import work
from tenants.models import Operator


@dataclass(frozen=True, slots=True)
class Issued:
    """What was issued: how many documents, their first and last number, their sum."""

    count: int
    first: int | None
    last: int | None
    amount_due: Decimal

    def facts(self) -> dict[str, Any]:
        """For the audit log."""
        return {
            "invoices": self.count,
            "first_number": self.first,
            "last_number": self.last,
            "amount_due": str(self.amount_due),
        }


# What is issued becomes a file, in the background.
_RENDER = """
INSERT INTO billing_rendering (operator_id, invoice_id, state, queued_at, attempts, error, error_facts, done, total)
SELECT %(operator)s, id, 'queued', now(), 0, '', '{}', 0, 0
FROM billing_invoice WHERE operator_id = %(operator)s AND id = ANY(%(ids)s) AND state = 'issued'
ON CONFLICT (operator_id, invoice_id) DO NOTHING
"""


def issue(drafts: QuerySet[Invoice], *, operator: Operator, at: datetime, issued_on: date) -> Issued:
    """Give the drafts of one series their numbers and freeze them. Must run in one transaction.

    Raises:
        BillingError: one charges VAT of a country where the operator has no number.
    """
    series = _locked_series(operator)
    drafted = list(drafts.filter(state=Invoice.State.DRAFT).values_list("pk", "credits"))
    ids = [pk for pk, _credited in drafted]
    last = series.last_number
    # What a credit note credits has its numbers already, though they may be others by now.
    sold_abroad = sellers.abroad([pk for pk, credited in drafted if credited is None], operator)
    if ids:
        # First the series, then the documents: the database refuses a number that the series has not reached.
        series.last_number += len(ids)
        series.save(update_fields=["last_number"])
    values: dict[str, Any] = {
        "operator": operator.pk,
        "ids": ids,
        "last": last,
        "at": at,
        "issued_on": issued_on,
        "terms": operator.payment_terms_days,
        "seller": orjson.dumps(seller(operator)).decode(),
        "abroad": list(sold_abroad),
        "abroad_facts": [orjson.dumps(facts).decode() for facts in sold_abroad.values()],
    }
    with connection.cursor() as cursor:
        cursor.execute(ISSUE, values)
        rows = cursor.fetchall()
        cursor.execute(_RENDER, values)
    ledger.post(ledger.Kind.DOCUMENT, ids, at=at)
    work.enqueue(Rendering(), rows=len(rows))
    sendings.queue(operator.pk, ids)
    given = [number for number, _ in rows]
    return Issued(
        len(rows), min(given, default=None), max(given, default=None), sum((due for _, due in rows), Decimal(0))
    )


def _locked_series(operator: Operator) -> NumberSeries:
    NumberSeries.objects.bulk_create([NumberSeries(code="F")], ignore_conflicts=True)
    return NumberSeries.objects.select_for_update(of=("self",)).get(operator=operator, code="F")
