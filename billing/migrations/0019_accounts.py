"""The buyer of an invoice is an account; runs go through accounts, and tell of accounts what they did not bill.

The account of a driver has the driver's key (`tenants.0025`), so the columns keep their values and change what they
refer to: no row is written, also not of what is issued. The functions that freeze documents say account for driver.
"""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import tenants.rls.constraints
import tenants.scoping

# Spelled out here, as a migration keeps what it did (`tenants.rls.DEFINER` says why).
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
COLUMNS = """
ALTER TABLE billing_invoice DROP CONSTRAINT invoice_driver_same_operator;
ALTER TABLE billing_invoice RENAME COLUMN driver_id TO account_id;
ALTER INDEX invoice_of_driver RENAME TO invoice_of_account;
ALTER TABLE billing_invoice ADD CONSTRAINT invoice_account_same_operator FOREIGN KEY (operator_id, account_id)
    REFERENCES tenants_account (operator_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_runproblem DROP CONSTRAINT run_problem_driver_same_operator;
ALTER TABLE billing_runproblem RENAME COLUMN driver_id TO account_id;
ALTER TABLE billing_runproblem ADD CONSTRAINT run_problem_account_same_operator FOREIGN KEY (operator_id, account_id)
    REFERENCES tenants_account (operator_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE billing_runchunk RENAME COLUMN first_driver_id TO first_account_id;
ALTER TABLE billing_runchunk RENAME COLUMN last_driver_id TO last_account_id;
"""
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
                -amount_excl_vat
            FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.credits_id)
        EXCEPT ALL
        (SELECT position, session_id, tariff_version_id, component, quantity, unit, unit_price, vat_rate,
                amount_excl_vat
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
ISSUING = f"""
CREATE OR REPLACE FUNCTION billing_issued_rightly() RETURNS trigger {DEFINER} AS $$
DECLARE
    found bigint;
    why text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM fresh WHERE state = 'issued') THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM fresh f JOIN tenants_driveridentity d ON d.operator_id = f.operator_id AND d.id = f.buyer_id
        WHERE f.state = 'issued' FOR SHARE OF d;
    WITH issued AS MATERIALIZED (SELECT * FROM fresh WHERE state = 'issued'),
    lines AS MATERIALIZED (
        SELECT l.invoice_id, sum(l.amount_excl_vat) AS net,
            bool_and(b.id IS NOT NULL OR i.kind = 'credit_note') AS are_billed
        FROM issued i
        JOIN billing_invoiceline l ON l.operator_id = i.operator_id AND l.invoice_id = i.id
        LEFT JOIN billing_billedsession b ON b.operator_id = l.operator_id AND b.invoice_id = l.invoice_id
            AND b.session_id = l.session_id AND b.released_by_id IS NULL
        GROUP BY l.invoice_id),
    taxes AS MATERIALIZED (
        SELECT v.invoice_id, sum(v.taxable) AS net, sum(v.vat) AS vat
        FROM issued i JOIN billing_invoicevat v ON v.operator_id = i.operator_id AND v.invoice_id = i.id
        GROUP BY v.invoice_id),
    judged AS (
        SELECT i.id, CASE
            WHEN s.id IS NULL OR i.number > s.last_number THEN 'its number is not the next one of its series'
            WHEN NOT coalesce(d.account_id = i.account_id, d.driver_id = a.driver_id, false)
                THEN 'its buyer is not its account'
            WHEN l.net IS DISTINCT FROM i.amount_excl_vat THEN 'its lines do not add up'
            WHEN (t.net, t.vat) IS DISTINCT FROM (i.amount_excl_vat, i.vat) THEN 'its VAT does not add up'
            WHEN NOT l.are_billed THEN 'a line is not on the ledger'
            END AS fault
        FROM issued i
        LEFT JOIN billing_numberseries s ON s.operator_id = i.operator_id AND s.code = i.series
        LEFT JOIN tenants_driveridentity d ON d.operator_id = i.operator_id AND d.id = i.buyer_id
        LEFT JOIN tenants_account a ON a.operator_id = i.operator_id AND a.id = i.account_id
        LEFT JOIN lines l ON l.invoice_id = i.id
        LEFT JOIN taxes t ON t.invoice_id = i.id)
    SELECT id, fault INTO found, why FROM judged WHERE fault IS NOT NULL LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Issue of invoice % is refused: %.', found, why USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""  # noqa: S608  # constants
IDENTITIES = f"""
CREATE OR REPLACE FUNCTION billing_named_identity_stays() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.email IN ('', OLD.email) AND NEW.phone IN ('', OLD.phone)
        AND to_jsonb(NEW) - '{{email,phone}}'::text[] = to_jsonb(OLD) - '{{email,phone}}'::text[] THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT 1 FROM billing_invoice i WHERE i.operator_id = OLD.operator_id
               AND i.account_id = coalesce(OLD.account_id, (SELECT a.id FROM tenants_account a
                   WHERE a.operator_id = OLD.operator_id AND a.driver_id = OLD.driver_id))
               AND i.buyer_id = OLD.id AND i.state = 'issued') THEN
        RAISE EXCEPTION '% of identity % is refused: an issued invoice names it.', TG_OP, OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""  # noqa: S608  # constants


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("billing", "0018_due_and_set_aside"),
        ("tenants", "0025_every_driver_has_an_account"),
    ]

    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(COLUMNS + MIRROR + ISSUING + IDENTITIES)],
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="invoice",
                    name="invoice_driver_same_operator",
                ),
                migrations.RemoveConstraint(
                    model_name="invoice",
                    name="invoice_once_a_run",
                ),
                migrations.RemoveConstraint(
                    model_name="runchunk",
                    name="run_chunk_once",
                ),
                migrations.RemoveConstraint(
                    model_name="runproblem",
                    name="run_problem_driver_same_operator",
                ),
                migrations.RemoveConstraint(
                    model_name="runproblem",
                    name="run_problem_once",
                ),
                migrations.RemoveIndex(
                    model_name="invoice",
                    name="invoice_of_driver",
                ),
                migrations.RenameField(
                    model_name="runchunk",
                    old_name="first_driver_id",
                    new_name="first_account_id",
                ),
                migrations.RenameField(
                    model_name="runchunk",
                    old_name="last_driver_id",
                    new_name="last_account_id",
                ),
                migrations.RenameField(
                    model_name="invoice",
                    old_name="driver",
                    new_name="account",
                ),
                migrations.RenameField(
                    model_name="runproblem",
                    old_name="driver",
                    new_name="account",
                ),
                migrations.AlterField(
                    model_name="invoice",
                    name="account",
                    field=tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="tenants.account",
                    ),
                ),
                migrations.AlterField(
                    model_name="runproblem",
                    name="account",
                    field=tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.account",
                    ),
                ),
                migrations.AddIndex(
                    model_name="invoice",
                    index=models.Index(fields=["operator", "account", "-month"], name="invoice_of_account"),
                ),
                migrations.AddConstraint(
                    model_name="invoice",
                    constraint=tenants.rls.constraints.SameOperator(
                        field="account", name="invoice_account_same_operator"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="invoice",
                    constraint=models.UniqueConstraint(
                        fields=("operator", "run", "account"), name="invoice_once_a_run"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="runchunk",
                    constraint=models.UniqueConstraint(
                        fields=("operator", "run", "first_account_id"), name="run_chunk_once"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="runproblem",
                    constraint=tenants.rls.constraints.SameOperator(
                        field="account", name="run_problem_account_same_operator"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="runproblem",
                    constraint=models.UniqueConstraint(fields=("operator", "run", "account"), name="run_problem_once"),
                ),
            ],
        ),
    ]
