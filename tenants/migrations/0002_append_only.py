"""Refuse to change or remove what may only be added, whoever asks: a trigger stops the owner as well."""

from typing import ClassVar

from django.db import migrations

TABLES = ["tenants_auditentry", "tenants_auditseal", "tenants_consentevent", "tenants_consentnotice"]

FUNCTION = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$
"""
TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION append_only()
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0001_initial")]

    operations: ClassVar = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION append_only()"),
        *(migrations.RunSQL(TRIGGER.format(table=table), f"DROP TRIGGER append_only ON {table}") for table in TABLES),
    ]
