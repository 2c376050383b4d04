"""Payments, matches and entries are written with less work.

A payment, a match, an entry and an issued invoice are never deleted: what refers to one is proved by the trigger that
looks for it anyway, and does not lock it, which writes it anew. Rows of the ledger find their entries by constants,
planned each time, and are added up by day before they are by month. Indexes that nobody asks are gone.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

from tenants.migrations._at_once import DrawnOnce
from tenants.rls import SameOperatorInBulk

MATCHED = """
CREATE OR REPLACE FUNCTION billing_matched() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET enable_nestloop = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    operators bigint[];
    payments bigint[];
    invoices bigint[];
    undone bigint[];
    behind bigint[];
    found bigint;
BEGIN
    SELECT array_agg(DISTINCT operator_id), array_agg(DISTINCT payment_id), array_agg(DISTINCT invoice_id),
        array_agg(DISTINCT undoes_id)
        INTO operators, payments, invoices, undone FROM fresh;
    SELECT m.id INTO found FROM fresh m
        LEFT JOIN (SELECT * FROM billing_payment WHERE id = ANY(payments)) p
            ON p.operator_id = m.operator_id AND p.id = m.payment_id
        LEFT JOIN (
            SELECT * FROM billing_receivable WHERE operator_id = ANY(operators) AND invoice_id = ANY(invoices)
        ) r ON r.operator_id = m.operator_id AND r.invoice_id = m.invoice_id
        LEFT JOIN (SELECT * FROM billing_invoice WHERE id = ANY(invoices)) i
            ON i.operator_id = m.operator_id AND i.id = m.invoice_id
        LEFT JOIN (SELECT * FROM billing_paymentmatch WHERE id = ANY(undone)) u
            ON u.operator_id = m.operator_id AND u.id = m.undoes_id
        WHERE p.id IS NULL OR m.invoice_id IS NOT NULL AND (i.state, r.currency, r.account_id)
                IS DISTINCT FROM ('issued', p.currency, m.account_id)
            OR m.undoes_id IS NULL AND sign(m.amount) <> sign(p.amount)
            OR m.undoes_id IS NOT NULL AND (
                u.undoes_id IS NOT NULL
                OR (u.payment_id, u.invoice_id, u.account_id, u.purpose, -u.amount)
                    IS DISTINCT FROM (m.payment_id, m.invoice_id, m.account_id, m.purpose, m.amount))
        LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION
            'Match % is refused: it is of another payment, account, currency or sign, or undoes something else.', found
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT array_agg(p.id) INTO behind FROM (SELECT * FROM billing_payment WHERE id = ANY(payments)) p
        JOIN (SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM billing_paymentmatch
            WHERE operator_id = ANY(operators) AND payment_id = ANY(payments) GROUP BY 1, 2) s
            ON s.operator_id = p.operator_id AND s.payment_id = p.id
        WHERE p.rest <> p.amount - s.amount;
    IF behind IS NOT NULL THEN
        -- What somebody else has matched meanwhile is seen once their turn with the payment is over, and not before.
        PERFORM 1 FROM billing_payment p WHERE p.id = ANY(behind) ORDER BY p.id FOR NO KEY UPDATE;
        UPDATE billing_payment p SET rest = p.amount - s.amount
            FROM (SELECT operator_id, payment_id, sum(amount)::bigint AS amount FROM billing_paymentmatch
                WHERE operator_id = ANY(operators) AND payment_id = ANY(behind) GROUP BY 1, 2) s
            WHERE p.operator_id = s.operator_id AND p.id = s.payment_id AND p.id = ANY(behind);
    END IF;
    UPDATE billing_receivable r SET paid = r.paid + s.amount, rest = r.rest - s.amount
        FROM (SELECT operator_id, invoice_id, sum(amount)::bigint AS amount FROM fresh GROUP BY 1, 2) s
        WHERE r.operator_id = s.operator_id AND r.invoice_id = s.invoice_id AND s.amount <> 0
            AND r.operator_id = ANY(operators) AND r.invoice_id = ANY(invoices);
    RETURN NULL;
