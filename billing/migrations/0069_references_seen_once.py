"""What is written in bulk finds what it refers to by keys alone, and lines look it through once.

A function's statements are planned once a connection. Of a table that was empty then, any index that begins with the
operator seemed as good as the key: every look-up went through all of an operator's invoices, until statistics came.
"""

from typing import Any

from django.db import migrations

from tenants.migrations._at_once import DrawnOnce
from tenants.rls import SameOperatorInBulk

#: Tables filled by the million, with what they refer to: proved by what `SameOperatorInBulk` writes now.
PROVED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "sessionprice": ("session_price", ("session", "tariff_version")),
    "billedsession": ("billed_session", ("session", "invoice", "released_by")),
    "invoiceline": ("invoice_line", (("invoice", "session", "tariff_version", "fee"),)),
    "invoicevat": ("invoice_vat", ("invoice",)),
    "billedfee": ("billed_fee", ("fee", "invoice", "driver", "token")),
    "receivable": ("receivable", ("invoice", "account")),
    "ledgerrow": ("ledger_row", ("entry", "site")),
}


def _proved_anew(model: str, prefix: str, fields: tuple[Any, ...]) -> list[Any]:
    name = f"{prefix}_same_operator"
    return [
        migrations.RemoveConstraint(model_name=model, name=name),
        migrations.AddConstraint(model_name=model, constraint=SameOperatorInBulk(name=name, fields=fields)),
    ]


def _function(days: str) -> str:
    both = f"{days.format(rows='gone')} UNION {days.format(rows='fresh')}"
    return f"""
CREATE OR REPLACE FUNCTION billing_stale_references() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN INSERT INTO billing_staleday (operator_id, started_on) {days.format(rows="fresh")};
    ELSIF TG_OP = 'DELETE' THEN INSERT INTO billing_staleday (operator_id, started_on) {days.format(rows="gone")};
    ELSE INSERT INTO billing_staleday (operator_id, started_on) {both};
    END IF;
    RETURN NULL;
END $$;
"""  # noqa: S608  # names of tables


def _final(*, by_key: bool) -> str:
    """What is issued takes no parts: each invoice that is touched is held, and must be a draft."""
    theirs, same = ("", " AND h.operator_id = t.operator_id") if by_key else ("o.operator_id = t.operator_id AND ", "")
    each = f"""
        held AS MATERIALIZED (
            SELECT i.* FROM touched t CROSS JOIN LATERAL (
                SELECT o.operator_id, o.id, o.state FROM billing_invoice o
                WHERE {theirs}o.id = t.invoice_id FOR KEY SHARE) i)
        SELECT t.invoice_id INTO found FROM touched t LEFT JOIN held h ON h.id = t.invoice_id{same}
            WHERE h.state IS DISTINCT FROM 'draft' LIMIT 1;"""  # noqa: S608  # names of columns
    one = "WITH touched AS MATERIALIZED (SELECT operator_id, invoice_id FROM {rows} GROUP BY 1, 2)," + each  # noqa: S608
    both = f"""WITH touched AS MATERIALIZED (
            SELECT operator_id, invoice_id FROM added UNION SELECT operator_id, invoice_id FROM gone),{each}"""  # noqa: S608
    return f"""
CREATE OR REPLACE FUNCTION billing_parts_are_final() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN {one.format(rows="added")}
    ELSIF TG_OP = 'DELETE' THEN {one.format(rows="gone")}
    ELSE {both}
    END IF;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: invoice % is issued.', TG_OP, TG_TABLE_NAME, found
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
"""  # noqa: S608  # names of columns


# No clock in use is off by less than quarters of an hour, so all sessions of a quarter are of one day. Each session is
# looked up by its key, whatever the statistics say of a table just filled.
NEW = _function("""
    SELECT DISTINCT q.operator_id, (q.began AT TIME ZONE o.time_zone)::date FROM (
        SELECT DISTINCT r.operator_id, date_bin('15 minutes', s.started_at, '2000-01-01 00:00+00') AS began
        FROM {rows} r LEFT JOIN LATERAL (
            SELECT c.operator_id, c.started_at FROM charging_chargingsession c WHERE c.id = r.session_id OFFSET 0
        ) s ON s.operator_id = r.operator_id
    ) q JOIN tenants_operator o ON o.id = q.operator_id""")
OLD = _function("""
    SELECT DISTINCT r.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM {rows} r
    JOIN tenants_operator o ON o.id = r.operator_id
    LEFT JOIN charging_chargingsession s ON s.operator_id = r.operator_id AND s.id = r.session_id""")


class Migration(DrawnOnce):
    dependencies = [("billing", "0073_document_openings")]
    operations = [
        *(step for model, (prefix, fields) in PROVED.items() for step in _proved_anew(model, prefix, fields)),
        migrations.RunSQL(NEW + _final(by_key=True), OLD + _final(by_key=False)),
    ]
