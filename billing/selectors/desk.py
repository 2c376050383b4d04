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


@dataclass(frozen=True, slots=True)
class Delivered:
    """How far a run's documents have come on one way (`Account.Delivery`).

    unasked: those that nothing was done about; waiting: on their way; stuck: held back, refused or not delivered.
    """

    delivery: str
    documents: int
    unasked: int
    waiting: int
    stuck: int


_DELIVERED = """
SELECT delivery, count(*), count(*) FILTER (WHERE stands = 'unasked'), count(*) FILTER (WHERE stands = 'waiting'),
    count(*) FILTER (WHERE stands = 'stuck')
FROM (
    SELECT a.delivery, CASE a.delivery
        WHEN 'e_invoice' THEN CASE WHEN s.id IS NULL THEN 'unasked'
            WHEN s.stage IN ('held', 'refused') OR s.state = 'set_aside' THEN 'stuck'
            WHEN s.stage = 'waiting' THEN 'waiting' END
        WHEN 'email' THEN CASE WHEN l.state IS NULL THEN 'unasked'
            WHEN l.bounced_at IS NOT NULL THEN 'stuck'
            WHEN l.sent_at IS NOT NULL THEN NULL
            WHEN l.state IN ('failed', 'set_aside', 'done') THEN 'stuck' ELSE 'waiting' END
        END AS stands
    FROM billing_invoice i
    JOIN tenants_account a ON a.operator_id = i.operator_id AND a.id = i.account_id
    LEFT JOIN billing_sending s ON s.operator_id = i.operator_id AND s.invoice_id = i.id
    LEFT JOIN LATERAL (
        SELECT l.state, l.sent_at, l.bounced_at FROM billing_documentletter l
        WHERE l.operator_id = i.operator_id AND l.invoice_id = i.id AND l.reminder_id IS NULL
        ORDER BY l.nth DESC LIMIT 1
    ) l ON true
    WHERE i.operator_id = %(operator)s AND i.run_id = %(run)s AND i.state = 'issued'
) found GROUP BY delivery ORDER BY delivery
"""


def delivered(run: InvoiceRun) -> list[Delivered]:
    """How far a run's documents have come on each way. As long as the run has invoices."""
    with connection.cursor() as cursor:
        cursor.execute(_DELIVERED, {"operator": run.operator_id, "run": run.pk})
        return [Delivered(*row) for row in cursor.fetchall()]


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
