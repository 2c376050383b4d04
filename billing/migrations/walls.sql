-- What the tables of this floor keep to whatever the portal asks. A function that decides by reading another table runs as
-- the owner of it, who sees all rows, with its own search path: a statement that moves the caller's scope in the same
-- breath does not blind it. What is issued, published or billed is final, numbers have no gap, and days and months whose
-- sums are no longer true are marked.

CREATE FUNCTION billing_begins_as_a_draft() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'Insertion into billing_invoice is refused: a document begins as a draft.'
        USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION billing_begins_as_a_draft() FROM PUBLIC;
CREATE TRIGGER begins_as_a_draft BEFORE INSERT ON billing_invoice FOR EACH ROW WHEN (((new.state)::text <> 'draft'::text)) EXECUTE FUNCTION billing_begins_as_a_draft();

CREATE FUNCTION billing_billed_prices_are_final() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    SELECT g.session_id INTO found FROM gone g JOIN billing_billedsession b
        ON b.operator_id = g.operator_id AND b.session_id = g.session_id AND b.released_by_id IS NULL LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% of the price of session % is refused: it stands on an invoice.', TG_OP, found
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_billed_prices_are_final() FROM PUBLIC;
CREATE TRIGGER billed_prices_changed AFTER UPDATE ON billing_sessionprice REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_billed_prices_are_final();
CREATE TRIGGER billed_prices_removed AFTER DELETE ON billing_sessionprice REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_billed_prices_are_final();

CREATE FUNCTION billing_billed_session_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.driver_id IS DISTINCT FROM OLD.driver_id AND EXISTS (
            SELECT 1 FROM billing_billedsession b WHERE b.operator_id = OLD.operator_id
                AND b.session_id = OLD.id AND b.released_by_id IS NULL)
        OR (OLD.id, OLD.operator_id, OLD.public_id, OLD.source, OLD.external_id, OLD.site_id, OLD.station_id, OLD.connector_id, OLD.token_id, OLD.started_at, OLD.ended_at, OLD.charging_ended_at, OLD.energy_wh, OLD.meter_start_wh, OLD.series_start, OLD.series_interval_s, OLD.series_wh, OLD.state) IS DISTINCT FROM (NEW.id, NEW.operator_id, NEW.public_id, NEW.source, NEW.external_id, NEW.site_id, NEW.station_id, NEW.connector_id, NEW.token_id, NEW.started_at, NEW.ended_at, NEW.charging_ended_at, NEW.energy_wh, NEW.meter_start_wh, NEW.series_start, NEW.series_interval_s, NEW.series_wh, NEW.state) AND EXISTS (
            SELECT 1 FROM billing_invoiceline l WHERE l.operator_id = OLD.operator_id AND l.session_id = OLD.id)
    THEN
        RAISE EXCEPTION 'Change of session % is refused: it stands on an invoice.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION billing_billed_session_stays() FROM PUBLIC;
