"""Let PostgreSQL alone say which transaction wrote an audit entry: whoever inserts cannot choose it."""

from typing import ClassVar

from django.db import migrations

STAMP = """
CREATE FUNCTION stamp_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER stamp_transaction BEFORE INSERT ON tenants_auditentry
FOR EACH ROW EXECUTE FUNCTION stamp_transaction();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0012_audit_second_conditions")]

    operations: ClassVar = [migrations.RunSQL(STAMP, "DROP FUNCTION stamp_transaction() CASCADE")]
