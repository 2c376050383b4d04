"""Marks the days whose sums are no longer true, in the transaction that changes what they come to.

The triggers work with the rights of the tables' owner and by the operator of the rows themselves, so that no scope
of the moment can hide from them what has changed. A row whose session is gone marks everything.
"""

from typing import ClassVar

from django.db import migrations


def _mark(name: str, source: str) -> str:
    """A function that marks the days of the rows that `source` reads from the statement's old and new rows."""
    head = "RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$"
    insert = "INSERT INTO billing_staleday (operator_id, started_on)"
    gone, fresh = source.format(rows="gone"), source.format(rows="fresh")
    return f"""
CREATE FUNCTION {name}() {head}
BEGIN
    IF TG_OP = 'INSERT' THEN {insert} {fresh};
    ELSIF TG_OP = 'DELETE' THEN {insert} {gone};
    ELSE {insert} {gone} UNION {fresh};
    END IF;
    RETURN NULL;
END $$;
"""


_DAY = "(s.started_at AT TIME ZONE o.time_zone)::date"
_OF_SESSIONS = f"SELECT DISTINCT s.operator_id, {_DAY} FROM {{rows}} s JOIN tenants_operator o ON o.id = s.operator_id"  # noqa: S608
_OF_REFERENCES = f"""SELECT DISTINCT r.operator_id, {_DAY} FROM {{rows}} r JOIN tenants_operator o ON o.id = r.operator_id
    LEFT JOIN charging_chargingsession s ON s.operator_id = r.operator_id AND s.id = r.session_id"""  # noqa: S608
_TABLES = {
    "charging_chargingsession": "billing_stale_sessions",
    "billing_sessionprice": "billing_stale_references",
    "billing_billedsession": "billing_stale_references",
}


def _triggers(table: str, function: str, prefix: str = "stale_days") -> str:
    name = f"{prefix}_{table.partition('_')[2]}"
    what = f"FOR EACH STATEMENT EXECUTE FUNCTION {function}();"
    return f"""
CREATE TRIGGER {name}_added AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh {what}
CREATE TRIGGER {name}_changed AFTER UPDATE ON {table} REFERENCING OLD TABLE AS gone NEW TABLE AS fresh {what}
CREATE TRIGGER {name}_removed AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone {what}
"""


# An invoice counts by its state: drafts that are issued. The operator's clock decides which days there are.
_INVOICES = f"""
CREATE FUNCTION billing_stale_invoices() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO billing_staleday (operator_id, started_on)
    SELECT DISTINCT n.operator_id, {_DAY} FROM fresh n JOIN gone g ON g.id = n.id AND g.state <> n.state
    JOIN tenants_operator o ON o.id = n.operator_id
    JOIN billing_billedsession b ON b.operator_id = n.operator_id AND b.invoice_id = n.id
    JOIN charging_chargingsession s ON s.operator_id = b.operator_id AND s.id = b.session_id;
    RETURN NULL;
END $$;
CREATE TRIGGER stale_days_invoice AFTER UPDATE ON billing_invoice REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_invoices();
CREATE FUNCTION billing_stale_clock() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO billing_staleday (operator_id, started_on) VALUES (NEW.id, NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER stale_days_clock AFTER UPDATE OF time_zone ON tenants_operator
    FOR EACH ROW WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION billing_stale_clock();
"""  # noqa: S608  # constants
MARKS = (
    _mark("billing_stale_sessions", _OF_SESSIONS)
    + _mark("billing_stale_references", _OF_REFERENCES)
    + "".join(_triggers(table, function) for table, function in _TABLES.items())
    + _INVOICES
)
MONTHS = """
CREATE FUNCTION billing_stale_months() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO billing_stalemonth (operator_id, month) SELECT DISTINCT operator_id, month FROM fresh;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO billing_stalemonth (operator_id, month) SELECT DISTINCT operator_id, month FROM gone;
    ELSE
        INSERT INTO billing_stalemonth (operator_id, month)
        SELECT operator_id, month FROM gone UNION SELECT operator_id, month FROM fresh;
    END IF;
    RETURN NULL;
END $$;
"""
NO_MARKS = """
DROP FUNCTION billing_stale_months() CASCADE;
DROP FUNCTION billing_stale_sessions() CASCADE;
DROP FUNCTION billing_stale_references() CASCADE;
DROP FUNCTION billing_stale_invoices() CASCADE;
DROP FUNCTION billing_stale_clock() CASCADE;
"""
# Whoever has sessions already: all their days have to be counted once.
MARK_ALL = "INSERT INTO billing_staleday (operator_id, started_on) SELECT id, NULL FROM tenants_operator;"
MARK_MONTHS = """
INSERT INTO billing_stalemonth (operator_id, month) SELECT DISTINCT operator_id, month FROM billing_invoice;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0005_day_sums")]

    operations: ClassVar = [
        migrations.RunSQL(
            MARKS + MONTHS + _triggers("billing_invoice", "billing_stale_months", "stale_months"), NO_MARKS
        ),
        migrations.RunSQL(MARK_ALL + MARK_MONTHS, migrations.RunSQL.noop),
    ]
