-- What the tables of this floor keep to whatever the portal asks: the states of connectors stay known, and sessions are
-- never emptied.

CREATE FUNCTION charging_keep_connector_state() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO charging_connectorstate (operator_id, connector_id, status, at)
    VALUES (NEW.operator_id, NEW.id, NEW.status, coalesce(NEW.status_at, now()));
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION charging_keep_connector_state() FROM PUBLIC;
CREATE TRIGGER first_state_kept AFTER INSERT ON charging_connector FOR EACH ROW WHEN ((new.status_at IS NOT NULL)) EXECUTE FUNCTION charging_keep_connector_state();
CREATE TRIGGER state_kept AFTER UPDATE OF status, status_at ON charging_connector FOR EACH ROW WHEN (((new.status)::text IS DISTINCT FROM (old.status)::text)) EXECUTE FUNCTION charging_keep_connector_state();

CREATE TRIGGER never_emptied BEFORE TRUNCATE ON charging_chargingsession FOR EACH STATEMENT EXECUTE FUNCTION append_only();
