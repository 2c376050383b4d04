-- Who may enter the database, by a superuser or its owner: psql -d wattledger -f launcher/grants.sql
-- Rights on tables are given by the migrations. TEMP: an import copies its file into a temporary table first.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO wattledger_app, wattledger_platform', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO wattledger_reader, wattledger_gateway, wattledger_backup', current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO wattledger_app, wattledger_reader, wattledger_platform, wattledger_gateway;
