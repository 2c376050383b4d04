"""What no role may change any more, refused by the database itself.

Rows of an issued invoice, published tariff versions, stored documents and the ledger of billed
sessions are bookkeeping: a mistake is corrected by a credit note, never by an edit.

Tables with a row or few an invoice are watched row by row, with the test in WHEN, so that it costs
nothing until it is true. Lines, of which a run writes millions, are watched once a statement through
its transition table.
"""

from django.db import migrations

FORBIDDEN = """
CREATE FUNCTION billing_forbidden() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % % is refused: it is final.', TG_OP, TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
"""

# A person who leaves takes their name off the version they published; nothing else may change.
VERSIONS = """
CREATE TRIGGER final_version_deleted BEFORE DELETE ON billing_tariffversion
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_version_changed BEFORE UPDATE ON billing_tariffversion
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL AND NOT (
        NEW.published_by_id IS NULL
        AND to_jsonb(NEW) - 'published_by_id' = to_jsonb(OLD) - 'published_by_id'))
    EXECUTE FUNCTION billing_forbidden();
"""

INVOICES = """
CREATE TRIGGER final_invoice BEFORE UPDATE OR DELETE ON billing_invoice
    FOR EACH ROW WHEN (OLD.state = 'issued') EXECUTE FUNCTION billing_forbidden();

CREATE TRIGGER final_document BEFORE UPDATE OR DELETE ON billing_invoicedocument
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();

CREATE FUNCTION billing_number_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.last_number >= OLD.last_number AND NEW.code = OLD.code
        AND NEW.operator_id = OLD.operator_id THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Series % has given out number %; it cannot go back.', OLD.code, OLD.last_number
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER number_only_grows BEFORE UPDATE OR DELETE ON billing_numberseries
    FOR EACH ROW EXECUTE FUNCTION billing_number_only_grows();
"""

# Lines and VAT rows: none added to, changed on or taken from an issued invoice.
PARTS = """
CREATE FUNCTION billing_parts_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT i.id INTO found FROM added a JOIN billing_invoice i ON i.id = a.invoice_id
            WHERE i.state = 'issued' LIMIT 1;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT i.id INTO found FROM gone g JOIN billing_invoice i ON i.id = g.invoice_id
            WHERE i.state = 'issued' LIMIT 1;
    ELSE
        SELECT i.id INTO found FROM (SELECT invoice_id FROM added UNION ALL SELECT invoice_id FROM gone) x
            JOIN billing_invoice i ON i.id = x.invoice_id WHERE i.state = 'issued' LIMIT 1;
    END IF;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: invoice % is issued.', TG_OP, TG_TABLE_NAME, found
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""

PART = """
CREATE TRIGGER parts_added AFTER INSERT ON {table} REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_changed AFTER UPDATE ON {table} REFERENCING OLD TABLE AS gone NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
"""

# The ledger: while a draft, rows come and go with it. Once issued, the only change is that the
# credit note of that very invoice releases them.
LEDGER = """
CREATE TRIGGER parts_added AFTER INSERT ON billing_billedsession REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON billing_billedsession REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();

