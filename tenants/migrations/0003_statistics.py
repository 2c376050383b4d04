"""Let the app role refresh the planner's statistics of its tables: only their owner may run ANALYZE."""

from typing import ClassVar

from django.db import migrations

CREATE = """
CREATE FUNCTION refresh_statistics(tables text[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT t.tablename FROM pg_tables t WHERE t.schemaname = 'public' AND t.tablename = ANY (tables) LOOP
        EXECUTE format('ANALYZE public.%I', name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION refresh_statistics(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refresh_statistics(text[]) TO wattledger_app, wattledger_platform;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0002_append_only")]

    operations: ClassVar = [migrations.RunSQL(CREATE, "DROP FUNCTION refresh_statistics(text[])")]