END $$;
"""
BALANCED = """
CREATE OR REPLACE FUNCTION billing_balanced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp
    SET enable_nestloop = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    entries bigint[];
    found bigint;
BEGIN
    SELECT array_agg(DISTINCT entry_id) INTO entries FROM fresh;
    SELECT f.entry_id INTO found FROM (
            SELECT operator_id, entry_id, sum(amount) AS amount, min(position) AS first, max(position) AS last,
                count(*) AS rows, min(booked_on) AS since, max(booked_on) AS until
            FROM fresh GROUP BY 1, 2
        ) f
        LEFT JOIN (SELECT * FROM billing_ledgerentry WHERE id = ANY(entries)) e
            ON e.operator_id = f.operator_id AND e.id = f.entry_id
        WHERE f.amount <> 0 OR f.first <> 1 OR f.last <> f.rows
            OR f.since IS DISTINCT FROM e.booked_on OR f.until IS DISTINCT FROM e.booked_on
        LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Entry % is refused: its rows are not whole, or do not come to nothing.', found
            USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO billing_ledgersum (operator_id, month, currency, use, account, vat_rate, country, debit, credit)
        SELECT operator_id, date_trunc('month', booked_on)::date, currency, use, account, vat_rate, country,
            sum(debit), sum(credit)
        FROM (
            SELECT f.operator_id, f.booked_on, e.currency, f.use, f.account, f.vat_rate, f.country,
                sum(greatest(f.amount, 0)) AS debit, sum(greatest(-f.amount, 0)) AS credit
            FROM fresh f
            JOIN (SELECT * FROM billing_ledgerentry WHERE id = ANY(entries)) e
                ON e.operator_id = f.operator_id AND e.id = f.entry_id
            GROUP BY 1, 2, 3, 4, 5, 6, 7
        ) days
        GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
        ON CONFLICT (operator_id, month, currency, use, account, vat_rate, country) DO UPDATE
        SET debit = billing_ledgersum.debit + excluded.debit, credit = billing_ledgersum.credit + excluded.credit;
    RETURN NULL;
END $$;
"""


def _operator() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(
        db_constraint=False,
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="tenants.operator",
    )


def _person() -> models.ForeignKey:  # type: ignore[type-arg]
    return models.ForeignKey(
        db_index=False,
        null=True,
        on_delete=django.db.models.deletion.SET_NULL,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
    )


#: By model: what its references are called, which there are, and which of them another trigger proves.
WALLS = {
    "paymentmatch": (
        "payment_match_same_operator",
        ("payment", "account", "invoice", "undoes"),
        ("payment", "invoice", "undoes"),
    ),
    "ledgerrow": ("ledger_row_same_operator", ("entry", "site"), ("entry",)),
}


class Migration(DrawnOnce):
    dependencies = [("billing", "0090_billed_by_session")]

    operations = [
        migrations.RemoveConstraint("payment", "payment_of_operator"),
        migrations.RemoveConstraint("paymentmatch", "payment_match_of_operator"),
        migrations.RemoveConstraint("ledgerentry", "ledger_entry_of_operator"),
        *(migrations.RemoveConstraint(model, name) for model, (name, _, _) in WALLS.items()),
        migrations.AlterField("payment", "operator", _operator()),
        migrations.AlterField("payment", "recorded_by", _person()),
        migrations.AlterField("paymentmatch", "operator", _operator()),
        migrations.AlterField("paymentmatch", "made_by", _person()),
        migrations.AddIndex(
            "payment",
            models.Index(condition=Q(recorded_by__isnull=False), fields=["recorded_by"], name="payment_recorded_by"),
        ),
        migrations.AddIndex(
            "paymentmatch",
            models.Index(condition=Q(made_by__isnull=False), fields=["made_by"], name="payment_match_made_by"),
        ),
        *(
            migrations.AddConstraint(model, SameOperatorInBulk(fields=fields, name=name, proved=proved))
            for model, (name, fields, proved) in WALLS.items()
        ),
        migrations.RunSQL(MATCHED + BALANCED, migrations.RunSQL.noop),
    ]
