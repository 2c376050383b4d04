"""What of an issued invoice is disputed is an amount: what stands on it of sessions and fees that somebody disputes.

It was worked out by every list, as a yes or no; now the database keeps it beside what is open, as disputes are raised
and answered, invoices issued and credited. A fee on an invoice can be disputed by itself, and a reminder keeps what it
did not ask for.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import tenants.rls.constraints
import tenants.scoping
from tenants.migrations._at_once import DrawnOnce

COINS = """(CASE
    WHEN {0} IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF',
        'XOF', 'XPF') THEN 1
    WHEN {0} IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000 ELSE 100 END)"""
#: What the open disputes are about, by number: what else is read is read by these, whatever the planner expects.
LOOKED = """
    SELECT array_agg(d.session_id) FILTER (WHERE d.session_id IS NOT NULL),
        array_agg(d.fee_id) FILTER (WHERE d.fee_id IS NOT NULL)
        INTO sessions, fees FROM billing_dispute d WHERE d.operator_id = ANY(operators) AND d.state = 'open';"""
#: The open disputes, and the invoice that each is about.
STANDING = """
        SELECT d.id, d.operator_id, coalesce(d.invoice_id, f.invoice_id, b.invoice_id) AS invoice_id, d.session_id,
            d.fee_id, f.first_day
        FROM billing_dispute d
        LEFT JOIN (SELECT * FROM billing_billedfee WHERE id = ANY(fees)) f
            ON f.operator_id = d.operator_id AND f.id = d.fee_id
        LEFT JOIN (SELECT * FROM billing_billedsession WHERE session_id = ANY(sessions) AND released_by_id IS NULL) b
            ON b.operator_id = d.operator_id AND b.session_id = d.session_id
        WHERE d.operator_id = ANY(operators) AND d.state = 'open'"""
WALLS = f"""
CREATE FUNCTION billing_disputed_again(operators bigint[], invoices bigint[]) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_nestloop = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    sessions bigint[];
    fees bigint[];
    touched bigint[];