CREATE FUNCTION billing_only_a_credit_note_releases() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.released_by_id IS NULL
        AND to_jsonb(NEW) - 'released_by_id' = to_jsonb(OLD) - 'released_by_id'
        AND EXISTS (SELECT 1 FROM billing_invoice n WHERE n.id = NEW.released_by_id
                    AND n.operator_id = OLD.operator_id AND n.credits_id = OLD.invoice_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Session % stands on invoice %: only its credit note can release it.',
        OLD.session_id, OLD.invoice_id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER only_a_credit_note_releases BEFORE UPDATE ON billing_billedsession
    FOR EACH ROW EXECUTE FUNCTION billing_only_a_credit_note_releases();
"""

# What an invoice took over stays as it was, until a credit note releases the session.
PRICES = """
CREATE FUNCTION billing_billed_prices_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    SELECT g.session_id INTO found FROM gone g JOIN billing_billedsession b
        ON b.operator_id = g.operator_id AND b.session_id = g.session_id AND b.released_by_id IS NULL LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% of the price of session % is refused: it stands on an invoice.', TG_OP, found
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER billed_prices_changed AFTER UPDATE ON billing_sessionprice REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION billing_billed_prices_are_final();
CREATE TRIGGER billed_prices_removed AFTER DELETE ON billing_sessionprice REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION billing_billed_prices_are_final();
"""

# Checked when the transaction ends: a credit note is its invoice with the opposite sign, line by line.
MIRROR = """
CREATE FUNCTION billing_credit_note_mirrors() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    scope text := current_setting('app.operator_id', true);
BEGIN
    -- The scope that wrote the note may have ended by now; look at its operator's rows, then at the former's again.
    PERFORM set_config('app.operator_id', NEW.operator_id::text, true);
    IF NOT EXISTS (
        SELECT 1 FROM billing_invoice o WHERE o.id = NEW.credits_id AND o.operator_id = NEW.operator_id
            AND o.kind = 'invoice' AND o.state = 'issued' AND o.driver_id = NEW.driver_id
            AND (o.currency, -o.amount_excl_vat, -o.vat, -o.rounding, -o.amount_due, -o.energy_wh)
              = (NEW.currency, NEW.amount_excl_vat, NEW.vat, NEW.rounding, NEW.amount_due, NEW.energy_wh)
    ) OR EXISTS (
        (SELECT position, session_id, component, -quantity, unit_price, vat_rate, -amount_excl_vat
            FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.credits_id)
        EXCEPT ALL
        (SELECT position, session_id, component, quantity, unit_price, vat_rate, amount_excl_vat
            FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.id)
    ) OR EXISTS (
        (SELECT vat_rate, taxable, vat
            FROM billing_invoicevat WHERE operator_id = NEW.operator_id AND invoice_id = NEW.id)
        EXCEPT ALL
        (SELECT vat_rate, -taxable, -vat
            FROM billing_invoicevat WHERE operator_id = NEW.operator_id AND invoice_id = NEW.credits_id)
    ) OR (SELECT count(*) FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.id)
       <> (SELECT count(*) FROM billing_invoiceline WHERE operator_id = NEW.operator_id AND invoice_id = NEW.credits_id)
    THEN
        RAISE EXCEPTION 'Credit note % does not mirror invoice %.', NEW.id, NEW.credits_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM set_config('app.operator_id', coalesce(scope, ''), true);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER credit_note_mirrors AFTER INSERT OR UPDATE ON billing_invoice
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.kind = 'credit_note' AND NEW.state = 'issued')
    EXECUTE FUNCTION billing_credit_note_mirrors();
"""

# Nobody searches inside the lines of a price; sampling their JSON was most of the cost of ANALYZE.
STATISTICS = "ALTER TABLE billing_sessionprice ALTER COLUMN lines SET STATISTICS 0;"

UNDO = """
DROP TRIGGER billed_prices_changed ON billing_sessionprice;
DROP TRIGGER billed_prices_removed ON billing_sessionprice;
ALTER TABLE billing_sessionprice ALTER COLUMN lines SET STATISTICS -1;
DROP TRIGGER credit_note_mirrors ON billing_invoice;
DROP TRIGGER only_a_credit_note_releases ON billing_billedsession;
DROP TRIGGER parts_added ON billing_billedsession;
DROP TRIGGER parts_removed ON billing_billedsession;
DROP TRIGGER number_only_grows ON billing_numberseries;
DROP TRIGGER final_document ON billing_invoicedocument;
DROP TRIGGER final_invoice ON billing_invoice;
DROP TRIGGER final_version_changed ON billing_tariffversion;
DROP TRIGGER final_version_deleted ON billing_tariffversion;
"""
UNDO_PART = """
DROP TRIGGER parts_added ON {table};
DROP TRIGGER parts_changed ON {table};
DROP TRIGGER parts_removed ON {table};
"""
UNDO_FUNCTIONS = """
DROP FUNCTION billing_billed_prices_are_final(), billing_credit_note_mirrors(), billing_only_a_credit_note_releases(), billing_parts_are_final(),
    billing_number_only_grows(), billing_forbidden();
"""
TABLES = ("billing_invoiceline", "billing_invoicevat")


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(
            FORBIDDEN
            + VERSIONS
            + INVOICES
            + PARTS
            + "".join(PART.format(table=t) for t in TABLES)
            + LEDGER
            + PRICES
            + MIRROR
            + STATISTICS,
            UNDO + "".join(UNDO_PART.format(table=t) for t in TABLES) + UNDO_FUNCTIONS,
        )
    ]
