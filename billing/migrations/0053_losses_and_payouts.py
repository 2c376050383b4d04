"""What is given up of invoices, what hosts were paid, and the uses these have in the ledger."""

import django.db.models.deletion
import django.db.models.expressions
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

WALLS = """
CREATE FUNCTION billing_written_off() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    fault text;
BEGIN
    SELECT CASE
        WHEN i.id IS NULL OR a.id IS NULL OR NEW.undoes_id IS NOT NULL AND u.id IS NULL THEN NULL  -- the reference tells
        WHEN r.id IS NULL OR r.account_id <> a.id THEN 'it is of no issued invoice of the account'
        WHEN NEW.undoes_id IS NULL AND NEW.amount > r.rest THEN 'more than is open of the invoice'
        WHEN NEW.undoes_id IS NOT NULL AND (u.undoes_id IS NOT NULL
            OR (u.invoice_id, -u.amount, u.lowers_vat) IS DISTINCT FROM (NEW.invoice_id, NEW.amount, NEW.lowers_vat))
        THEN 'it undoes something else'
        WHEN NEW.amount IS DISTINCT FROM (SELECT sum(p.net + p.vat)
            FROM jsonb_to_recordset(NEW.parts) AS p (net bigint, vat bigint)) THEN 'its parts are not its amount'
        END INTO fault
        FROM (SELECT 1) one
        LEFT JOIN billing_invoice i ON i.operator_id = NEW.operator_id AND i.id = NEW.invoice_id
        LEFT JOIN tenants_account a ON a.operator_id = NEW.operator_id AND a.id = NEW.account_id
        LEFT JOIN billing_receivable r ON r.operator_id = NEW.operator_id AND r.invoice_id = NEW.invoice_id
        LEFT JOIN billing_writeoff u ON u.operator_id = NEW.operator_id AND u.id = NEW.undoes_id;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'Write-off % is refused: %.', NEW.id, fault USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE billing_receivable r SET written_off = r.written_off + NEW.amount, rest = r.rest - NEW.amount
        WHERE r.operator_id = NEW.operator_id AND r.invoice_id = NEW.invoice_id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_written_off() FROM PUBLIC;
CREATE TRIGGER what_is_left AFTER INSERT ON billing_writeoff FOR EACH ROW EXECUTE FUNCTION billing_written_off();
CREATE TRIGGER final_write_off_changed BEFORE UPDATE ON billing_writeoff FOR EACH ROW
    WHEN (NOT (new.made_by_id IS NULL AND to_jsonb(new.*) - 'made_by_id' = to_jsonb(old.*) - 'made_by_id'))
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_write_off_deleted BEFORE DELETE ON billing_writeoff FOR EACH ROW
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_writeoff
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- A statement is paid wholly, and once: what takes a payout back is its opposite.
CREATE FUNCTION billing_paid_out() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    fault text;
BEGIN
    PERFORM 1 FROM billing_hoststatement h WHERE h.operator_id = NEW.operator_id AND h.id = NEW.statement_id FOR SHARE;
    SELECT CASE
        WHEN h.id IS NULL OR NEW.undoes_id IS NOT NULL AND u.id IS NULL THEN NULL  -- the reference tells
        WHEN h.state <> 'closed' THEN 'its statement is not closed'
        WHEN NEW.undoes_id IS NOT NULL AND (u.undoes_id IS NOT NULL
            OR (u.statement_id, -u.amount) IS DISTINCT FROM (NEW.statement_id, NEW.amount))
        THEN 'it undoes something else'
        WHEN (SELECT sum(p.amount) FROM billing_hostpayout p
            WHERE p.operator_id = NEW.operator_id AND p.statement_id = NEW.statement_id)
            NOT IN (0, h.total * (CASE
            WHEN h.currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV',
                'XAF', 'XOF', 'XPF') THEN 1
            WHEN h.currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000 ELSE 100 END)) THEN 'it is not just what the statement owes'
        END INTO fault
        FROM (SELECT 1) one
        LEFT JOIN billing_hoststatement h ON h.operator_id = NEW.operator_id AND h.id = NEW.statement_id
        LEFT JOIN billing_hostpayout u ON u.operator_id = NEW.operator_id AND u.id = NEW.undoes_id;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'Payout % is refused: %.', NEW.id, fault USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_paid_out() FROM PUBLIC;
CREATE TRIGGER just_what_is_owed AFTER INSERT ON billing_hostpayout FOR EACH ROW EXECUTE FUNCTION billing_paid_out();
CREATE TRIGGER final_payout_changed BEFORE UPDATE ON billing_hostpayout FOR EACH ROW
    WHEN (NOT (new.recorded_by_id IS NULL
        AND to_jsonb(new.*) - 'recorded_by_id' = to_jsonb(old.*) - 'recorded_by_id'))
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_payout_deleted BEFORE DELETE ON billing_hostpayout FOR EACH ROW
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_hostpayout
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
UNDO = """
DROP FUNCTION billing_written_off() CASCADE;
DROP FUNCTION billing_paid_out() CASCADE;
DROP TRIGGER final_write_off_changed ON billing_writeoff;
DROP TRIGGER final_write_off_deleted ON billing_writeoff;
DROP TRIGGER never_emptied ON billing_writeoff;
DROP TRIGGER final_payout_changed ON billing_hostpayout;
DROP TRIGGER final_payout_deleted ON billing_hostpayout;
DROP TRIGGER never_emptied ON billing_hostpayout;
"""


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0052_exports_of_any_days"),
        ("tenants", "0051_names_in_clear_are_gone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HostPayout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                ("paid_on", models.DateField(verbose_name="paid")),
                ("text", models.CharField(blank=True, max_length=300, verbose_name="note")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="WriteOff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                ("parts", models.JSONField(default=list)),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("bankruptcy", "the payer is bankrupt"),
                            ("enforcement", "enforcement found nothing to take"),
                            ("composition", "a composition or debt relief leaves it unpaid"),
                            ("barred", "the claim is time-barred"),
                            ("not_worth", "collecting it costs more than it is"),
                            ("waived", "it is waived"),
                        ],
                        max_length=12,
                        verbose_name="why",
                    ),
                ),
                ("lowers_vat", models.BooleanField(default=False)),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("happened_on", models.DateField(verbose_name="given up on")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.RemoveConstraint(
            model_name="receivable",
            name="receivable_rest_adds_up",
        ),
        migrations.AddField(
            model_name="billedfee",
            name="late",
            field=models.CharField(
                blank=True,
                choices=[("late_costs", "fee for paying late"), ("interest", "late interest")],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="receivable",
            name="written_off",
            field=models.BigIntegerField(db_default=0, default=0),
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
                    ("late_costs", "fees for paying late"),
                    ("interest", "late interest"),
                    ("loss", "receivables lost for certain, without VAT"),
                    ("loss_feared", "receivables given up otherwise"),
                    ("host_share", "what hosts earn"),
                    ("host_debt", "what is to be paid to hosts"),
                    ("host_carried", "what hosts earned and carry over"),
                    ("input_vat", "VAT of self-billed statements"),
                    ("input_later", "VAT of hosts whose own invoice is awaited"),
                    ("bank", "money in the bank"),
                    ("unidentified", "payments whose purpose is not known yet"),
                    ("on_account", "money kept for payers"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("document", "document issued"),
                    ("payment", "payment received"),
                    ("match", "payment matched"),
                    ("write_off", "receivable given up"),
                    ("statement", "host's statement"),
                    ("payout", "paid to a host"),
                ],
                max_length=12,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="ledgerrow",
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
                    ("late_costs", "fees for paying late"),
                    ("interest", "late interest"),
                    ("loss", "receivables lost for certain, without VAT"),
                    ("loss_feared", "receivables given up otherwise"),
                    ("host_share", "what hosts earn"),
                    ("host_debt", "what is to be paid to hosts"),
                    ("host_carried", "what hosts earned and carry over"),
                    ("input_vat", "VAT of self-billed statements"),
                    ("input_later", "VAT of hosts whose own invoice is awaited"),
                    ("bank", "money in the bank"),
                    ("unidentified", "payments whose purpose is not known yet"),
                    ("on_account", "money kept for payers"),
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="ledgersum",
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
                    ("late_costs", "fees for paying late"),
                    ("interest", "late interest"),
                    ("loss", "receivables lost for certain, without VAT"),
                    ("loss_feared", "receivables given up otherwise"),
                    ("host_share", "what hosts earn"),
                    ("host_debt", "what is to be paid to hosts"),
                    ("host_carried", "what hosts earned and carry over"),
                    ("input_vat", "VAT of self-billed statements"),
                    ("input_later", "VAT of hosts whose own invoice is awaited"),
                    ("bank", "money in the bank"),
                    ("unidentified", "payments whose purpose is not known yet"),
                    ("on_account", "money kept for payers"),
                ],
                max_length=12,
            ),
        ),
        # True of every row: nothing is written off yet, and the older constraint held. It is proved afterwards.
        AddConstraintNotValid(
            model_name="receivable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "rest",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("due"), "-", models.F("credited")
                                ),
                                "-",
                                models.F("paid"),
                            ),
                            "-",
                            models.F("written_off"),
                        ),
                    )
                ),
                name="receivable_rest_adds_up",
            ),
        ),
        migrations.AddField(
            model_name="hostpayout",
            name="operator",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.operator",
            ),
        ),
        migrations.AddField(
            model_name="hostpayout",
            name="recorded_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="hostpayout",
            name="statement",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payouts",
                to="billing.hoststatement",
            ),
        ),
        migrations.AddField(
            model_name="hostpayout",
            name="undoes",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="billing.hostpayout",
            ),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="account",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.account",
            ),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="invoice",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="write_offs",
                to="billing.invoice",
            ),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="made_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="operator",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.operator",
            ),
        ),
        migrations.AddField(
            model_name="writeoff",
            name="undoes",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="undone_by",
                to="billing.writeoff",
            ),
        ),
        migrations.AddIndex(
            model_name="hostpayout",
            index=models.Index(fields=["operator", "statement"], name="host_payout_of_statement"),
        ),
        migrations.AddIndex(
            model_name="hostpayout",
            index=models.Index(fields=["operator", "paid_on"], name="host_payout_by_day"),
        ),
        migrations.AddConstraint(
            model_name="hostpayout",
            constraint=tenants.rls.constraints.RowSecurity(name="host_payout_row_security"),
        ),
        migrations.AddConstraint(
            model_name="hostpayout",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="host_payout_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="hostpayout",
            constraint=tenants.rls.constraints.SameOperator(
                field="statement", name="host_payout_statement_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostpayout",
            constraint=tenants.rls.constraints.SameOperator(field="undoes", name="host_payout_undoes_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="hostpayout",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undoes__isnull", False)),
                fields=("operator", "undoes"),
                name="host_payout_undone_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="hostpayout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__gt", 0), ("undoes__isnull", True)),
                    models.Q(("amount__lt", 0), ("undoes__isnull", False)),
                    _connector="OR",
                ),
                name="host_payout_of_something",
            ),
        ),
        migrations.AddIndex(
            model_name="writeoff",
            index=models.Index(fields=["operator", "invoice"], name="write_off_of_invoice"),
        ),
        migrations.AddIndex(
            model_name="writeoff",
            index=models.Index(fields=["operator", "account"], name="write_off_of_account"),
        ),
        migrations.AddIndex(
            model_name="writeoff",
            index=models.Index(fields=["operator", "happened_on"], name="write_off_by_day"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=tenants.rls.constraints.RowSecurity(name="write_off_row_security"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="write_off_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=tenants.rls.constraints.SameOperator(field="invoice", name="write_off_invoice_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=tenants.rls.constraints.SameOperator(field="account", name="write_off_account_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=tenants.rls.constraints.SameOperator(field="undoes", name="write_off_undoes_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undoes__isnull", False)),
                fields=("operator", "undoes"),
                name="write_off_undone_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="writeoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount__gt", 0), ("undoes__isnull", True)),
                    models.Q(("amount__lt", 0), ("undoes__isnull", False)),
                    _connector="OR",
                ),
                name="write_off_of_something",
            ),
        ),
        migrations.RunSQL(WALLS, UNDO),
    ]