CREATE TRIGGER billed_session_stays BEFORE UPDATE OF driver_id, id, operator_id, public_id, source, external_id, site_id, station_id, connector_id, token_id, started_at, ended_at, charging_ended_at, energy_wh, meter_start_wh, series_start, series_interval_s, series_wh, state ON charging_chargingsession FOR EACH ROW WHEN ((((((((((((((((((((old.driver_id IS DISTINCT FROM new.driver_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.operator_id IS DISTINCT FROM new.operator_id)) OR (old.public_id IS DISTINCT FROM new.public_id)) OR ((old.source)::text IS DISTINCT FROM (new.source)::text)) OR ((old.external_id)::text IS DISTINCT FROM (new.external_id)::text)) OR (old.site_id IS DISTINCT FROM new.site_id)) OR (old.station_id IS DISTINCT FROM new.station_id)) OR (old.connector_id IS DISTINCT FROM new.connector_id)) OR (old.token_id IS DISTINCT FROM new.token_id)) OR (old.started_at IS DISTINCT FROM new.started_at)) OR (old.ended_at IS DISTINCT FROM new.ended_at)) OR (old.charging_ended_at IS DISTINCT FROM new.charging_ended_at)) OR (old.energy_wh IS DISTINCT FROM new.energy_wh)) OR (old.meter_start_wh IS DISTINCT FROM new.meter_start_wh)) OR (old.series_start IS DISTINCT FROM new.series_start)) OR (old.series_interval_s IS DISTINCT FROM new.series_interval_s)) OR (old.series_wh IS DISTINCT FROM new.series_wh)) OR ((old.state)::text IS DISTINCT FROM (new.state)::text))) EXECUTE FUNCTION billing_billed_session_stays();

CREATE FUNCTION billing_credit_note_is_within() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    fault text;
BEGIN
    -- Whoever comes second waits here, and then sees what the first one took.
    PERFORM 1 FROM billing_invoice o WHERE o.operator_id = NEW.operator_id AND o.id = NEW.credits_id
        FOR NO KEY UPDATE;
    WITH notes AS MATERIALIZED (
        SELECT n.id, n.amount_excl_vat, n.vat, n.rounding, n.amount_due FROM billing_invoice n
        WHERE n.operator_id = NEW.operator_id AND n.credits_id = NEW.credits_id AND n.state = 'issued'
            AND n.number <= NEW.number),
    taken AS MATERIALIZED (
        SELECT l.position, sum(coalesce(l.amount_incl_vat, l.amount_excl_vat)) AS amount
        FROM notes n JOIN billing_invoiceline l ON l.operator_id = NEW.operator_id AND l.invoice_id = n.id
        GROUP BY 1),
    mine AS MATERIALIZED (
        SELECT * FROM billing_invoiceline l WHERE l.operator_id = NEW.operator_id AND l.invoice_id = NEW.id),
    lines AS MATERIALIZED (
        SELECT l.*, coalesce(l.amount_incl_vat, l.amount_excl_vat) AS amount FROM billing_invoiceline l
        WHERE l.operator_id = NEW.operator_id AND l.invoice_id = NEW.credits_id),
    rest AS MATERIALIZED (
        SELECT o.id, o.amount_excl_vat + s.net AS net, o.vat + s.vat AS vat, o.rounding + s.rounding AS rounding,
            o.amount_due + s.due AS due
        FROM billing_invoice o CROSS JOIN (
            SELECT sum(amount_excl_vat) AS net, sum(vat) AS vat, sum(rounding) AS rounding, sum(amount_due) AS due
            FROM notes) s
        WHERE o.operator_id = NEW.operator_id AND o.id = NEW.credits_id AND o.kind = 'invoice' AND o.state = 'issued'
            AND (o.account_id, o.currency) = (NEW.account_id, NEW.currency)),
    rates AS MATERIALIZED (
        SELECT v.vat_rate, sum(v.taxable) AS taxable, sum(v.vat) AS vat FROM billing_invoicevat v
        WHERE v.operator_id = NEW.operator_id AND (v.invoice_id = NEW.credits_id OR v.invoice_id IN (
            SELECT id FROM notes)) GROUP BY 1),
    ends AS MATERIALIZED (
        SELECT NOT EXISTS (SELECT 1 FROM lines l LEFT JOIN taken t USING (position)
            WHERE l.amount + coalesce(t.amount, 0) <> 0) AS at_zero)
    SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM rest) THEN 'it credits no issued invoice of its buyer'
        WHEN EXISTS (SELECT 1 FROM mine m LEFT JOIN lines l USING (position)
            WHERE l.id IS NULL OR (m.session_id, m.tariff_version_id, m.component, m.vat_rate, m.amount_incl_vat IS NULL)
                IS DISTINCT FROM (l.session_id, l.tariff_version_id, l.component, l.vat_rate, l.amount_incl_vat IS NULL)
        ) THEN 'a line is not one of its invoice'
        WHEN EXISTS (SELECT 1 FROM mine m JOIN lines l USING (position) JOIN taken t USING (position)
            WHERE coalesce(m.amount_incl_vat, m.amount_excl_vat) * l.amount > 0
                OR NOT l.amount + t.amount BETWEEN least(l.amount, 0) AND greatest(l.amount, 0)
        ) THEN 'more of a line than is left of it'
        WHEN NEW.amount_due > 0 OR (SELECT net < 0 OR due < 0 FROM rest) THEN 'more than is left of its invoice'
        WHEN NEW.leaves_rest = (SELECT at_zero FROM ends) THEN 'it says otherwise what is left'
        WHEN NOT NEW.leaves_rest AND ((SELECT (net, vat, rounding, due) <> (0, 0, 0, 0) FROM rest)
            OR EXISTS (SELECT 1 FROM rates WHERE taxable <> 0 OR vat <> 0)) THEN 'its parts do not end at zero'
        END INTO fault;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'Credit note % of invoice % is refused: %.', NEW.id, NEW.credits_id, fault
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_credit_note_is_within() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER credit_note_is_within AFTER INSERT OR UPDATE ON billing_invoice DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((((new.kind)::text = 'credit_note'::text) AND ((new.state)::text = 'issued'::text))) EXECUTE FUNCTION billing_credit_note_is_within();