BEGIN{LOOKED}
    SELECT array_agg(DISTINCT invoice_id) INTO touched FROM (
        SELECT s.invoice_id FROM ({STANDING}) s WHERE s.invoice_id = ANY(invoices)
        UNION ALL
        SELECT r.invoice_id FROM billing_receivable r
        WHERE r.operator_id = ANY(operators) AND r.disputed <> 0 AND r.invoice_id = ANY(invoices)
    ) found;
    IF touched IS NULL THEN
        RETURN;
    END IF;
    -- What somebody else disputes or credits meanwhile is seen once their turn with the invoice is over.
    PERFORM 1 FROM billing_receivable r WHERE r.operator_id = ANY(operators) AND r.invoice_id = ANY(touched)
        ORDER BY r.invoice_id FOR NO KEY UPDATE;{LOOKED}
    SELECT array_agg(s.session_id) FILTER (WHERE s.session_id IS NOT NULL),
        array_agg(s.fee_id) FILTER (WHERE s.fee_id IS NOT NULL)
        INTO sessions, fees FROM ({STANDING}) s WHERE s.invoice_id = ANY(touched);
    WITH standing AS MATERIALIZED (SELECT * FROM ({STANDING}) s WHERE s.invoice_id = ANY(touched)),
    documents AS MATERIALIZED (
        SELECT operator_id, id, id AS invoice_id FROM billing_invoice
        WHERE operator_id = ANY(operators) AND id = ANY(touched)
        UNION ALL
        SELECT operator_id, id, credits_id FROM billing_invoice
        WHERE operator_id = ANY(operators) AND credits_id = ANY(touched) AND state = 'issued'
    ),
    discounts AS MATERIALIZED (
        SELECT c.invoice_id, c.percent, c.first_day, c.last_day, (SELECT f.taken_off FROM billing_fee f
            WHERE f.operator_id = c.operator_id AND f.id = c.fee_id) AS taken_off
        FROM billing_billedfee c
        WHERE c.operator_id = ANY(operators) AND c.invoice_id = ANY(touched) AND c.percent IS NOT NULL
    ),
    lines AS (
        SELECT s.id, s.invoice_id, l.component, l.vat_rate, l.amount_excl_vat, l.amount_incl_vat,
            (c.started_at AT TIME ZONE o.time_zone)::date AS day
        FROM standing s
        JOIN (SELECT * FROM billing_invoiceline WHERE session_id = ANY(sessions)) l
            ON l.operator_id = s.operator_id AND l.session_id = s.session_id
        JOIN documents d ON d.operator_id = l.operator_id AND d.id = l.invoice_id AND d.invoice_id = s.invoice_id
        JOIN (SELECT * FROM charging_chargingsession WHERE id = ANY(sessions)) c
            ON c.operator_id = s.operator_id AND c.id = s.session_id
        JOIN tenants_operator o ON o.id = s.operator_id
        UNION ALL
        SELECT s.id, s.invoice_id, l.component, l.vat_rate, l.amount_excl_vat, l.amount_incl_vat, s.first_day
        FROM standing s
        JOIN (SELECT * FROM billing_invoiceline WHERE operator_id = ANY(operators) AND fee_id = ANY(fees)) l
            ON l.operator_id = s.operator_id AND l.fee_id = s.fee_id
        JOIN documents d ON d.operator_id = l.operator_id AND d.id = l.invoice_id AND d.invoice_id = s.invoice_id
    ),
    -- A percentage of energy is of what a session's energy comes to, at most what all of it at the rate does.
    grouped AS (
        SELECT id, invoice_id, day, sum(amount) AS whole,
            coalesce(sum(amount) FILTER (WHERE component = 'ENERGY'), 0) AS energy
        FROM (
            SELECT *, coalesce(amount_incl_vat, amount_excl_vat * (1 + coalesce(vat_rate, 0) / 100)) AS amount
            FROM lines
        ) told GROUP BY id, invoice_id, day, vat_rate, amount_incl_vat IS NULL
    ),
    amounts AS (
        SELECT id, invoice_id, greatest(0, sum(whole - coalesce((
            SELECT sum(c.percent / 100 * CASE c.taken_off WHEN 'energy' THEN greatest(0, least(g.energy, g.whole))
                ELSE g.whole END)
            FROM discounts c WHERE c.invoice_id = g.invoice_id AND g.day BETWEEN c.first_day AND c.last_day), 0))) AS amount
        FROM grouped g GROUP BY 1, 2
    ),
    parts AS (
        SELECT invoice_id, bool_or(is_whole) AS is_whole, sum(amount) AS amount FROM (
            SELECT invoice_id, session_id IS NULL AND fee_id IS NULL AS is_whole, 0 AS amount FROM standing
            UNION ALL
            SELECT invoice_id, false, amount FROM amounts
        ) each GROUP BY 1
    )
    UPDATE billing_receivable r SET disputed = n.disputed
    FROM (
        SELECT q.id, greatest(0, CASE
            WHEN is_whole OR coins > 0 AND due - credited - coins < {COINS.format("currency")} THEN due
            ELSE coins END) AS disputed
        FROM (
            SELECT r.id, r.due, r.credited, r.currency, coalesce(p.is_whole, false) AS is_whole,
                coalesce(round(p.amount * {COINS.format("r.currency")}), 0)::bigint AS coins
            FROM billing_receivable r LEFT JOIN parts p ON p.invoice_id = r.invoice_id
            WHERE r.operator_id = ANY(operators) AND r.invoice_id = ANY(touched)
        ) q
    ) n
    WHERE r.id = n.id AND r.disputed <> n.disputed AND r.operator_id = ANY(operators) AND r.invoice_id = ANY(touched);
END $$;
REVOKE ALL ON FUNCTION billing_disputed_again(bigint[], bigint[]) FROM PUBLIC;

CREATE FUNCTION billing_dispute_counts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said billing_dispute;
    invoices bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN said := OLD; ELSE said := NEW; END IF;
    SELECT array_agg(invoice_id) INTO invoices FROM (
        SELECT said.invoice_id WHERE said.invoice_id IS NOT NULL
        UNION ALL
        SELECT f.invoice_id FROM billing_billedfee f WHERE f.operator_id = said.operator_id AND f.id = said.fee_id
        UNION ALL
        SELECT b.invoice_id FROM billing_billedsession b WHERE b.operator_id = said.operator_id
            AND b.session_id = said.session_id AND b.released_by_id IS NULL
    ) found;
    -- Whoever issues a draft of it meanwhile is awaited, or waits and then sees this.
    PERFORM 1 FROM billing_invoice i WHERE i.operator_id = said.operator_id AND i.id = ANY(invoices)
        AND i.state = 'draft' FOR SHARE;
    PERFORM billing_disputed_again(ARRAY[said.operator_id], invoices);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_dispute_counts() FROM PUBLIC;
CREATE TRIGGER dispute_raised AFTER INSERT ON billing_dispute FOR EACH ROW
    WHEN (new.state = 'open') EXECUTE FUNCTION billing_dispute_counts();
CREATE TRIGGER dispute_closed AFTER UPDATE ON billing_dispute FOR EACH ROW
    WHEN (old.state <> new.state) EXECUTE FUNCTION billing_dispute_counts();
