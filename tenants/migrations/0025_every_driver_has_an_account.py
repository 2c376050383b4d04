"""Every driver has a private account: those there are get one now, and whoever is added gets one with them.

The database does it, as drivers arrive one by one, by import and by COPY. The account has its driver's number and
identity and follows them; removed drivers take it along. Accounts made here have their driver's key, so that what named
a driver as the buyer names the account without being rewritten.
"""

from typing import ClassVar

from django.db import migrations

# Spelled out here, as a migration keeps what it did (`tenants.rls.DEFINER` says why).
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"
COLUMNS = (
    "operator_id, public_id, kind, driver_id, identity_id, customer_number, language, delivery, least_amount, shows,"
    " is_active, created_at"
)
VALUES = (
    "d.operator_id, gen_random_uuid(), 'private', d.id, d.identity_id, d.customer_number, '', 'portal', 0, 'invoices',"
    " true, d.created_at"
)
EXISTING = f"""
INSERT INTO tenants_account (id, {COLUMNS}) SELECT d.id, {VALUES} FROM tenants_driver d ORDER BY d.id;
SELECT setval(pg_get_serial_sequence('tenants_account', 'id'), max(id)) FROM tenants_account HAVING max(id) > 0;
"""  # noqa: S608  # constants
TRIGGERS = f"""
CREATE FUNCTION tenants_driver_has_account() RETURNS trigger {DEFINER} AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenants_account ({COLUMNS}) SELECT {VALUES} FROM fresh d ORDER BY d.id;
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE tenants_account a SET identity_id = f.identity_id, customer_number = f.customer_number
        FROM fresh f JOIN gone g ON g.id = f.id
        WHERE a.operator_id = f.operator_id AND a.driver_id = f.id
          AND (f.identity_id, f.customer_number) IS DISTINCT FROM (g.identity_id, g.customer_number);
    ELSE
        DELETE FROM tenants_account a USING gone g WHERE a.operator_id = g.operator_id AND a.driver_id = g.id;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION tenants_driver_has_account() FROM PUBLIC;
CREATE TRIGGER account_added AFTER INSERT ON tenants_driver REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_driver_has_account();
CREATE TRIGGER account_follows AFTER UPDATE ON tenants_driver REFERENCING OLD TABLE AS gone NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_driver_has_account();
CREATE TRIGGER account_removed AFTER DELETE ON tenants_driver REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_driver_has_account();
"""  # noqa: S608  # constants


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0024_accounts")]

    operations: ClassVar = [migrations.RunSQL(EXISTING + TRIGGERS)]
