"""A payment may begin with what is left of it, where what it is for is written by the same statement.

A file of payments wrote each payment whole and changed it at once, with an entry anew in each of its indexes. What is
left of a payment is held against its matches as it begins, and a match changes it only where that is not so already.
"""

from django.db import migrations

BEGINS = """
CREATE FUNCTION billing_payment_begins() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET enable_nestloop = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    operators bigint[];
    payments bigint[];
    found bigint;
BEGIN
    SELECT array_agg(DISTINCT operator_id), array_agg(id) INTO operators, payments FROM fresh WHERE rest <> amount;
    IF payments IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT p.id INTO found FROM fresh p
        LEFT JOIN (SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM billing_paymentmatch
            WHERE operator_id = ANY(operators) AND payment_id = ANY(payments) GROUP BY 1, 2) m
            ON m.operator_id = p.operator_id AND m.payment_id = p.id
        WHERE p.rest <> p.amount AND p.rest <> p.amount - coalesce(m.amount, 0)
        LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Payment % is refused: what is left of it is not what its matches leave.', found
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_payment_begins() FROM PUBLIC;
DROP TRIGGER payment_begins_whole ON billing_payment;
CREATE TRIGGER payment_begins AFTER INSERT ON billing_payment REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT
    EXECUTE FUNCTION billing_payment_begins();
"""
MATCHED = """
CREATE OR REPLACE FUNCTION billing_matched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET enable_nestloop = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    operators bigint[];
    payments bigint[];
    invoices bigint[];
    undone bigint[];
    behind bigint[];
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
    SELECT array_agg(p.id) INTO behind FROM (SELECT * FROM billing_payment WHERE id = ANY(payments)) p
        JOIN (SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM billing_paymentmatch
            WHERE operator_id = ANY(operators) AND payment_id = ANY(payments) GROUP BY 1, 2) s
            ON s.operator_id = p.operator_id AND s.payment_id = p.id
        WHERE p.rest <> p.amount - s.amount;
    IF behind IS NOT NULL THEN
        -- What somebody else has matched meanwhile is seen once their turn with the payment is over, and not before.
        PERFORM 1 FROM billing_payment p WHERE p.id = ANY(behind) ORDER BY p.id FOR NO KEY UPDATE;
        UPDATE billing_payment p SET rest = p.amount - s.amount
            FROM (SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM billing_paymentmatch
                WHERE operator_id = ANY(operators) AND payment_id = ANY(behind) GROUP BY 1, 2) s
            WHERE p.operator_id = s.operator_id AND p.id = s.payment_id AND p.id = ANY(behind);
    END IF;
    UPDATE billing_receivable r SET paid = r.paid + s.amount, rest = r.rest - s.amount
        FROM (SELECT operator_id, invoice_id, sum(amount)::bigint AS amount FROM fresh GROUP BY 1, 2) s
        WHERE r.operator_id = s.operator_id AND r.invoice_id = s.invoice_id AND s.amount <> 0
            AND r.operator_id = ANY(operators) AND r.invoice_id = ANY(invoices);
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0081_payers_are_sealed")]

    operations = [migrations.RunSQL(BEGINS + MATCHED, migrations.RunSQL.noop)]
