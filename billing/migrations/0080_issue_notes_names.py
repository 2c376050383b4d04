"""A run's parts note whose names their drafts say, and an issue looks up which days it changes.

Both were found anew when the run was issued, by going through all of its sessions and lines. What changed its state is
told by comparing sets: a join of the rows before and after would be planned for a few, and compare each with each.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

NUMBERS = {"base_field": models.BigIntegerField(), "null": True, "size": None}


def _stale_invoices(days: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION billing_stale_invoices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO billing_staleday (operator_id, started_on) {days};
    RETURN NULL;
END $$;
"""


# As for prices and billed sessions: all sessions of a quarter of an hour are of one day, and each is looked up by key.
NEW = _stale_invoices("""
    SELECT DISTINCT q.operator_id, (q.began AT TIME ZONE o.time_zone)::date FROM (
        SELECT DISTINCT i.operator_id, date_bin('15 minutes', s.started_at, '2000-01-01 00:00+00') AS began
        FROM (SELECT operator_id, id, state FROM fresh EXCEPT SELECT operator_id, id, state FROM gone) i
        CROSS JOIN LATERAL (
            SELECT l.operator_id, l.session_id FROM billing_billedsession l WHERE l.invoice_id = i.id OFFSET 0) b
        CROSS JOIN LATERAL (
            SELECT c.operator_id, c.started_at FROM charging_chargingsession c WHERE c.id = b.session_id OFFSET 0) s
        WHERE b.operator_id = i.operator_id AND s.operator_id = i.operator_id
    ) q JOIN tenants_operator o ON o.id = q.operator_id""")
OLD = _stale_invoices("""
    SELECT DISTINCT n.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date
    FROM fresh n JOIN gone g ON g.id = n.id AND g.state <> n.state
    JOIN tenants_operator o ON o.id = n.operator_id
    JOIN billing_billedsession b ON b.operator_id = n.operator_id AND b.invoice_id = n.id
    JOIN charging_chargingsession s ON s.operator_id = b.operator_id AND s.id = b.session_id""")


class Migration(migrations.Migration):
    dependencies = [("billing", "0071_ledger_by_country")]
    operations = [
        *(
            migrations.AddField("runchunk", name, django.contrib.postgres.fields.ArrayField(**NUMBERS))
            for name in ("sites", "stations", "versions")
        ),
        migrations.RunSQL(NEW, OLD),
    ]
