"""Lines whose price includes VAT, and the credit note that mirrors them.

The column begins empty, so adding it touches no row.
"""

from typing import ClassVar

from django.db import migrations, models

# Spelled out here, as a migration keeps what it did (`tenants.rls.DEFINER` says why).
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

MIRROR = f"""
CREATE OR REPLACE FUNCTION billing_credit_note_mirrors() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM billing_invoice o WHERE o.id = NEW.credits_id AND o.operator_id = NEW.operator_id
            AND o.kind = 'invoice' AND o.state = 'issued' AND o.account_id = NEW.account_id
            AND (o.currency, -o.amount_excl_vat, -o.vat, -o.rounding, -o.amount_due, -o.energy_wh, o.session_count)
              = (NEW.currency, NEW.amount_excl_vat, NEW.vat, NEW.rounding, NEW.amount_due, NEW.energy_wh,
                 NEW.session_count)
    ) OR EXISTS (
        (SELECT position, session_id, tariff_version_id, component, -quantity, unit, unit_price, vat_rate,
                -amount_excl_vat, -amount_incl_vat
            FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.credits_id)
        EXCEPT ALL
        (SELECT position, session_id, tariff_version_id, component, quantity, unit, unit_price, vat_rate,
                amount_excl_vat, amount_incl_vat
            FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.id)
    ) OR EXISTS (
        (SELECT vat_rate, -taxable, -vat
            FROM billing_invoicevat WHERE operator_id = NEW.operator_id AND invoice_id = NEW.credits_id)
        EXCEPT ALL
        (SELECT vat_rate, taxable, vat
            FROM billing_invoicevat WHERE operator_id = NEW.operator_id AND invoice_id = NEW.id)
    ) OR (SELECT count(*) FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.id)
       <> (SELECT count(*) FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.credits_id)
      OR (SELECT count(*) FROM billing_invoicevat WHERE operator_id = NEW.operator_id AND invoice_id = NEW.id)
       <> (SELECT count(*) FROM billing_invoicevat WHERE operator_id = NEW.operator_id AND invoice_id = NEW.credits_id)
    THEN
        RAISE EXCEPTION 'Credit note % does not mirror invoice %.', NEW.id, NEW.credits_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""  # noqa: S608  # constants


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0019_accounts")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="invoiceline",
            name="amount_incl_vat",
            field=models.DecimalField(decimal_places=2, max_digits=14, null=True),
        ),
        migrations.RunSQL(MIRROR),
    ]