CREATE TRIGGER dispute_forgotten AFTER DELETE ON billing_dispute FOR EACH ROW
    WHEN (old.state = 'open') EXECUTE FUNCTION billing_dispute_counts();

CREATE OR REPLACE FUNCTION billing_issued_is_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO billing_receivable (operator_id, invoice_id, account_id, currency, due_on, due, credited, paid, rest)
    SELECT operator_id, id, account_id, currency, due_on, amount_due * {COINS.format("currency")}, 0, 0,
        amount_due * {COINS.format("currency")}
    FROM fresh WHERE state = 'issued' AND kind = 'invoice';
    UPDATE billing_receivable r SET credited = r.credited + n.credited, rest = r.rest - n.credited
    FROM (
        SELECT operator_id, credits_id, -sum(amount_due * {COINS.format("currency")})::bigint AS credited
        FROM fresh WHERE state = 'issued' AND kind = 'credit_note' GROUP BY 1, 2
    ) n WHERE r.operator_id = n.operator_id AND r.invoice_id = n.credits_id;
    PERFORM billing_disputed_again(array_agg(DISTINCT operator_id), array_agg(DISTINCT coalesce(credits_id, id)))
        FROM fresh WHERE state = 'issued';
    RETURN NULL;
END $$;
"""  # noqa: S608  # constants
#: What is disputed already. Only the database's own triggers may change the rows otherwise.
NOW = """
ALTER TABLE billing_receivable DISABLE TRIGGER receivable_follows;
SELECT billing_disputed_again(array_agg(DISTINCT d.operator_id), array_agg(DISTINCT coalesce(d.invoice_id, b.invoice_id)))
FROM billing_dispute d
LEFT JOIN billing_billedsession b
    ON b.operator_id = d.operator_id AND b.session_id = d.session_id AND b.released_by_id IS NULL
WHERE d.state = 'open';
ALTER TABLE billing_receivable ENABLE TRIGGER receivable_follows;
"""


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0110_differences_of_sessions"),
        ("charging", "0060_charges_without_a_name_have_a_beginning"),
        ("tenants", "0070_groups_by_day"),
    ]

    operations = [
        migrations.RemoveConstraint("dispute", "dispute_same_operator"),
        migrations.RemoveConstraint("dispute", "dispute_of_session_or_invoice"),
        migrations.RemoveIndex("receivable", "receivable_open"),
        migrations.AddField(
            "dispute",
            "fee",
            tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="disputes",
                to="billing.billedfee",
            ),
        ),
        migrations.AddField(
            "receivable",
            "disputed",
            models.BigIntegerField(db_default=0, default=0, verbose_name="disputed of that"),
        ),
        migrations.AddField(
            "reminder",
            "disputed",
            models.BigIntegerField(db_default=0, default=0, verbose_name="disputed then"),
        ),
        migrations.AddIndex(
            "dispute",
            models.Index(fields=["operator", "fee"], name="dispute_by_fee", condition=Q(fee__isnull=False)),
        ),
        migrations.AddIndex(
            "receivable",
            models.Index(
                fields=["operator", "due_on", "account", "currency", "rest", "disputed"],
                name="receivable_owed",
                condition=~Q(rest=0),
            ),
        ),
        migrations.AddIndex(
            "receivable",
            models.Index(fields=["operator", "invoice"], name="receivable_disputed", condition=~Q(disputed=0)),
        ),
        migrations.AddConstraint(
            "dispute",
            tenants.rls.constraints.SameOperatorInBulk(
                fields=("account", "driver", "session", "invoice", "fee"), name="dispute_same_operator"
            ),
        ),
        migrations.AddConstraint(
            "dispute",
            models.CheckConstraint(
                condition=Q(session__isnull=False, invoice__isnull=True, fee__isnull=True)
                | Q(session__isnull=True, invoice__isnull=False, fee__isnull=True)
                | Q(session__isnull=True, invoice__isnull=True, fee__isnull=False),
                name="dispute_of_one_thing",
            ),
        ),
        migrations.AddConstraint(
            "dispute",
            models.UniqueConstraint(fields=["operator", "fee"], condition=Q(state="open"), name="dispute_of_fee_once"),
        ),
        migrations.AddConstraint(
            "receivable",
            models.CheckConstraint(condition=Q(disputed__gte=0), name="receivable_disputed_not_negative"),
        ),
        migrations.AddConstraint(
            "reminder",
            models.CheckConstraint(
                condition=Q(disputed=0) | Q(what="reminder", disputed__gt=0, disputed__lt=F("rest")),
                name="reminder_asks_for_something",
            ),
        ),
        migrations.RunSQL(WALLS),
        migrations.RunSQL(NOW, migrations.RunSQL.noop),
    ]