CREATE FUNCTION billing_every_number_is_given() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    given bigint;
BEGIN
    SELECT count(*) INTO given FROM billing_invoice i WHERE i.operator_id = NEW.operator_id
        AND i.series = NEW.code AND i.number > OLD.last_number AND i.number <= NEW.last_number;
    IF given <> NEW.last_number - OLD.last_number THEN
        RAISE EXCEPTION 'Series % may not skip: from % to % it gave % numbers, so the change is refused.',
            NEW.code, OLD.last_number, NEW.last_number, given USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_every_number_is_given() FROM PUBLIC;
CREATE CONSTRAINT TRIGGER every_number_is_given AFTER UPDATE ON billing_numberseries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.last_number <> old.last_number)) EXECUTE FUNCTION billing_every_number_is_given();

CREATE FUNCTION billing_fee_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF to_jsonb(NEW) - 'until' IS DISTINCT FROM to_jsonb(OLD) - 'until' OR EXISTS (
        SELECT 1 FROM billing_billedfee b
        WHERE b.operator_id = OLD.operator_id AND b.fee_id = OLD.id AND b.last_day > NEW.until)
    THEN
        RAISE EXCEPTION 'Change of fee % is refused: only its end may change, and not what was charged.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION billing_fee_stays() FROM PUBLIC;
CREATE TRIGGER fee_stays BEFORE UPDATE ON billing_fee FOR EACH ROW EXECUTE FUNCTION billing_fee_stays();

CREATE FUNCTION billing_forbidden() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % % is refused: it is final.', TG_OP, TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION billing_forbidden() FROM PUBLIC;
CREATE TRIGGER final_document BEFORE DELETE OR UPDATE ON billing_invoicedocument FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_invoice BEFORE DELETE OR UPDATE ON billing_invoice FOR EACH ROW WHEN (((old.state)::text = 'issued'::text)) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_letterhead BEFORE DELETE OR UPDATE ON billing_letterhead FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_match_changed BEFORE UPDATE ON billing_paymentmatch FOR EACH ROW WHEN ((NOT ((new.made_by_id IS NULL) AND ((to_jsonb(new.*) - 'made_by_id'::text) = (to_jsonb(old.*) - 'made_by_id'::text))))) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_match_deleted BEFORE DELETE ON billing_paymentmatch FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_names BEFORE DELETE OR UPDATE ON billing_issuedplace FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_names BEFORE DELETE OR UPDATE ON billing_issuedtariff FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_payment_changed BEFORE UPDATE ON billing_payment FOR EACH ROW WHEN (((pg_trigger_depth() < 1) AND (NOT ((new.recorded_by_id IS NULL) AND ((to_jsonb(new.*) - 'recorded_by_id'::text) = (to_jsonb(old.*) - 'recorded_by_id'::text)))))) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_payment_deleted BEFORE DELETE ON billing_payment FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_version_changed BEFORE UPDATE ON billing_tariffversion FOR EACH ROW WHEN (((old.published_at IS NOT NULL) AND (NOT ((new.published_by_id IS NULL) AND ((to_jsonb(new.*) - 'published_by_id'::text) = (to_jsonb(old.*) - 'published_by_id'::text)))))) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_version_deleted BEFORE DELETE ON billing_tariffversion FOR EACH ROW WHEN ((old.published_at IS NOT NULL)) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER payment_begins_whole BEFORE INSERT ON billing_payment FOR EACH ROW WHEN ((new.rest <> new.amount)) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER receivable_begins_with_issue BEFORE INSERT ON billing_receivable FOR EACH ROW WHEN (((pg_trigger_depth() < 1) AND (new.rest <> 0))) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER receivable_follows BEFORE UPDATE ON billing_receivable FOR EACH ROW WHEN ((pg_trigger_depth() < 1)) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER receivable_stays BEFORE DELETE ON billing_receivable FOR EACH ROW EXECUTE FUNCTION billing_forbidden();

