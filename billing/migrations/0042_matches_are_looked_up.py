"""Matches are checked and counted by look-ups of keys: a join is guessed, and wrongly of a table that is just filled.

A file of payments fills the payments and their matches while nobody has counted those tables yet. Each row is found by
its index in any case, so a hundred thousand payments take a hundred times what a thousand take.
"""

from django.db import migrations

MATCHED = """
CREATE OR REPLACE FUNCTION billing_matched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT m.*, p.currency, p.amount AS paid FROM fresh m CROSS JOIN LATERAL (
            SELECT p.currency, p.amount FROM billing_payment p
            WHERE p.operator_id = m.operator_id AND p.id = m.payment_id LIMIT 1) p
    LOOP
        IF each.invoice_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM billing_receivable r
                WHERE r.operator_id = each.operator_id AND r.invoice_id = each.invoice_id
                    AND r.currency = each.currency AND r.account_id IS NOT DISTINCT FROM each.account_id
                    AND EXISTS (SELECT FROM billing_invoice i WHERE i.operator_id = each.operator_id
                        AND i.id = each.invoice_id AND i.state = 'issued'))
            OR each.undoes_id IS NULL AND sign(each.amount) <> sign(each.paid)
            OR each.undoes_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM billing_paymentmatch u
                WHERE u.operator_id = each.operator_id AND u.id = each.undoes_id AND u.undoes_id IS NULL
                    AND (u.payment_id, u.invoice_id, u.account_id, u.purpose, -u.amount)
                        IS NOT DISTINCT FROM
                        (each.payment_id, each.invoice_id, each.account_id, each.purpose, each.amount))
        THEN
            RAISE EXCEPTION
                'Match % is refused: it is of another account, currency or sign, or undoes something else.', each.id
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    FOR each IN SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM fresh GROUP BY 1, 2 LOOP
        UPDATE billing_payment SET rest = rest - each.amount
            WHERE operator_id = each.operator_id AND id = each.payment_id AND each.amount <> 0;
    END LOOP;
    FOR each IN SELECT operator_id, invoice_id, sum(amount)::bigint AS amount FROM fresh
        WHERE invoice_id IS NOT NULL GROUP BY 1, 2
    LOOP
        UPDATE billing_receivable SET paid = paid + each.amount, rest = rest - each.amount
            WHERE operator_id = each.operator_id AND invoice_id = each.invoice_id AND each.amount <> 0;
    END LOOP;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0041_vouchers")]

    operations = [migrations.RunSQL(MATCHED, migrations.RunSQL.noop)]
