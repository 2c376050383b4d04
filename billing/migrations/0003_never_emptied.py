"""Two more ways in which bookkeeping could be lost: emptying a table, and changing what was charged under an invoice.

TRUNCATE fires no trigger for rows, so the owner of the tables needs one of its own to be stopped. And a
session that stands on an invoice or a draft keeps its facts: who charged, when and how much. Remarks and
reviews may still change, and a credit note frees the session.
"""

from typing import ClassVar

from django.db import migrations

TABLES = [
    "billing_invoice",
    "billing_invoiceline",
    "billing_invoicevat",
    "billing_invoicedocument",
    "billing_billedsession",
    "billing_numberseries",
    "billing_tariffversion",
]
NEVER_EMPTIED = (
    "CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
)

FACTS = "driver_id, started_at, ended_at, charging_ended_at, energy_wh, series_start, series_interval_s, series_wh"
_OLD, _NEW = (", ".join(f"{row}.{name.strip()}" for name in FACTS.split(",")) for row in ("OLD", "NEW"))
BILLED_SESSIONS = f"""
CREATE FUNCTION billing_billed_session_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM billing_billedsession b WHERE b.operator_id = OLD.operator_id
               AND b.session_id = OLD.id AND b.released_by_id IS NULL) THEN
        RAISE EXCEPTION 'Change of session % is refused: it stands on an invoice.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billed_session_stays BEFORE UPDATE OF {FACTS} ON charging_chargingsession
    FOR EACH ROW WHEN (({_OLD}) IS DISTINCT FROM ({_NEW})) EXECUTE FUNCTION billing_billed_session_stays();
"""  # noqa: S608  # constants
UNDO = """
DROP TRIGGER billed_session_stays ON charging_chargingsession;
DROP FUNCTION billing_billed_session_stays();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("billing", "0002_immutable"),
        ("charging", "0001_initial"),
        ("tenants", "0002_append_only"),
    ]

    operations: ClassVar = [
        *(
            migrations.RunSQL(NEVER_EMPTIED.format(table=table), f"DROP TRIGGER never_emptied ON {table}")
            for table in TABLES
        ),
        migrations.RunSQL(BILLED_SESSIONS, UNDO),
    ]
