"""Compare ids of sessions by their bytes, references in two passes, and cards in one index instead of two."""

from typing import ClassVar

import tenants.rls.constraints
from django.db import migrations, models

# No column that a trigger names can change its collation, so the triggers on it go and come back as they were.
BY_BYTES = """
DO $$
DECLARE
    watching record;
    written text[] := '{}';
BEGIN
    FOR watching IN
        SELECT t.tgname, pg_get_triggerdef(t.oid) AS made FROM pg_trigger t
        JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr::smallint[])
        WHERE t.tgrelid = 'charging_chargingsession'::regclass AND NOT t.tgisinternal AND a.attname = 'external_id'
    LOOP
        written := written || watching.made;
        EXECUTE format('DROP TRIGGER %I ON charging_chargingsession', watching.tgname);
    END LOOP;
    ALTER TABLE charging_chargingsession ALTER COLUMN external_id TYPE varchar(100) COLLATE "C";
    FOR at IN 1 .. cardinality(written) LOOP
        EXECUTE written[at];
    END LOOP;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("charging", "0009_cards_move_and_things_merge"), ("tenants", "0019_acts_are_registered")]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="chargingsession", name="session_same_operator"),
        migrations.RemoveIndex(model_name="chargingsession", name="session_of_token"),
        migrations.RemoveIndex(model_name="chargingsession", name="session_without_payer"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(BY_BYTES)],
            state_operations=[
                migrations.AlterField(
                    model_name="chargingsession",
                    name="external_id",
                    field=models.CharField(db_collation="C", max_length=100, verbose_name="session id of the source"),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="chargingsession",
            index=models.Index(
                condition=models.Q(("token__isnull", False)),
                fields=["token", "-started_at"],
                include=("driver",),
                name="session_of_token",
            ),
        ),
        migrations.AddConstraint(
            model_name="chargingsession",
            constraint=tenants.rls.constraints.SameOperatorInBulk(
                fields=(("file_import", "site", "station", "connector"), ("token", "driver")),
                name="session_same_operator",
            ),
        ),
    ]
