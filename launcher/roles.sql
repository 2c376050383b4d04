-- The six roles, by a superuser, once a server: psql -d postgres -f launcher/roles.sql
-- They come without passwords: set them (\password) unless the server lets these roles in by its socket.
--
-- owner     owns the tables and migrates; sees every row, because foreign keys are validated with its eyes
-- app       web and workers; owns nothing, bypasses nothing: row security decides what it sees
-- reader    reports; reads what row security shows
-- platform  the platform's own process; sees when other connections began, for its page of health
-- gateway   the process that stations connect to; keeps what they say, reads no person, price or invoice
-- backup    the process that makes backups; reads every row of everybody and changes none
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY[
        'wattledger_owner', 'wattledger_app', 'wattledger_reader', 'wattledger_platform', 'wattledger_gateway',
        'wattledger_backup'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
END
$$;
ALTER ROLE wattledger_owner BYPASSRLS CREATEDB NOSUPERUSER NOCREATEROLE;
ALTER ROLE wattledger_app NOBYPASSRLS NOCREATEDB NOSUPERUSER NOCREATEROLE;
ALTER ROLE wattledger_reader NOBYPASSRLS NOCREATEDB NOSUPERUSER NOCREATEROLE;
ALTER ROLE wattledger_platform NOBYPASSRLS NOCREATEDB NOSUPERUSER NOCREATEROLE;
ALTER ROLE wattledger_gateway NOBYPASSRLS NOCREATEDB NOSUPERUSER NOCREATEROLE;
ALTER ROLE wattledger_backup BYPASSRLS NOCREATEDB NOSUPERUSER NOCREATEROLE;
ALTER ROLE wattledger_backup SET default_transaction_read_only = on;
GRANT pg_read_all_data TO wattledger_backup;
GRANT pg_read_all_stats TO wattledger_platform;
-- The owner may act as any of them, which is how the tests look through the app's eyes.
GRANT wattledger_app, wattledger_reader, wattledger_platform, wattledger_gateway TO wattledger_owner;
