"""What is open of each issued invoice, kept by the database; payments and matches are facts.

What was issued before is written once here: one row an invoice, read by the indexes that are there, no old row touched.
"""

from typing import ClassVar

from django.db import migrations

# Spelled out here, as a migration keeps what it did (`tenants.rls.DEFINER` says why).
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
# Amounts of invoices in whole coins; `billing.sql.invoices.DIGITS` as it is today.
COINS = """(CASE
    WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF',
        'XOF', 'XPF') THEN 1
    WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000 ELSE 100 END)"""

# What was issued until here is open but for its credit notes: nobody has told of a payment yet.
BACKFILL = f"""
INSERT INTO billing_receivable (operator_id, invoice_id, account_id, currency, due_on, due, credited, paid, rest)
SELECT operator_id, id, account_id, currency, due_on, amount_due * {COINS}, credited * {COINS}, 0,
    (amount_due - credited) * {COINS}
FROM (
    SELECT i.operator_id, i.id, i.account_id, i.currency, i.due_on, i.amount_due, coalesce((
        SELECT -sum(n.amount_due) FROM billing_invoice n
        WHERE n.operator_id = i.operator_id AND n.credits_id = i.id AND n.state = 'issued'), 0) AS credited
    FROM billing_invoice i WHERE i.state = 'issued' AND i.kind = 'invoice'
) issued
"""  # noqa: S608  # constants
# Once a statement, over all it issues. An issued row never changes, so it is issued here once.
ISSUED = f"""
CREATE FUNCTION billing_issued_is_open() RETURNS trigger {DEFINER} AS $$
BEGIN
    INSERT INTO billing_receivable (operator_id, invoice_id, account_id, currency, due_on, due, credited, paid, rest)
    SELECT operator_id, id, account_id, currency, due_on, amount_due * {COINS}, 0, 0, amount_due * {COINS}
    FROM fresh WHERE state = 'issued' AND kind = 'invoice';
    UPDATE billing_receivable r SET credited = r.credited + n.credited, rest = r.rest - n.credited
    FROM (
        SELECT operator_id, credits_id, -sum(amount_due * {COINS})::bigint AS credited
        FROM fresh WHERE state = 'issued' AND kind = 'credit_note' GROUP BY 1, 2
    ) n WHERE r.operator_id = n.operator_id AND r.invoice_id = n.credits_id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_issued_is_open() FROM PUBLIC;
CREATE TRIGGER issued_is_open AFTER UPDATE ON billing_invoice REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION billing_issued_is_open();
"""  # noqa: S608  # constants
# What a match takes is taken from both of its sides here, whoever writes it; the checks of both stop one that takes
# more than there is.
MATCHED = f"""
CREATE FUNCTION billing_matched() RETURNS trigger {DEFINER} AS $$
DECLARE
    found bigint;
BEGIN
    SELECT m.id INTO found FROM fresh m
        JOIN billing_payment p ON p.operator_id = m.operator_id AND p.id = m.payment_id
        LEFT JOIN billing_invoice i ON i.operator_id = m.operator_id AND i.id = m.invoice_id AND i.state = 'issued'
        LEFT JOIN billing_receivable r ON r.operator_id = m.operator_id AND r.invoice_id = i.id
        LEFT JOIN billing_paymentmatch u ON u.operator_id = m.operator_id AND u.id = m.undoes_id
        WHERE m.invoice_id IS NOT NULL
                AND (r.id IS NULL OR r.currency <> p.currency OR r.account_id IS DISTINCT FROM m.account_id)
            OR m.undoes_id IS NULL AND sign(m.amount) <> sign(p.amount)
            OR m.undoes_id IS NOT NULL AND (u.undoes_id IS NOT NULL
                OR (u.payment_id, u.invoice_id, u.account_id, u.purpose, -u.amount)
                    IS DISTINCT FROM (m.payment_id, m.invoice_id, m.account_id, m.purpose, m.amount))
        LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Match % is refused: it is of another account, currency or sign, or undoes something else.',
            found USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE billing_payment p SET rest = p.rest - m.amount
        FROM (SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM fresh GROUP BY 1, 2) m
        WHERE p.operator_id = m.operator_id AND p.id = m.payment_id AND m.amount <> 0;
    UPDATE billing_receivable r SET paid = r.paid + m.amount, rest = r.rest - m.amount
        FROM (SELECT operator_id, invoice_id, sum(amount)::bigint AS amount FROM fresh
              WHERE invoice_id IS NOT NULL GROUP BY 1, 2) m
        WHERE r.operator_id = m.operator_id AND r.invoice_id = m.invoice_id AND m.amount <> 0;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_matched() FROM PUBLIC;
CREATE TRIGGER what_is_left AFTER INSERT ON billing_paymentmatch REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION billing_matched();
"""  # noqa: S608  # constants
# Facts. A person who leaves takes their name off what they did; what is left of a payment follows its matches, and of
# an invoice its notes and matches too: those statements run inside a trigger, which nobody else's does.
FINAL = """
CREATE TRIGGER final_payment_changed BEFORE UPDATE ON billing_payment
    FOR EACH ROW WHEN (pg_trigger_depth() < 1 AND NOT (NEW.recorded_by_id IS NULL
        AND to_jsonb(NEW) - 'recorded_by_id' = to_jsonb(OLD) - 'recorded_by_id'))
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_payment_deleted BEFORE DELETE ON billing_payment
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER payment_begins_whole BEFORE INSERT ON billing_payment
    FOR EACH ROW WHEN (NEW.rest <> NEW.amount) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_payment
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER final_match_changed BEFORE UPDATE ON billing_paymentmatch
    FOR EACH ROW WHEN (NOT (NEW.made_by_id IS NULL
        AND to_jsonb(NEW) - 'made_by_id' = to_jsonb(OLD) - 'made_by_id'))
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_match_deleted BEFORE DELETE ON billing_paymentmatch
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_paymentmatch
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER receivable_begins_with_issue BEFORE INSERT ON billing_receivable
    FOR EACH ROW WHEN (pg_trigger_depth() < 1 AND NEW.rest <> 0) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER receivable_follows BEFORE UPDATE ON billing_receivable
    FOR EACH ROW WHEN (pg_trigger_depth() < 1) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER receivable_stays BEFORE DELETE ON billing_receivable
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_receivable
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""

UNDO = """
DROP TRIGGER issued_is_open ON billing_invoice;
DROP FUNCTION billing_issued_is_open();
DROP TRIGGER what_is_left ON billing_paymentmatch;
DROP FUNCTION billing_matched();
DROP TRIGGER receivable_begins_with_issue ON billing_receivable;
DROP TRIGGER receivable_follows ON billing_receivable;
DROP TRIGGER receivable_stays ON billing_receivable;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0029_payments")]

    operations: ClassVar = [
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.RunSQL(ISSUED + MATCHED + FINAL, UNDO),
    ]
