"""The ledger: entries and rows that are only added to, sums that the database keeps, and months that are closed.

What happened before is booked afterwards, by background work (`billing.services.ledger.catch_up`).
"""

import django.db.models.deletion
import django.utils.timezone
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

WALLS = """
CREATE FUNCTION billing_month_is_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found date;
BEGIN
    SELECT c.month INTO found FROM (
        SELECT DISTINCT operator_id, date_trunc('month', booked_on)::date AS month FROM fresh
    ) f JOIN billing_closedmonth c USING (operator_id, month) LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'An entry in % is refused: the month is closed.', found USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_month_is_open() FROM PUBLIC;
CREATE TRIGGER month_is_open AFTER INSERT ON billing_ledgerentry REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION billing_month_is_open();

CREATE FUNCTION billing_balanced() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    SELECT f.entry_id INTO found FROM fresh f
        LEFT JOIN billing_ledgerentry e ON e.operator_id = f.operator_id AND e.id = f.entry_id
        GROUP BY f.entry_id
        HAVING sum(f.amount) <> 0 OR min(f.position) <> 1 OR max(f.position) <> count(*)
            OR bool_or(f.booked_on IS DISTINCT FROM e.booked_on)
        LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Entry % is refused: its rows are not whole, or do not come to nothing.', found
            USING ERRCODE = 'restrict_violation';
    END IF;
    INSERT INTO billing_ledgersum (operator_id, month, currency, use, account, vat_rate, debit, credit)
        SELECT f.operator_id, date_trunc('month', f.booked_on)::date, e.currency, f.use, f.account, f.vat_rate,
            sum(greatest(f.amount, 0)), sum(greatest(-f.amount, 0))
        FROM fresh f JOIN billing_ledgerentry e ON e.operator_id = f.operator_id AND e.id = f.entry_id
        GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        ON CONFLICT (operator_id, month, currency, use, account, vat_rate) DO UPDATE
        SET debit = billing_ledgersum.debit + excluded.debit, credit = billing_ledgersum.credit + excluded.credit;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_balanced() FROM PUBLIC;
CREATE TRIGGER whole_and_balanced AFTER INSERT ON billing_ledgerrow REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION billing_balanced();

CREATE TRIGGER sum_begins_with_rows BEFORE INSERT ON billing_ledgersum FOR EACH ROW
    WHEN (pg_trigger_depth() < 1 AND (new.debit <> 0 OR new.credit <> 0)) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER sum_follows BEFORE UPDATE ON billing_ledgersum FOR EACH ROW
    WHEN (pg_trigger_depth() < 1) EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER sum_stays BEFORE DELETE ON billing_ledgersum FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_ledgersum
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON billing_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON billing_ledgerrow
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON billing_bookedentry
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER final_month BEFORE DELETE ON billing_closedmonth FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER closed_as_it_was BEFORE UPDATE ON billing_closedmonth FOR EACH ROW
    WHEN ((old.operator_id, old.month, old.closed_at, old.figures)
        IS DISTINCT FROM (new.operator_id, new.month, new.closed_at, new.figures))
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_closedmonth
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
UNDO = """
DROP FUNCTION billing_month_is_open() CASCADE;
DROP FUNCTION billing_balanced() CASCADE;
DROP TRIGGER sum_begins_with_rows ON billing_ledgersum;
DROP TRIGGER sum_follows ON billing_ledgersum;
DROP TRIGGER sum_stays ON billing_ledgersum;
DROP TRIGGER never_emptied ON billing_ledgersum;
DROP TRIGGER append_only ON billing_ledgerentry;
DROP TRIGGER append_only ON billing_ledgerrow;
DROP TRIGGER append_only ON billing_bookedentry;
DROP TRIGGER final_month ON billing_closedmonth;
DROP TRIGGER closed_as_it_was ON billing_closedmonth;
DROP TRIGGER never_emptied ON billing_closedmonth;
"""


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0049_letters"),
        ("charging", "0020_baseline"),
        ("tenants", "0044_consent_papers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="export",
            name="payments",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="bookingaccount",
            name="use",
            field=models.CharField(
                choices=[
                    ("receivable", "receivables"),
                    ("sales_25", "sales at 25 % VAT"),
                    ("sales_12", "sales at 12 % VAT"),
                    ("sales_6", "sales at 6 % VAT"),
                    ("sales_0", "sales without VAT"),
                    ("sales_abroad", "sales at the VAT of another country"),
                    ("vat_25", "VAT at 25 %"),
                    ("vat_12", "VAT at 12 %"),
                    ("vat_6", "VAT at 6 %"),
                    ("vat_abroad", "VAT of another country"),
                    ("rounding", "rounding"),
                    ("bank", "money in the bank"),
                    ("unidentified", "payments whose purpose is not known yet"),
                    ("on_account", "money kept for payers"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("document", "document issued"),
                            ("payment", "payment received"),
                            ("match", "payment matched"),
                        ],
                        max_length=12,
                        verbose_name="what",
                    ),
                ),
                ("source", models.BigIntegerField()),
                ("event_on", models.DateField()),
                ("booked_on", models.DateField(verbose_name="booked")),
                ("currency", models.CharField(max_length=3)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "operator",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BookedEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "export",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.export",
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
                (
                    "entry",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="booked",
                        to="billing.ledgerentry",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="LedgerRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "use",
                    models.CharField(
                        choices=[
                            ("receivable", "receivables"),
                            ("sales_25", "sales at 25 % VAT"),
                            ("sales_12", "sales at 12 % VAT"),
                            ("sales_6", "sales at 6 % VAT"),
                            ("sales_0", "sales without VAT"),
                            ("sales_abroad", "sales at the VAT of another country"),
                            ("vat_25", "VAT at 25 %"),
                            ("vat_12", "VAT at 12 %"),
                            ("vat_6", "VAT at 6 %"),
                            ("vat_abroad", "VAT of another country"),
                            ("rounding", "rounding"),
                            ("bank", "money in the bank"),
                            ("unidentified", "payments whose purpose is not known yet"),
                            ("on_account", "money kept for payers"),
                        ],
                        max_length=12,
                    ),
                ),
                ("account", models.CharField(blank=True, max_length=10)),
                ("vat_rate", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ("booked_on", models.DateField()),
                ("amount", models.BigIntegerField()),
                (
                    "entry",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rows",
                        to="billing.ledgerentry",
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
                (
                    "site",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="charging.site",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="LedgerSum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "use",
                    models.CharField(
                        choices=[
                            ("receivable", "receivables"),
                            ("sales_25", "sales at 25 % VAT"),
                            ("sales_12", "sales at 12 % VAT"),
                            ("sales_6", "sales at 6 % VAT"),
                            ("sales_0", "sales without VAT"),
                            ("sales_abroad", "sales at the VAT of another country"),
                            ("vat_25", "VAT at 25 %"),
                            ("vat_12", "VAT at 12 %"),
                            ("vat_6", "VAT at 6 %"),
                            ("vat_abroad", "VAT of another country"),
                            ("rounding", "rounding"),
                            ("bank", "money in the bank"),
                            ("unidentified", "payments whose purpose is not known yet"),
                            ("on_account", "money kept for payers"),
                        ],
                        max_length=12,
                    ),
                ),
                ("account", models.CharField(blank=True, max_length=10)),
                ("vat_rate", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ("debit", models.BigIntegerField(default=0)),
                ("credit", models.BigIntegerField(default=0)),
                (
                    "operator",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="LedgerWork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("set_aside", "set aside"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=60)),
                ("error_facts", models.JSONField(blank=True, default=dict)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("reached", models.JSONField(default=dict)),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ClosedMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("closed_at", models.DateTimeField()),
                ("figures", models.JSONField(default=list)),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="closed_month_row_security"),
                    models.UniqueConstraint(fields=("operator", "month"), name="month_closed_once"),
                    models.CheckConstraint(condition=models.Q(("month__day", 1)), name="closed_month_first_day"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["operator", "booked_on", "id"], name="ledger_entry_by_day"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=tenants.rls.constraints.RowSecurity(name="ledger_entry_row_security"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="ledger_entry_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(fields=("operator", "kind", "source"), name="ledger_entry_once"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("booked_on__gte", models.F("event_on"))), name="ledger_entry_not_before_event"
            ),
        ),
        migrations.AddIndex(
            model_name="bookedentry",
            index=models.Index(fields=["operator", "export"], name="booked_entry_of_export"),
        ),
        migrations.AddConstraint(
            model_name="bookedentry",
            constraint=tenants.rls.constraints.RowSecurity(name="booked_entry_row_security"),
        ),
        migrations.AddConstraint(
            model_name="bookedentry",
            constraint=tenants.rls.constraints.SameOperatorInBulk(
                fields=("export", "entry"), name="booked_entry_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="bookedentry",
            constraint=models.UniqueConstraint(fields=("operator", "entry"), name="entry_booked_once"),
        ),
        migrations.AddIndex(
            model_name="ledgerrow",
            index=models.Index(fields=["operator", "use", "booked_on", "id"], name="ledger_row_of_use"),
        ),
        migrations.AddIndex(
            model_name="ledgerrow",
            index=models.Index(
                condition=models.Q(("site__isnull", False)), fields=["operator", "site"], name="ledger_row_of_site"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerrow",
            constraint=tenants.rls.constraints.RowSecurity(name="ledger_row_row_security"),
        ),
        migrations.AddConstraint(
            model_name="ledgerrow",
            constraint=tenants.rls.constraints.SameOperatorInBulk(
                fields=("entry", "site"), name="ledger_row_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerrow",
            constraint=models.UniqueConstraint(
                fields=("operator", "entry", "position"), name="ledger_row_position_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgersum",
            constraint=tenants.rls.constraints.RowSecurity(name="ledger_sum_row_security"),
        ),
        migrations.AddConstraint(
            model_name="ledgersum",
            constraint=models.UniqueConstraint(
                fields=("operator", "month", "currency", "use", "account", "vat_rate"),
                name="ledger_sum_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerwork",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=["operator", "id"],
                name="ledger_work_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerwork",
            constraint=tenants.rls.constraints.RowSecurity(name="ledger_work_row_security"),
        ),
        migrations.AddConstraint(
            model_name="ledgerwork",
            constraint=models.UniqueConstraint(fields=("operator",), name="ledger_work_once"),
        ),
        migrations.RunSQL(WALLS, UNDO),
    ]
