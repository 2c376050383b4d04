"""Matches are checked and counted all at once, and no longer one by one.

A row of `billing_payment` or `billing_receivable` was looked up and changed by a statement of its own for each match;
now each table is read once for all matches of a statement. What is read is named by constants, and planned each time:
nobody has counted these tables when a file of payments fills them.
"""

from django.db import migrations

MATCHED = """
CREATE OR REPLACE FUNCTION billing_matched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET enable_nestloop = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    operators bigint[];
    payments bigint[];
    invoices bigint[];
    undone bigint[];
    found bigint;
BEGIN
    SELECT array_agg(DISTINCT operator_id), array_agg(DISTINCT payment_id), array_agg(DISTINCT invoice_id),
        array_agg(DISTINCT undoes_id)
        INTO operators, payments, invoices, undone FROM fresh;
    SELECT m.id INTO found FROM fresh m
        JOIN (SELECT * FROM billing_payment WHERE id = ANY(payments)) p
            ON p.operator_id = m.operator_id AND p.id = m.payment_id
        LEFT JOIN (
            SELECT * FROM billing_receivable WHERE operator_id = ANY(operators) AND invoice_id = ANY(invoices)
        ) r ON r.operator_id = m.operator_id AND r.invoice_id = m.invoice_id
        LEFT JOIN (SELECT * FROM billing_invoice WHERE id = ANY(invoices)) i
            ON i.operator_id = m.operator_id AND i.id = m.invoice_id
        LEFT JOIN (SELECT * FROM billing_paymentmatch WHERE id = ANY(undone)) u
            ON u.operator_id = m.operator_id AND u.id = m.undoes_id
        WHERE m.invoice_id IS NOT NULL AND (i.state, r.currency, r.account_id)
                IS DISTINCT FROM ('issued', p.currency, m.account_id)
            OR m.undoes_id IS NULL AND sign(m.amount) <> sign(p.amount)
            OR m.undoes_id IS NOT NULL AND (
                u.undoes_id IS NOT NULL
                OR (u.payment_id, u.invoice_id, u.account_id, u.purpose, -u.amount)
                    IS DISTINCT FROM (m.payment_id, m.invoice_id, m.account_id, m.purpose, m.amount))
        LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION
            'Match % is refused: it is of another account, currency or sign, or undoes something else.', found
            USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE billing_payment p SET rest = p.rest - s.amount
        FROM (SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM fresh GROUP BY 1, 2) s
        WHERE p.operator_id = s.operator_id AND p.id = s.payment_id AND s.amount <> 0 AND p.id = ANY(payments);
    UPDATE billing_receivable r SET paid = r.paid + s.amount, rest = r.rest - s.amount
        FROM (SELECT operator_id, invoice_id, sum(amount)::bigint AS amount FROM fresh GROUP BY 1, 2) s
        WHERE r.operator_id = s.operator_id AND r.invoice_id = s.invoice_id AND s.amount <> 0
            AND r.operator_id = ANY(operators) AND r.invoice_id = ANY(invoices);
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0080_issue_notes_names")]

    operations = [migrations.RunSQL(MATCHED, migrations.RunSQL.noop)]