CREATE FUNCTION billing_issued_is_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO billing_receivable (operator_id, invoice_id, account_id, currency, due_on, due, credited, paid, rest)
    SELECT operator_id, id, account_id, currency, due_on, amount_due * (CASE
    WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF',
        'XOF', 'XPF') THEN 1
    WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000 ELSE 100 END), 0, 0, amount_due * (CASE
    WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF',
        'XOF', 'XPF') THEN 1
    WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000 ELSE 100 END)
    FROM fresh WHERE state = 'issued' AND kind = 'invoice';
    UPDATE billing_receivable r SET credited = r.credited + n.credited, rest = r.rest - n.credited
    FROM (
        SELECT operator_id, credits_id, -sum(amount_due * (CASE
    WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF',
        'XOF', 'XPF') THEN 1
    WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000 ELSE 100 END))::bigint AS credited
        FROM fresh WHERE state = 'issued' AND kind = 'credit_note' GROUP BY 1, 2
    ) n WHERE r.operator_id = n.operator_id AND r.invoice_id = n.credits_id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_issued_is_open() FROM PUBLIC;
CREATE TRIGGER issued_is_open AFTER UPDATE ON billing_invoice REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_issued_is_open();

CREATE FUNCTION billing_issued_rightly() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found bigint;
    why text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM fresh WHERE state = 'issued') THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM fresh f JOIN tenants_driveridentity d ON d.operator_id = f.operator_id AND d.id = f.buyer_id
        WHERE f.state = 'issued' FOR SHARE OF d;
    WITH issued AS MATERIALIZED (SELECT * FROM fresh WHERE state = 'issued'),
    lines AS MATERIALIZED (
        SELECT l.invoice_id, sum(l.amount_excl_vat) AS net,
            bool_and(b.id IS NOT NULL OR c.id IS NOT NULL OR i.kind = 'credit_note') AS are_billed
        FROM issued i
        JOIN billing_invoiceline l ON l.operator_id = i.operator_id AND l.invoice_id = i.id
        LEFT JOIN billing_billedsession b ON b.operator_id = l.operator_id AND b.invoice_id = l.invoice_id
            AND b.session_id = l.session_id AND b.released_by_id IS NULL
        LEFT JOIN billing_billedfee c ON c.operator_id = l.operator_id AND c.invoice_id = l.invoice_id
            AND c.id = l.fee_id
        GROUP BY l.invoice_id),
    taxes AS MATERIALIZED (
        SELECT v.invoice_id, sum(v.taxable) AS net, sum(v.vat) AS vat
        FROM issued i JOIN billing_invoicevat v ON v.operator_id = i.operator_id AND v.invoice_id = i.id
        GROUP BY v.invoice_id),
    judged AS (
        SELECT i.id, CASE
            WHEN s.id IS NULL OR i.number > s.last_number THEN 'its number is not the next one of its series'
            WHEN NOT coalesce(d.account_id = i.account_id, d.driver_id = a.driver_id, false)
                THEN 'its buyer is not its account'
            WHEN l.net IS DISTINCT FROM i.amount_excl_vat THEN 'its lines do not add up'
            WHEN (t.net, t.vat) IS DISTINCT FROM (i.amount_excl_vat, i.vat) THEN 'its VAT does not add up'
            WHEN NOT l.are_billed THEN 'a line is not on the ledger'
            END AS fault
        FROM issued i
        LEFT JOIN billing_numberseries s ON s.operator_id = i.operator_id AND s.code = i.series
        LEFT JOIN tenants_driveridentity d ON d.operator_id = i.operator_id AND d.id = i.buyer_id
        LEFT JOIN tenants_account a ON a.operator_id = i.operator_id AND a.id = i.account_id
        LEFT JOIN lines l ON l.invoice_id = i.id
        LEFT JOIN taxes t ON t.invoice_id = i.id)
    SELECT id, fault INTO found, why FROM judged WHERE fault IS NOT NULL LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Issue of invoice % is refused: %.', found, why USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_issued_rightly() FROM PUBLIC;
CREATE TRIGGER issued_rightly AFTER UPDATE ON billing_invoice REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_issued_rightly();

