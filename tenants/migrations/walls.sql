-- What the tables of this floor keep to whatever the portal asks: proof is only added to, an entry of the log knows its
-- transaction, every driver has an account.

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION append_only() FROM PUBLIC;
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tenants_auditentry FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tenants_auditseal FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tenants_consentevent FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tenants_consentnotice FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tenants_platformevent FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON tenants_privacynotice FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON tenants_driveridentity FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION refresh_statistics(tables text[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT t.tablename FROM pg_tables t WHERE t.schemaname = 'public' AND t.tablename = ANY (tables) LOOP
        EXECUTE format('ANALYZE public.%I', name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION refresh_statistics(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION refresh_statistics(text[]) TO wattledger_app, wattledger_platform;

CREATE FUNCTION stamp_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id();
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION stamp_transaction() FROM PUBLIC;
CREATE TRIGGER stamp_transaction BEFORE INSERT ON tenants_auditentry FOR EACH ROW EXECUTE FUNCTION stamp_transaction();

CREATE FUNCTION tenants_driver_has_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tenants_account (operator_id, public_id, kind, driver_id, identity_id, customer_number, language, delivery, least_amount, shows, is_active, created_at) SELECT d.operator_id, gen_random_uuid(), 'private', d.id, d.identity_id, d.customer_number, '', 'portal', 0, 'invoices', true, d.created_at FROM fresh d ORDER BY d.id;
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
CREATE TRIGGER account_added AFTER INSERT ON tenants_driver REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tenants_driver_has_account();
CREATE TRIGGER account_follows AFTER UPDATE ON tenants_driver REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION tenants_driver_has_account();
CREATE TRIGGER account_removed AFTER DELETE ON tenants_driver REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION tenants_driver_has_account();
