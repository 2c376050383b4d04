"""Fees of accounts, what was charged of them, and invoice lines that are no session's.

No row is written: the columns begin empty, and the check on lines asks only what is written from now on. Old lines all
have a session, which the column itself held until here.
"""

from typing import ClassVar

import django.contrib.postgres.constraints
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Func, Q, Value

import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping

# Spelled out here, as a migration keeps what it did (`tenants.rls.DEFINER` says why).
DEFINER = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

ISSUING = f"""
CREATE OR REPLACE FUNCTION billing_issued_rightly() RETURNS trigger {DEFINER} AS $$
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
"""  # noqa: S608  # constants
# What was charged of a fee comes and goes with a draft, and is final once that is issued.
FINAL = """
CREATE TRIGGER parts_added AFTER INSERT ON billing_billedfee REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_changed AFTER UPDATE ON billing_billedfee REFERENCING OLD TABLE AS gone NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON billing_billedfee REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION billing_parts_are_final();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_billedfee
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
# Of a fee only the end may change, and not to before what was charged.
AGREED = f"""
CREATE FUNCTION billing_fee_stays() RETURNS trigger {DEFINER} AS $$
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
"""  # noqa: S608  # constants


def _one(field: str) -> Func:
    number = Func(F(field), Value(0), function="coalesce")
    return Func(number, number, Value("[]"), function="int8range")


def _owned(to: str, related_name: str, *, null: bool = False, cascades: bool = False) -> models.ForeignKey:
    return tenants.scoping.OwnedForeignKey(
        db_constraint=False,
        db_index=False,
        null=null,
        on_delete=django.db.models.deletion.CASCADE if cascades else django.db.models.deletion.PROTECT,
        related_name=related_name,
        to=to,
    )


def _operator() -> models.ForeignKey:
    return models.ForeignKey(
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="tenants.operator",
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("billing", "0026_simulation"),
        ("charging", "0017_stations_connect"),
        ("tenants", "0025_every_driver_has_an_account"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Fee",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("monthly", "every month"),
                            ("yearly", "every year"),
                            ("once", "once"),
                            ("credit", "credit"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "per",
                    models.CharField(
                        choices=[("account", "payer"), ("driver", "driver"), ("card", "card")],
                        default="account",
                        max_length=7,
                        verbose_name="per",
                    ),
                ),
                ("text", models.CharField(max_length=100, verbose_name="text on the invoice")),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "price",
                    models.DecimalField(
                        decimal_places=2,
                        max_digits=10,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="price",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("tax_included", models.BooleanField(default=False, verbose_name="the price includes VAT")),
                ("vat_country", models.CharField(blank=True, max_length=2)),
                (
                    "vat_rate",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="VAT rate"),
                ),
                ("booking_account", models.CharField(blank=True, max_length=10, verbose_name="booking account")),
                ("since", models.DateField(verbose_name="from")),
                ("until", models.DateField(blank=True, null=True, verbose_name="to")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("account", _owned("tenants.account", "fees")),
                ("operator", _operator()),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["operator", "account"], name="fee_of_account"),
                    models.Index(fields=["operator", "-since", "-id"], name="fee_newest"),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="fee_row_security"),
                    models.UniqueConstraint(fields=("operator", "id"), name="fee_of_operator"),
                    tenants.rls.constraints.SameOperator(field="account", name="fee_account_same_operator"),
                    models.CheckConstraint(condition=Q(("price__gt", 0)), name="fee_price_positive"),
                    models.CheckConstraint(condition=Q(("until__gte", F("since"))), name="fee_until_not_before_since"),
                    models.CheckConstraint(
                        condition=Q(("vat_country", ""), ("vat_rate__isnull", True), _connector="OR"),
                        name="fee_one_source_of_its_rate",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ("kind__in", ["monthly", "yearly"]),
                            Q(("per", "account"), ("until__isnull", True)),
                            _connector="OR",
                        ),
                        name="fee_once_is_the_accounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BilledFee",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("text", models.CharField(max_length=100)),
                ("booking_account", models.CharField(blank=True, max_length=10)),
                ("driver", _owned("tenants.driver", "+", null=True)),
                ("fee", _owned("billing.fee", "billings")),
                ("invoice", _owned("billing.invoice", "billed_fees", cascades=True)),
                ("operator", _operator()),
                ("token", _owned("charging.token", "+", null=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["operator", "fee", "first_day"], name="billed_fee_of_fee"),
                    models.Index(fields=["operator", "invoice"], name="billed_fee_of_invoice"),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="billed_fee_row_security"),
                    models.UniqueConstraint(fields=("operator", "id"), name="billed_fee_of_operator"),
                    tenants.rls.constraints.SameOperatorInBulk(
                        fields=("fee", "invoice", "driver", "token"), name="billed_fee_same_operator"
                    ),
                    models.CheckConstraint(condition=Q(("last_day__gte", F("first_day"))), name="billed_fee_has_days"),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            (_one("fee_id"), "&&"),
                            (_one("driver_id"), "&&"),
                            (_one("token_id"), "&&"),
                            (Func(F("first_day"), F("last_day"), Value("[]"), function="daterange"), "&&"),
                        ],
                        name="fee_billed_once_a_day",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="invoiceline",
            name="session",
            field=_owned("charging.chargingsession", "invoice_lines", null=True),
        ),
        migrations.AlterField(
            model_name="invoiceline",
            name="tariff_version",
            field=_owned("billing.tariffversion", "+", null=True),
        ),
        migrations.RemoveConstraint(model_name="invoiceline", name="invoice_line_same_operator"),
        migrations.AddField(
            model_name="invoiceline",
            name="fee",
            field=_owned("billing.billedfee", "lines", null=True),
        ),
        migrations.AddConstraint(
            model_name="invoiceline",
            constraint=tenants.rls.constraints.SameOperatorInBulk(
                fields=("invoice", "session", "tariff_version", "fee"), name="invoice_line_same_operator"
            ),
        ),
        AddConstraintNotValid(
            model_name="invoiceline",
            constraint=models.CheckConstraint(
                condition=Q(
                    Q(("fee__isnull", True), ("session__isnull", False), ("tariff_version__isnull", False)),
                    Q(("fee__isnull", False), ("session__isnull", True), ("tariff_version__isnull", True)),
                    _connector="OR",
                ),
                name="invoice_line_of_session_or_fee",
            ),
        ),
        migrations.RunSQL(ISSUING + FINAL + AGREED),
    ]
