"""Rows of the ledger are added up without their entries, where all that a statement writes is in one currency."""

from django.db import migrations

BALANCED = """
CREATE OR REPLACE FUNCTION billing_balanced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET enable_nestloop = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    entries bigint[];
    found bigint;
    currencies text[];
    of_one text;
BEGIN
    SELECT array_agg(DISTINCT entry_id) INTO entries FROM fresh;
    IF entries IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT min(f.entry_id) FILTER (WHERE f.amount <> 0 OR f.first <> 1 OR f.last <> f.rows
                OR f.since IS DISTINCT FROM e.booked_on OR f.until IS DISTINCT FROM e.booked_on),
            array_agg(DISTINCT e.currency)
        INTO found, currencies FROM (
            SELECT operator_id, entry_id, sum(amount) AS amount, min(position) AS first, max(position) AS last,
                count(*) AS rows, min(booked_on) AS since, max(booked_on) AS until
            FROM fresh GROUP BY 1, 2
        ) f
        LEFT JOIN (SELECT * FROM billing_ledgerentry WHERE id = ANY(entries)) e
            ON e.operator_id = f.operator_id AND e.id = f.entry_id;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Entry % is refused: its rows are not whole, or do not come to nothing.', found
            USING ERRCODE = 'restrict_violation';
    END IF;
    FOREACH of_one IN ARRAY currencies LOOP
        -- Nearly always there is one, and no row has to find its entry for that.
        INSERT INTO billing_ledgersum (operator_id, month, currency, use, account, vat_rate, country, debit, credit)
            SELECT operator_id, date_trunc('month', booked_on)::date, of_one, use, account, vat_rate, country,
                sum(debit), sum(credit)
            FROM (
                SELECT operator_id, booked_on, use, account, vat_rate, country,
                    sum(greatest(amount, 0)) AS debit, sum(greatest(-amount, 0)) AS credit
                FROM fresh
                WHERE cardinality(currencies) = 1 OR entry_id IN (
                    SELECT id FROM billing_ledgerentry WHERE id = ANY(entries) AND currency = of_one
                )
                GROUP BY 1, 2, 3, 4, 5, 6
            ) days
            GROUP BY 1, 2, 4, 5, 6, 7 ORDER BY 1, 2, 4, 5, 6, 7
            ON CONFLICT (operator_id, month, currency, use, account, vat_rate, country) DO UPDATE
            SET debit = billing_ledgersum.debit + excluded.debit, credit = billing_ledgersum.credit + excluded.credit;
    END LOOP;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0091_ids_by_the_thousand")]

    operations = [migrations.RunSQL(BALANCED, migrations.RunSQL.noop)]
