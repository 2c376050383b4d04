"""What has become of a run's documents since they were issued, for the month as steps (`portal.web.finance.desk`)."""

from dataclasses import dataclass

from django.db import connection

from billing.models import InvoiceRun, Rendering
from tenants.models.work import OPEN


@dataclass(frozen=True, slots=True)
class Paid:
    """What is open of a run's invoices in a currency, in whole coins; to_book: those that no file of vouchers has."""

    currency: str
    documents: int
    to_book: int
    due: int
    rest: int
    unpaid: int


_PAID = """
SELECT i.currency, count(*), count(*) FILTER (WHERE NOT EXISTS (
        SELECT FROM billing_bookedinvoice b WHERE b.operator_id = i.operator_id AND b.invoice_id = i.id)),
    coalesce(sum(r.due - r.credited), 0)::bigint, coalesce(sum(r.rest) FILTER (WHERE r.rest > 0), 0)::bigint,
    count(*) FILTER (WHERE r.rest > 0)
FROM billing_invoice i
LEFT JOIN billing_receivable r ON r.operator_id = i.operator_id AND r.invoice_id = i.id
WHERE i.operator_id = %(operator)s AND i.run_id = %(run)s AND i.state = 'issued'
GROUP BY i.currency ORDER BY i.currency
"""


def paid(run: InvoiceRun) -> list[Paid]:
    """What is booked and paid of a run, by currency. As long as the run has invoices."""
    with connection.cursor() as cursor:
        cursor.execute(_PAID, {"operator": run.operator_id, "run": run.pk})
        return [Paid(*row) for row in cursor.fetchall()]


def documents_left(run: InvoiceRun) -> int:
    """How many documents of a run are no PDF yet."""
    return Rendering.objects.filter(OPEN, invoice__run=run).count()
