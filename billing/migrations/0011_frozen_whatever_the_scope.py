"""What is frozen stays frozen, whatever scope the statement that tries has set or left.

A trigger that looks into another table to decide saw it through the caller's row security: a statement that
moved the scope in the same breath blinded it. These functions run with the rights of the tables' owner, whom
row security does not concern, on a fixed search path (a temporary table cannot stand in for a real one), and
refuse where the row that decides is missing. Nobody else may hang them on a table of their own.

Also at the database from here on:

- numbers: an invoice begins as a draft; the series moves on by exactly the numbers that documents got;
- what is issued adds up to its lines and its VAT, its lines stand on the ledger, its buyer is its driver;
- the identity an issued document names keeps what the document says of it;
- only an issued credit note releases a session; a session once billed keeps its facts for good.
"""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

# Spelled out here, as a migration keeps what it did (`tenants.rls.DEFINER` says why).
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

# Locking the invoices keeps one from being issued while somebody else writes on it as a draft.
_UNLESS_DRAFTS = """
        WITH touched AS MATERIALIZED ({touched}),
        held AS MATERIALIZED (
            SELECT i.id, i.state FROM touched t CROSS JOIN LATERAL (
                SELECT o.id, o.state FROM billing_invoice o
                WHERE o.operator_id = t.operator_id AND o.id = t.invoice_id FOR KEY SHARE) i)
        SELECT t.invoice_id INTO found FROM touched t LEFT JOIN held h ON h.id = t.invoice_id
            WHERE h.state IS DISTINCT FROM 'draft' LIMIT 1;
"""
_ADDED, _GONE = (f"SELECT operator_id, invoice_id FROM {rows}" for rows in ("added", "gone"))  # noqa: S608
PARTS = f"""
CREATE OR REPLACE FUNCTION billing_parts_are_final() RETURNS trigger {DEFINER} AS $$
DECLARE
    found bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN {_UNLESS_DRAFTS.format(touched=f"{_ADDED} GROUP BY 1, 2")}
    ELSIF TG_OP = 'DELETE' THEN {_UNLESS_DRAFTS.format(touched=f"{_GONE} GROUP BY 1, 2")}
    ELSE {_UNLESS_DRAFTS.format(touched=f"{_ADDED} UNION {_GONE}")}
    END IF;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: invoice % is issued.', TG_OP, TG_TABLE_NAME, found
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""

# Only the issued credit note of its invoice releases a session.
LEDGER = f"""
CREATE OR REPLACE FUNCTION billing_only_a_credit_note_releases() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF OLD.released_by_id IS NULL
        AND to_jsonb(NEW) - 'released_by_id' = to_jsonb(OLD) - 'released_by_id'
        AND EXISTS (SELECT 1 FROM billing_invoice n WHERE n.id = NEW.released_by_id AND n.kind = 'credit_note'
                    AND n.state = 'issued' AND n.operator_id = OLD.operator_id AND n.credits_id = OLD.invoice_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Session % stands on invoice %: only its credit note can release it.',
        OLD.session_id, OLD.invoice_id USING ERRCODE = 'restrict_violation';
END $$;
"""  # noqa: S608  # constants

PRICES = f"""
CREATE OR REPLACE FUNCTION billing_billed_prices_are_final() RETURNS trigger {DEFINER} AS $$
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
"""  # noqa: S608  # constants

MIRROR = f"""
CREATE OR REPLACE FUNCTION billing_credit_note_mirrors() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM billing_invoice o WHERE o.id = NEW.credits_id AND o.operator_id = NEW.operator_id
            AND o.kind = 'invoice' AND o.state = 'issued' AND o.driver_id = NEW.driver_id
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

# Numbers. The series moves first, and when the transaction ends every number it passed stands on a document.
NUMBERS = f"""
CREATE FUNCTION billing_begins_as_a_draft() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'Insertion into billing_invoice is refused: a document begins as a draft.'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER begins_as_a_draft BEFORE INSERT ON billing_invoice
    FOR EACH ROW WHEN (NEW.state <> 'draft') EXECUTE FUNCTION billing_begins_as_a_draft();

CREATE OR REPLACE FUNCTION billing_number_only_grows() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.last_number = 0 THEN
        RETURN NEW;
    ELSIF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'A series begins at 0, so number % is refused.', NEW.last_number
            USING ERRCODE = 'restrict_violation';
    ELSIF TG_OP = 'UPDATE' AND NEW.last_number >= OLD.last_number
        AND (NEW.id, NEW.code, NEW.operator_id) = (OLD.id, OLD.code, OLD.operator_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Series % has given out number %; it cannot go back.', OLD.code, OLD.last_number
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER number_begins_at_zero BEFORE INSERT ON billing_numberseries
    FOR EACH ROW EXECUTE FUNCTION billing_number_only_grows();

CREATE FUNCTION billing_every_number_is_given() RETURNS trigger {DEFINER} AS $$
DECLARE
    given bigint;
BEGIN
    SELECT count(*) INTO given FROM billing_invoice i WHERE i.operator_id = NEW.operator_id
        AND i.series = NEW.code AND i.number > OLD.last_number AND i.number <= NEW.last_number;
    IF given <> NEW.last_number - OLD.last_number THEN
        RAISE EXCEPTION 'Series % may not skip: from % to % it gave % numbers, so the change is refused.',
            NEW.code, OLD.last_number, NEW.last_number, given USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER every_number_is_given AFTER UPDATE ON billing_numberseries
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.last_number <> OLD.last_number) EXECUTE FUNCTION billing_every_number_is_given();
"""  # noqa: S608  # constants

# Once a statement, over all it issues. The identities are held, so that none changes while its invoice is issued.
ISSUING = f"""
CREATE FUNCTION billing_issued_rightly() RETURNS trigger {DEFINER} AS $$
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
            WHEN d.driver_id IS DISTINCT FROM i.driver_id THEN 'its buyer is not its driver'
            WHEN l.net IS DISTINCT FROM i.amount_excl_vat THEN 'its lines do not add up'
            WHEN (t.net, t.vat) IS DISTINCT FROM (i.amount_excl_vat, i.vat) THEN 'its VAT does not add up'
            WHEN NOT l.are_billed THEN 'a line is not on the ledger'
            END AS fault
        FROM issued i
        LEFT JOIN billing_numberseries s ON s.operator_id = i.operator_id AND s.code = i.series
        LEFT JOIN tenants_driveridentity d ON d.operator_id = i.operator_id AND d.id = i.buyer_id
        LEFT JOIN lines l ON l.invoice_id = i.id
        LEFT JOIN taxes t ON t.invoice_id = i.id)
    SELECT id, fault INTO found, why FROM judged WHERE fault IS NOT NULL LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Issue of invoice % is refused: %.', found, why USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER issued_rightly AFTER UPDATE ON billing_invoice REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION billing_issued_rightly();
"""  # noqa: S608  # constants

# The invoice's name and address of the buyer stay. How to reach a person is on no document: it may be wiped out.
IDENTITIES = f"""
CREATE FUNCTION billing_named_identity_stays() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.email IN ('', OLD.email) AND NEW.phone IN ('', OLD.phone)
        AND to_jsonb(NEW) - '{{email,phone}}'::text[] = to_jsonb(OLD) - '{{email,phone}}'::text[] THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT 1 FROM billing_invoice i WHERE i.operator_id = OLD.operator_id AND i.driver_id = OLD.driver_id
               AND i.buyer_id = OLD.id AND i.state = 'issued') THEN
        RAISE EXCEPTION '% of identity % is refused: an issued invoice names it.', TG_OP, OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER named_identity_stays BEFORE UPDATE OR DELETE ON tenants_driveridentity
    FOR EACH ROW EXECUTE FUNCTION billing_named_identity_stays();
"""  # noqa: S608  # constants

# What an issued document and its explanation read of a session. A credit note frees who pays for it, nothing else.
FACTS = (
    "id, operator_id, public_id, source, external_id, site_id, station_id, connector_id, token_id, started_at,"
    " ended_at, charging_ended_at, energy_wh, meter_start_wh, series_start, series_interval_s, series_wh, state"
)
_OLD, _NEW = (", ".join(f"{row}.{name.strip()}" for name in FACTS.split(",")) for row in ("OLD", "NEW"))
SESSIONS = f"""
DROP TRIGGER billed_session_stays ON charging_chargingsession;
CREATE OR REPLACE FUNCTION billing_billed_session_stays() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF NEW.driver_id IS DISTINCT FROM OLD.driver_id AND EXISTS (
            SELECT 1 FROM billing_billedsession b WHERE b.operator_id = OLD.operator_id
                AND b.session_id = OLD.id AND b.released_by_id IS NULL)
        OR ({_OLD}) IS DISTINCT FROM ({_NEW}) AND EXISTS (
            SELECT 1 FROM billing_invoiceline l WHERE l.operator_id = OLD.operator_id AND l.session_id = OLD.id)
    THEN
        RAISE EXCEPTION 'Change of session % is refused: it stands on an invoice.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billed_session_stays BEFORE UPDATE OF driver_id, {FACTS} ON charging_chargingsession
    FOR EACH ROW WHEN ((OLD.driver_id, {_OLD}) IS DISTINCT FROM (NEW.driver_id, {_NEW}))
    EXECUTE FUNCTION billing_billed_session_stays();
"""  # noqa: S608  # constants

EMPTIED = """
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
ALSO_NEVER_EMPTIED = ("billing_sessionprice", "charging_chargingsession", "tenants_driveridentity")

# References proved by triggers look at the other table as well.
REFERENCES = """
DO $$
DECLARE
    name regprocedure;
BEGIN
    FOR name IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        AND p.prorettype = 'trigger'::regtype AND p.proname ~ '^{prefixes}_same_operator_' LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp', name);
    END LOOP;
    FOR name IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        AND p.prorettype = 'trigger'::regtype LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
    END LOOP;
END $$;
""".replace("{prefixes}", "(session|invoice_line|invoice_vat|billed_session|session_price)")


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("billing", "0010_few_among_invoices"),
        ("charging", "0001_initial"),
        ("tenants", "0015_place_held_since"),
    ]

    operations: ClassVar = [
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number__gt=0),
                name="invoice_number_positive",
            ),
        ),
        migrations.RunSQL(
            PARTS
            + LEDGER
            + PRICES
            + MIRROR
            + NUMBERS
            + ISSUING
            + IDENTITIES
            + SESSIONS
            + "".join(EMPTIED.format(table=table) for table in ALSO_NEVER_EMPTIED)
            + REFERENCES
        ),
    ]
