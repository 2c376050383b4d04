"""What bears another country's VAT is booked by that country, on an account of its own where there is one."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


def _country() -> models.CharField:  # type: ignore[type-arg]
    return models.CharField(blank=True, db_default="", default="", max_length=2)


_FUNCTION = """
CREATE OR REPLACE FUNCTION billing_balanced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    SELECT f.entry_id INTO found FROM fresh f
        LEFT JOIN billing_ledgerentry e ON e.operator_id = f.operator_id AND e.id = f.entry_id
        GROUP BY f.entry_id
        HAVING sum(f.amount) <> 0 OR min(f.position) <> 1 OR max(f.position) <> count(*)
            OR bool_or(f.booked_on IS DISTINCT FROM e.booked_on)
        LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Entry % is refused: its rows are not whole, or do not come to nothing.', found
            USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO billing_ledgersum (operator_id, month, currency, use, account, vat_rate, {column}debit, credit)
        SELECT f.operator_id, date_trunc('month', f.booked_on)::date, e.currency, f.use, f.account, f.vat_rate,
            {value}sum(greatest(f.amount, 0)), sum(greatest(-f.amount, 0))
        FROM fresh f JOIN billing_ledgerentry e ON e.operator_id = f.operator_id AND e.id = f.entry_id
        GROUP BY {all} ORDER BY {all}
        ON CONFLICT (operator_id, month, currency, use, account, vat_rate{key}) DO UPDATE
        SET debit = billing_ledgersum.debit + excluded.debit, credit = billing_ledgersum.credit + excluded.credit;
    RETURN NULL;
END $$;
"""
NEW = _FUNCTION.format(column="country, ", value="f.country, ", key=", country", all="1, 2, 3, 4, 5, 6, 7")
OLD = _FUNCTION.format(column="", value="", key="", all="1, 2, 3, 4, 5, 6")
SUMS = ("operator", "month", "currency", "use", "account", "vat_rate", "country")


class Migration(DrawnOnce):
    dependencies = [("billing", "0070_invoices_by_country")]
    operations = [
        migrations.AddField(model_name="ledgerrow", name="country", field=_country()),
        migrations.AddField(model_name="ledgersum", name="country", field=_country()),
        migrations.RemoveConstraint(model_name="ledgersum", name="ledger_sum_once"),
        migrations.AddConstraint(
            model_name="ledgersum",
            constraint=models.UniqueConstraint(fields=SUMS, name="ledger_sum_once", nulls_distinct=False),
        ),
        migrations.AddField(model_name="bookingaccount", name="country", field=_country()),
        migrations.RemoveConstraint(model_name="bookingaccount", name="booking_account_once"),
        migrations.AddConstraint(
            model_name="bookingaccount",
            constraint=models.UniqueConstraint(fields=("operator", "use", "country"), name="booking_account_once"),
        ),
        migrations.AddConstraint(
            model_name="bookingaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("country", ""), ("use__in", ["sales_abroad", "vat_abroad"]), _connector="OR"),
                name="booking_account_of_a_country",
            ),
        ),
        migrations.RunSQL(NEW, OLD),
    ]