CREATE FUNCTION billing_matched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    SELECT m.id INTO found FROM fresh m
        JOIN billing_payment p ON p.operator_id = m.operator_id AND p.id = m.payment_id
        LEFT JOIN billing_invoice i ON i.operator_id = m.operator_id AND i.id = m.invoice_id AND i.state = 'issued'
        LEFT JOIN billing_receivable r ON r.operator_id = m.operator_id AND r.invoice_id = i.id
        LEFT JOIN billing_paymentmatch u ON u.operator_id = m.operator_id AND u.id = m.undoes_id
        WHERE m.invoice_id IS NOT NULL
                AND (r.id IS NULL OR r.currency <> p.currency OR r.account_id IS DISTINCT FROM m.account_id)
            OR m.undoes_id IS NULL AND sign(m.amount) <> sign(p.amount)
            OR m.undoes_id IS NOT NULL AND (u.undoes_id IS NOT NULL
                OR (u.payment_id, u.invoice_id, u.account_id, u.purpose, -u.amount)
                    IS DISTINCT FROM (m.payment_id, m.invoice_id, m.account_id, m.purpose, m.amount))
        LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Match % is refused: it is of another account, currency or sign, or undoes something else.',
            found USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE billing_payment p SET rest = p.rest - m.amount
        FROM (SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM fresh GROUP BY 1, 2) m
        WHERE p.operator_id = m.operator_id AND p.id = m.payment_id AND m.amount <> 0;
    UPDATE billing_receivable r SET paid = r.paid + m.amount, rest = r.rest - m.amount
        FROM (SELECT operator_id, invoice_id, sum(amount)::bigint AS amount FROM fresh
              WHERE invoice_id IS NOT NULL GROUP BY 1, 2) m
        WHERE r.operator_id = m.operator_id AND r.invoice_id = m.invoice_id AND m.amount <> 0;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_matched() FROM PUBLIC;
CREATE TRIGGER what_is_left AFTER INSERT ON billing_paymentmatch REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_matched();

CREATE FUNCTION billing_named_identity_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.email IN ('', OLD.email) AND NEW.phone IN ('', OLD.phone)
        AND to_jsonb(NEW) - '{email,phone}'::text[] = to_jsonb(OLD) - '{email,phone}'::text[] THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT 1 FROM billing_invoice i WHERE i.operator_id = OLD.operator_id
               AND i.account_id = coalesce(OLD.account_id, (SELECT a.id FROM tenants_account a
                   WHERE a.operator_id = OLD.operator_id AND a.driver_id = OLD.driver_id))
               AND i.buyer_id = OLD.id AND i.state = 'issued') THEN
        RAISE EXCEPTION '% of identity % is refused: an issued invoice names it.', TG_OP, OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
REVOKE ALL ON FUNCTION billing_named_identity_stays() FROM PUBLIC;
CREATE TRIGGER named_identity_stays BEFORE DELETE OR UPDATE ON tenants_driveridentity FOR EACH ROW EXECUTE FUNCTION billing_named_identity_stays();

