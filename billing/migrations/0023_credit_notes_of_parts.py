"""Credit notes of parts: what is taken back of an invoice, by all of its notes together, is never above it.

A line of a note stands in the place of the line it credits. Notes of one invoice are judged one after the other, as
each holds the invoice until it is committed. All notes of before undo their invoice wholly, so the new column begins
as it is, and no row is written.
"""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

# Spelled out here, as a migration keeps what it did (`tenants.rls.DEFINER` says why).
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

WITHIN = f"""
CREATE FUNCTION billing_credit_note_is_within() RETURNS trigger {DEFINER} AS $$
DECLARE
    fault text;
BEGIN
    -- Whoever comes second waits here, and then sees what the first one took.
    PERFORM 1 FROM billing_invoice o WHERE o.operator_id = NEW.operator_id AND o.id = NEW.credits_id
        FOR NO KEY UPDATE;
    WITH notes AS MATERIALIZED (
        SELECT n.id, n.amount_excl_vat, n.vat, n.rounding, n.amount_due FROM billing_invoice n
        WHERE n.operator_id = NEW.operator_id AND n.credits_id = NEW.credits_id AND n.state = 'issued'
            AND n.number <= NEW.number),
    taken AS MATERIALIZED (
        SELECT l.position, sum(coalesce(l.amount_incl_vat, l.amount_excl_vat)) AS amount
        FROM notes n JOIN billing_invoiceline l ON l.operator_id = NEW.operator_id AND l.invoice_id = n.id
        GROUP BY 1),
    mine AS MATERIALIZED (
        SELECT * FROM billing_invoiceline l WHERE l.operator_id = NEW.operator_id AND l.invoice_id = NEW.id),
    lines AS MATERIALIZED (
        SELECT l.*, coalesce(l.amount_incl_vat, l.amount_excl_vat) AS amount FROM billing_invoiceline l
        WHERE l.operator_id = NEW.operator_id AND l.invoice_id = NEW.credits_id),
    rest AS MATERIALIZED (
        SELECT o.id, o.amount_excl_vat + s.net AS net, o.vat + s.vat AS vat, o.rounding + s.rounding AS rounding,
            o.amount_due + s.due AS due
        FROM billing_invoice o CROSS JOIN (
            SELECT sum(amount_excl_vat) AS net, sum(vat) AS vat, sum(rounding) AS rounding, sum(amount_due) AS due
            FROM notes) s
        WHERE o.operator_id = NEW.operator_id AND o.id = NEW.credits_id AND o.kind = 'invoice' AND o.state = 'issued'
            AND (o.account_id, o.currency) = (NEW.account_id, NEW.currency)),
    rates AS MATERIALIZED (
        SELECT v.vat_rate, sum(v.taxable) AS taxable, sum(v.vat) AS vat FROM billing_invoicevat v
        WHERE v.operator_id = NEW.operator_id AND (v.invoice_id = NEW.credits_id OR v.invoice_id IN (
            SELECT id FROM notes)) GROUP BY 1),
    ends AS MATERIALIZED (
        SELECT NOT EXISTS (SELECT 1 FROM lines l LEFT JOIN taken t USING (position)
            WHERE l.amount + coalesce(t.amount, 0) <> 0) AS at_zero)
    SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM rest) THEN 'it credits no issued invoice of its buyer'
        WHEN EXISTS (SELECT 1 FROM mine m LEFT JOIN lines l USING (position)
            WHERE l.id IS NULL OR (m.session_id, m.tariff_version_id, m.component, m.vat_rate, m.amount_incl_vat IS NULL)
                IS DISTINCT FROM (l.session_id, l.tariff_version_id, l.component, l.vat_rate, l.amount_incl_vat IS NULL)
        ) THEN 'a line is not one of its invoice'
        WHEN EXISTS (SELECT 1 FROM mine m JOIN lines l USING (position) JOIN taken t USING (position)
            WHERE coalesce(m.amount_incl_vat, m.amount_excl_vat) * l.amount > 0
                OR NOT l.amount + t.amount BETWEEN least(l.amount, 0) AND greatest(l.amount, 0)
        ) THEN 'more of a line than is left of it'
        WHEN NEW.amount_due > 0 OR (SELECT net < 0 OR due < 0 FROM rest) THEN 'more than is left of its invoice'
        WHEN NEW.leaves_rest = (SELECT at_zero FROM ends) THEN 'it says otherwise what is left'
        WHEN NOT NEW.leaves_rest AND ((SELECT (net, vat, rounding, due) <> (0, 0, 0, 0) FROM rest)
            OR EXISTS (SELECT 1 FROM rates WHERE taxable <> 0 OR vat <> 0)) THEN 'its parts do not end at zero'
        END INTO fault;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'Credit note % of invoice % is refused: %.', NEW.id, NEW.credits_id, fault
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_credit_note_is_within() FROM PUBLIC;
DROP TRIGGER credit_note_mirrors ON billing_invoice;
DROP FUNCTION billing_credit_note_mirrors();
CREATE CONSTRAINT TRIGGER credit_note_is_within AFTER INSERT OR UPDATE ON billing_invoice
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.kind = 'credit_note' AND NEW.state = 'issued')
    EXECUTE FUNCTION billing_credit_note_is_within();
"""  # noqa: S608  # constants

# Only an issued credit note of its invoice that names the session releases it.
LEDGER = f"""
CREATE OR REPLACE FUNCTION billing_only_a_credit_note_releases() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF OLD.released_by_id IS NULL
        AND to_jsonb(NEW) - 'released_by_id' = to_jsonb(OLD) - 'released_by_id'
        AND EXISTS (SELECT 1 FROM billing_invoice n WHERE n.id = NEW.released_by_id AND n.kind = 'credit_note'
                    AND n.state = 'issued' AND n.operator_id = OLD.operator_id AND n.credits_id = OLD.invoice_id
                    AND EXISTS (SELECT 1 FROM billing_invoiceline l WHERE l.operator_id = OLD.operator_id
                                AND l.session_id = OLD.session_id AND l.invoice_id = n.id)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Session % stands on invoice %: only its credit note can release it.',
        OLD.session_id, OLD.invoice_id USING ERRCODE = 'restrict_violation';
END $$;
"""  # noqa: S608  # constants


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0021_assigned_to_accounts_and_stations")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="invoice",
            name="leaves_rest",
            field=models.BooleanField(default=False, help_text="Of a credit note: its invoice is not undone wholly."),
        ),
        migrations.RemoveConstraint(model_name="invoice", name="invoice_credited_once"),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                fields=["operator", "credits"], name="invoice_credited_once", condition=Q(leaves_rest=False)
            ),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                fields=["operator", "credits"], name="invoice_notes_of", condition=Q(credits__isnull=False)
            ),
        ),
        migrations.RunSQL(WITHIN + LEDGER),
    ]