CREATE FUNCTION billing_number_only_grows() RETURNS trigger LANGUAGE plpgsql
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.last_number = 0 THEN
        RETURN NEW;
    ELSIF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'A series begins at 0, so number % is refused.', NEW.last_number
            USING ERRCODE = 'restrict_violation';
    ELSIF TG_OP = 'UPDATE' AND NEW.last_number >= OLD.last_number
        AND (NEW.id, NEW.code, NEW.operator_id) = (OLD.id, OLD.code, OLD.operator_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Series % has given out number %; it cannot go back.', OLD.code, OLD.last_number
        USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION billing_number_only_grows() FROM PUBLIC;
CREATE TRIGGER number_begins_at_zero BEFORE INSERT ON billing_numberseries FOR EACH ROW EXECUTE FUNCTION billing_number_only_grows();
CREATE TRIGGER number_only_grows BEFORE DELETE OR UPDATE ON billing_numberseries FOR EACH ROW EXECUTE FUNCTION billing_number_only_grows();

CREATE FUNCTION billing_only_a_credit_note_releases() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.released_by_id IS NULL
        AND to_jsonb(NEW) - 'released_by_id' = to_jsonb(OLD) - 'released_by_id'
        AND EXISTS (SELECT 1 FROM billing_invoice n WHERE n.id = NEW.released_by_id AND n.kind = 'credit_note'
                    AND n.state = 'issued' AND n.operator_id = OLD.operator_id AND n.credits_id = OLD.invoice_id
                    AND EXISTS (SELECT 1 FROM billing_invoiceline l WHERE l.operator_id = OLD.operator_id
                                AND l.session_id = OLD.session_id AND l.invoice_id = n.id)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Session % stands on invoice %: only its credit note can release it.',
        OLD.session_id, OLD.invoice_id USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION billing_only_a_credit_note_releases() FROM PUBLIC;
CREATE TRIGGER only_a_credit_note_releases BEFORE UPDATE ON billing_billedsession FOR EACH ROW EXECUTE FUNCTION billing_only_a_credit_note_releases();

CREATE FUNCTION billing_parts_are_final() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN 
        WITH touched AS MATERIALIZED (SELECT operator_id, invoice_id FROM added GROUP BY 1, 2),
        held AS MATERIALIZED (
            SELECT i.id, i.state FROM touched t CROSS JOIN LATERAL (
                SELECT o.id, o.state FROM billing_invoice o
                WHERE o.operator_id = t.operator_id AND o.id = t.invoice_id FOR KEY SHARE) i)
        SELECT t.invoice_id INTO found FROM touched t LEFT JOIN held h ON h.id = t.invoice_id
            WHERE h.state IS DISTINCT FROM 'draft' LIMIT 1;

    ELSIF TG_OP = 'DELETE' THEN 
        WITH touched AS MATERIALIZED (SELECT operator_id, invoice_id FROM gone GROUP BY 1, 2),
        held AS MATERIALIZED (
            SELECT i.id, i.state FROM touched t CROSS JOIN LATERAL (
                SELECT o.id, o.state FROM billing_invoice o
                WHERE o.operator_id = t.operator_id AND o.id = t.invoice_id FOR KEY SHARE) i)
        SELECT t.invoice_id INTO found FROM touched t LEFT JOIN held h ON h.id = t.invoice_id
            WHERE h.state IS DISTINCT FROM 'draft' LIMIT 1;

    ELSE 
        WITH touched AS MATERIALIZED (SELECT operator_id, invoice_id FROM added UNION SELECT operator_id, invoice_id FROM gone),
        held AS MATERIALIZED (
            SELECT i.id, i.state FROM touched t CROSS JOIN LATERAL (
                SELECT o.id, o.state FROM billing_invoice o
                WHERE o.operator_id = t.operator_id AND o.id = t.invoice_id FOR KEY SHARE) i)
        SELECT t.invoice_id INTO found FROM touched t LEFT JOIN held h ON h.id = t.invoice_id
            WHERE h.state IS DISTINCT FROM 'draft' LIMIT 1;

    END IF;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: invoice % is issued.', TG_OP, TG_TABLE_NAME, found
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_parts_are_final() FROM PUBLIC;
CREATE TRIGGER parts_added AFTER INSERT ON billing_billedfee REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_added AFTER INSERT ON billing_billedsession REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_added AFTER INSERT ON billing_invoiceline REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_added AFTER INSERT ON billing_invoicevat REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_changed AFTER UPDATE ON billing_billedfee REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_changed AFTER UPDATE ON billing_invoiceline REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_changed AFTER UPDATE ON billing_invoicevat REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON billing_billedfee REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON billing_billedsession REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON billing_invoiceline REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON billing_invoicevat REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();

CREATE FUNCTION billing_stale_clock() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO billing_staleday (operator_id, started_on) VALUES (NEW.id, NULL);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_stale_clock() FROM PUBLIC;
CREATE TRIGGER stale_days_clock AFTER UPDATE OF time_zone ON tenants_operator FOR EACH ROW WHEN (((old.time_zone)::text IS DISTINCT FROM (new.time_zone)::text)) EXECUTE FUNCTION billing_stale_clock();

CREATE FUNCTION billing_stale_invoices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO billing_staleday (operator_id, started_on)
    SELECT DISTINCT n.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM fresh n JOIN gone g ON g.id = n.id AND g.state <> n.state
    JOIN tenants_operator o ON o.id = n.operator_id
    JOIN billing_billedsession b ON b.operator_id = n.operator_id AND b.invoice_id = n.id
    JOIN charging_chargingsession s ON s.operator_id = b.operator_id AND s.id = b.session_id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_stale_invoices() FROM PUBLIC;
CREATE TRIGGER stale_days_invoice AFTER UPDATE ON billing_invoice REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_invoices();

CREATE FUNCTION billing_stale_months() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO billing_stalemonth (operator_id, month) SELECT DISTINCT operator_id, month FROM fresh;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO billing_stalemonth (operator_id, month) SELECT DISTINCT operator_id, month FROM gone;
    ELSE
        INSERT INTO billing_stalemonth (operator_id, month)
        SELECT operator_id, month FROM gone UNION SELECT operator_id, month FROM fresh;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_stale_months() FROM PUBLIC;
CREATE TRIGGER stale_months_invoice_added AFTER INSERT ON billing_invoice REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_months();
CREATE TRIGGER stale_months_invoice_changed AFTER UPDATE ON billing_invoice REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_months();
CREATE TRIGGER stale_months_invoice_removed AFTER DELETE ON billing_invoice REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_months();

CREATE FUNCTION billing_stale_references() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN INSERT INTO billing_staleday (operator_id, started_on) SELECT DISTINCT r.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM fresh r JOIN tenants_operator o ON o.id = r.operator_id
    LEFT JOIN charging_chargingsession s ON s.operator_id = r.operator_id AND s.id = r.session_id;
    ELSIF TG_OP = 'DELETE' THEN INSERT INTO billing_staleday (operator_id, started_on) SELECT DISTINCT r.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM gone r JOIN tenants_operator o ON o.id = r.operator_id
    LEFT JOIN charging_chargingsession s ON s.operator_id = r.operator_id AND s.id = r.session_id;
    ELSE INSERT INTO billing_staleday (operator_id, started_on) SELECT DISTINCT r.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM gone r JOIN tenants_operator o ON o.id = r.operator_id
    LEFT JOIN charging_chargingsession s ON s.operator_id = r.operator_id AND s.id = r.session_id UNION SELECT DISTINCT r.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM fresh r JOIN tenants_operator o ON o.id = r.operator_id
    LEFT JOIN charging_chargingsession s ON s.operator_id = r.operator_id AND s.id = r.session_id;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_stale_references() FROM PUBLIC;
CREATE TRIGGER stale_days_billedsession_added AFTER INSERT ON billing_billedsession REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_references();
CREATE TRIGGER stale_days_billedsession_changed AFTER UPDATE ON billing_billedsession REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_references();
CREATE TRIGGER stale_days_billedsession_removed AFTER DELETE ON billing_billedsession REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_references();
CREATE TRIGGER stale_days_sessionprice_added AFTER INSERT ON billing_sessionprice REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_references();
CREATE TRIGGER stale_days_sessionprice_changed AFTER UPDATE ON billing_sessionprice REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_references();
CREATE TRIGGER stale_days_sessionprice_removed AFTER DELETE ON billing_sessionprice REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_references();

CREATE FUNCTION billing_stale_sessions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN INSERT INTO billing_staleday (operator_id, started_on) SELECT DISTINCT s.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM fresh s JOIN tenants_operator o ON o.id = s.operator_id;
    ELSIF TG_OP = 'DELETE' THEN INSERT INTO billing_staleday (operator_id, started_on) SELECT DISTINCT s.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM gone s JOIN tenants_operator o ON o.id = s.operator_id;
    ELSE INSERT INTO billing_staleday (operator_id, started_on) SELECT DISTINCT s.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM gone s JOIN tenants_operator o ON o.id = s.operator_id UNION SELECT DISTINCT s.operator_id, (s.started_at AT TIME ZONE o.time_zone)::date FROM fresh s JOIN tenants_operator o ON o.id = s.operator_id;
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_stale_sessions() FROM PUBLIC;
CREATE TRIGGER stale_days_chargingsession_added AFTER INSERT ON charging_chargingsession REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_sessions();
CREATE TRIGGER stale_days_chargingsession_changed AFTER UPDATE ON charging_chargingsession REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_sessions();
CREATE TRIGGER stale_days_chargingsession_removed AFTER DELETE ON charging_chargingsession REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION billing_stale_sessions();

CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_billedfee FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_billedsession FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_invoice FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_invoicedocument FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_invoiceline FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_invoicevat FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_issuedplace FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_issuedtariff FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_letterhead FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_numberseries FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_payment FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_paymentmatch FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_receivable FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_sessionprice FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_tariffversion FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Nobody asks by what the lines of a price hold; gathering its statistics was most of ANALYZE.
ALTER TABLE billing_sessionprice ALTER COLUMN lines SET STATISTICS 0;
