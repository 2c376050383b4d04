"""Site hosts: contracts, months that are settled, statements and their parts, which never change once closed."""

import django.contrib.postgres.constraints
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
import tenants.sealed_fields
from django.conf import settings
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

WALLS = """
CREATE FUNCTION billing_host_parts_are_final() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    part record;
    found text;
BEGIN
    FOR part IN SELECT DISTINCT operator_id, statement_id FROM touched LOOP
        found := NULL;
        SELECT h.state INTO found FROM billing_hoststatement h
            WHERE h.operator_id = part.operator_id AND h.id = part.statement_id FOR SHARE;
        IF found <> 'draft' THEN  -- of a statement that is not there, or another operator's, the reference tells
            RAISE EXCEPTION '% of parts of statement % is refused: it is final.', TG_OP, part.statement_id
                USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION billing_host_parts_are_final() FROM PUBLIC;
CREATE TRIGGER parts_added AFTER INSERT ON billing_hostline REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION billing_host_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON billing_hostline REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION billing_host_parts_are_final();
CREATE TRIGGER parts_added AFTER INSERT ON billing_hostmonth REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION billing_host_parts_are_final();
CREATE TRIGGER parts_removed AFTER DELETE ON billing_hostmonth REFERENCING OLD TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION billing_host_parts_are_final();
CREATE TRIGGER final_part BEFORE UPDATE ON billing_hostline FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_part BEFORE UPDATE ON billing_hostmonth FOR EACH ROW EXECUTE FUNCTION billing_forbidden();

-- A statement closes with sums that are those of its parts, and with the next number of its host's series or none.
CREATE FUNCTION billing_host_statement_closes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    fault text;
BEGIN
    PERFORM 1 FROM tenants_account a WHERE a.operator_id = NEW.operator_id AND a.id = NEW.account_id
        FOR NO KEY UPDATE;
    SELECT CASE
        WHEN NEW.number IS NOT NULL AND NEW.number <> (SELECT 1 + coalesce(max(h.number), 0)
            FROM billing_hoststatement h
            WHERE h.operator_id = NEW.operator_id AND h.account_id = NEW.account_id)
        THEN 'its number is not the next one'
        WHEN EXISTS (SELECT FROM (
            SELECT count(*) AS sessions, coalesce(sum(l.energy_wh), 0) AS energy_wh, coalesce(sum(l.net), 0) AS net
            FROM billing_hostline l WHERE l.operator_id = NEW.operator_id AND l.statement_id = NEW.id) s
            WHERE (s.sessions, s.energy_wh, s.net) <> (NEW.sessions, NEW.energy_wh, NEW.net))
        THEN 'it is not the sum of its sessions'
        WHEN EXISTS (SELECT FROM (
            SELECT coalesce(sum(m.sessions), 0) AS sessions, coalesce(sum(m.net), 0) AS net,
                coalesce(sum(m.amount), 0) AS amount
            FROM billing_hostmonth m WHERE m.operator_id = NEW.operator_id AND m.statement_id = NEW.id) s
            WHERE (s.sessions, s.net, s.amount) <> (NEW.sessions, NEW.net, NEW.amount))
        THEN 'it is not the sum of its months'
        END INTO fault;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'Closing of statement % is refused: %.', NEW.id, fault USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION billing_host_statement_closes() FROM PUBLIC;
CREATE TRIGGER statement_closes BEFORE UPDATE ON billing_hoststatement FOR EACH ROW
    WHEN (new.state = 'closed' AND old.state <> 'closed') EXECUTE FUNCTION billing_host_statement_closes();
CREATE TRIGGER statement_begins_open BEFORE INSERT ON billing_hoststatement FOR EACH ROW
    WHEN (new.state = 'closed') EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_statement BEFORE UPDATE OR DELETE ON billing_hoststatement FOR EACH ROW
    WHEN (old.state = 'closed') EXECUTE FUNCTION billing_forbidden();

-- What was agreed stays once something of it is closed: only the end may change, and not to a day that is settled.
CREATE FUNCTION billing_host_contract_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    settled date;
BEGIN
    SELECT max(h.month) + interval '1 month' - interval '1 day' INTO settled FROM billing_hoststatement h
        WHERE h.operator_id = OLD.operator_id AND h.contract_id = OLD.id AND h.state = 'closed';
    IF settled IS NOT NULL AND (TG_OP = 'DELETE' OR NEW.until < least(settled, OLD.until)
        OR to_jsonb(NEW) - 'until' - 'changed_at' IS DISTINCT FROM to_jsonb(OLD) - 'until' - 'changed_at')
    THEN
        RAISE EXCEPTION '% of contract % is refused: it is settled until %.', TG_OP, OLD.id, settled
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
REVOKE ALL ON FUNCTION billing_host_contract_stays() FROM PUBLIC;
CREATE TRIGGER contract_stays BEFORE UPDATE OR DELETE ON billing_hostcontract FOR EACH ROW
    EXECUTE FUNCTION billing_host_contract_stays();

CREATE FUNCTION billing_host_site_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine billing_hostsite := CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END;
BEGIN
    IF EXISTS (SELECT FROM billing_hoststatement h WHERE h.operator_id = mine.operator_id
            AND h.contract_id = mine.contract_id AND h.state = 'closed')
        AND (TG_OP <> 'UPDATE' OR to_jsonb(NEW) - 'until' IS DISTINCT FROM to_jsonb(OLD) - 'until'
            OR NEW.until IS DISTINCT FROM (SELECT c.until FROM billing_hostcontract c
                WHERE c.operator_id = NEW.operator_id AND c.id = NEW.contract_id))
    THEN
        RAISE EXCEPTION '% of a site of contract % is refused: a statement of it is closed.', TG_OP, mine.contract_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
REVOKE ALL ON FUNCTION billing_host_site_stays() FROM PUBLIC;
CREATE TRIGGER site_stays BEFORE INSERT OR UPDATE OR DELETE ON billing_hostsite FOR EACH ROW
    EXECUTE FUNCTION billing_host_site_stays();

CREATE TRIGGER final_answer_changed BEFORE UPDATE ON billing_hostanswer FOR EACH ROW
    WHEN (NOT (new.given_by_id IS NULL AND to_jsonb(new.*) - 'given_by_id' = to_jsonb(old.*) - 'given_by_id'))
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_answer_deleted BEFORE DELETE ON billing_hostanswer FOR EACH ROW
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_document BEFORE UPDATE OR DELETE ON billing_hostdocument FOR EACH ROW
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_settlement_changed BEFORE UPDATE ON billing_settlement FOR EACH ROW
    WHEN (old.stage = 'closed' AND (to_jsonb(new.*) - 'requested_by_id' - 'closed_by_id'
        <> to_jsonb(old.*) - 'requested_by_id' - 'closed_by_id'
        OR new.closed_by_id <> old.closed_by_id OR new.requested_by_id <> old.requested_by_id))
    EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER final_settlement_deleted BEFORE DELETE ON billing_settlement FOR EACH ROW
    WHEN (old.stage = 'closed') EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_hostanswer
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_hostcontract
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_hostdocument
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_hostline
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_hostmonth
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_hostsite
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_hoststatement
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_settlement
    FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
UNDO = """
DROP FUNCTION billing_host_parts_are_final() CASCADE;
DROP FUNCTION billing_host_statement_closes() CASCADE;
DROP FUNCTION billing_host_contract_stays() CASCADE;
DROP FUNCTION billing_host_site_stays() CASCADE;
"""


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0046_pricing_goes_on"),
        ("charging", "0020_baseline"),
        ("tenants", "0051_names_in_clear_are_gone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HostContract",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("name", models.CharField(max_length=100, verbose_name="name of the contract")),
                ("since", models.DateField(verbose_name="from")),
                ("until", models.DateField(blank=True, null=True, verbose_name="to")),
                (
                    "share",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        max_digits=5,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="share, %",
                    ),
                ),
                (
                    "kwh_price",
                    models.DecimalField(decimal_places=4, default=0, max_digits=8, verbose_name="for each kWh"),
                ),
                (
                    "rent",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=10, verbose_name="fixed amount a month"
                    ),
                ),
                (
                    "fee",
                    models.DecimalField(decimal_places=2, default=0, max_digits=10, verbose_name="deduction a month"),
                ),
                (
                    "floor",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=10, null=True, verbose_name="at least, a month"
                    ),
                ),
                (
                    "least_payout",
                    models.DecimalField(decimal_places=2, default=0, max_digits=10, verbose_name="smallest payout"),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("vat_country", models.CharField(blank=True, max_length=2)),
                (
                    "vat_rate",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="VAT rate"),
                ),
                ("is_self_billed", models.BooleanField(default=False, verbose_name="self-billed")),
                ("agreed_on", models.DateField(blank=True, null=True, verbose_name="self-billing agreed on")),
                (
                    "objection_days",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="days to object"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "account",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="host_contracts",
                        to="tenants.account",
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
            },
        ),
        migrations.CreateModel(
            name="HostSite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                (
                    "contract",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sites",
                        to="billing.hostcontract",
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
                    "site",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="host_contracts",
                        to="charging.site",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HostStatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("month", models.DateField(verbose_name="month")),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "draft"), ("closed", "closed"), ("left_out", "left out")],
                        default="draft",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("problem", models.CharField(blank=True, max_length=40)),
                ("problem_facts", models.JSONField(blank=True, default=dict)),
                ("currency", models.CharField(max_length=3)),
                ("sessions", models.PositiveIntegerField(default=0)),
                ("energy_wh", models.BigIntegerField(default=0)),
                ("net", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("amount", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("carried_in", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("payout", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("carried_out", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("vat_rate", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ("vat", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("total", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("number", models.PositiveIntegerField(null=True)),
                ("customer_number", models.CharField(blank=True, max_length=30)),
                ("buyer", models.JSONField(blank=True, default=dict)),
                ("drafted_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                ("due_on", models.DateField(null=True, verbose_name="due")),
                ("object_until", models.DateField(null=True)),
                (
                    "account",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="host_statements",
                        to="tenants.account",
                    ),
                ),
                (
                    "contract",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="statements",
                        to="billing.hostcontract",
                    ),
                ),
                (
                    "host",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.driveridentity",
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
            },
        ),
        migrations.CreateModel(
            name="HostMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                ("sessions", models.PositiveIntegerField(default=0)),
                ("energy_wh", models.BigIntegerField(default=0)),
                ("net", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ("amount", models.DecimalField(decimal_places=2, default=0, max_digits=14)),
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
                    "statement",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="months",
                        to="billing.hoststatement",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HostLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("energy_wh", models.BigIntegerField()),
                ("net", models.DecimalField(decimal_places=2, max_digits=14)),
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
                    "session",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="host_lines",
                        to="charging.chargingsession",
                    ),
                ),
                (
                    "statement",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="billing.hoststatement",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HostDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("pdf", models.BinaryField()),
                ("sha256", models.CharField(max_length=64)),
                ("rendered_at", models.DateTimeField()),
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
                    "statement",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="billing.hoststatement",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HostAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("approved", "approved"), ("contested", "contested")], max_length=9),
                ),
                (
                    "text",
                    tenants.sealed_fields.SealedTextField(blank=True, max_length=2000, verbose_name="what is wrong"),
                ),
                ("given_at", models.DateTimeField()),
                (
                    "given_by",
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
                (
                    "statement",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="billing.hoststatement",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Settlement",
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
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("month", models.DateField(verbose_name="month")),
                (
                    "stage",
                    models.CharField(
                        choices=[("drafting", "working it out"), ("ready", "ready to close"), ("closed", "closed")],
                        default="drafting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
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
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="hoststatement",
            name="settlement",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="statements",
                to="billing.settlement",
            ),
        ),
        migrations.AddIndex(
            model_name="hostcontract",
            index=models.Index(fields=["operator", "account"], name="host_contract_of_account"),
        ),
        migrations.AddIndex(
            model_name="hostcontract",
            index=models.Index(fields=["operator", "-since", "-id"], name="host_contract_newest"),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=tenants.rls.constraints.RowSecurity(name="host_contract_row_security"),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="host_contract_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=tenants.rls.constraints.SameOperator(
                field="account", name="host_contract_account_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gte", models.F("since"))), name="host_contract_until_not_before_since"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fee__gte", 0),
                    ("kwh_price__gte", 0),
                    ("least_payout__gte", 0),
                    ("rent__gte", 0),
                    ("share__gte", 0),
                    models.Q(("floor__isnull", True), ("floor__gte", 0), _connector="OR"),
                ),
                name="host_contract_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("share__gt", 0), ("kwh_price__gt", 0), ("rent__gt", 0), ("floor__gt", 0), _connector="OR"
                ),
                name="host_contract_gives_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__lte", 100)), name="host_contract_share_of_a_whole"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=models.CheckConstraint(
                condition=models.Q(("vat_country", ""), ("vat_rate__isnull", True), _connector="OR"),
                name="host_contract_one_source_of_its_rate",
            ),
        ),
        migrations.AddConstraint(
            model_name="hostcontract",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_self_billed", False), ("agreed_on__isnull", False), _connector="OR"),
                name="host_contract_self_billing_agreed",
            ),
        ),
        migrations.AddConstraint(
            model_name="hostsite",
            constraint=tenants.rls.constraints.RowSecurity(name="host_site_row_security"),
        ),
        migrations.AddConstraint(
            model_name="hostsite",
            constraint=tenants.rls.constraints.SameOperator(field="contract", name="host_site_contract_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="hostsite",
            constraint=tenants.rls.constraints.SameOperator(field="site", name="host_site_site_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="hostsite",
            constraint=models.UniqueConstraint(fields=("operator", "contract", "site"), name="host_site_once"),
        ),
        migrations.AddConstraint(
            model_name="hostsite",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    (
                        models.Func(models.F("site_id"), models.F("site_id"), models.Value("[]"), function="int8range"),
                        "&&",
                    ),
                    (models.Func(models.F("since"), models.F("until"), models.Value("[]"), function="daterange"), "&&"),
                ],
                name="host_site_one_contract_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="hostmonth",
            constraint=tenants.rls.constraints.RowSecurity(name="host_month_row_security"),
        ),
        migrations.AddConstraint(
            model_name="hostmonth",
            constraint=tenants.rls.constraints.SameOperator(
                field="statement", name="host_month_statement_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostmonth",
            constraint=models.UniqueConstraint(fields=("operator", "statement", "month"), name="host_month_once"),
        ),
        migrations.AddIndex(
            model_name="hostline",
            index=models.Index(fields=["operator", "session"], name="host_line_of_session"),
        ),
        migrations.AddConstraint(
            model_name="hostline",
            constraint=tenants.rls.constraints.RowSecurity(name="host_line_row_security"),
        ),
        migrations.AddConstraint(
            model_name="hostline",
            constraint=tenants.rls.constraints.SameOperatorInBulk(
                fields=("statement", "session"), name="host_line_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostline",
            constraint=models.UniqueConstraint(fields=("operator", "statement", "session"), name="host_line_once"),
        ),
        migrations.AddConstraint(
            model_name="hostdocument",
            constraint=tenants.rls.constraints.RowSecurity(name="host_document_row_security"),
        ),
        migrations.AddConstraint(
            model_name="hostdocument",
            constraint=tenants.rls.constraints.SameOperator(
                field="statement", name="host_document_statement_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostdocument",
            constraint=models.UniqueConstraint(fields=("operator", "statement"), name="host_document_once"),
        ),
        migrations.AddIndex(
            model_name="hostanswer",
            index=models.Index(fields=["operator", "statement", "-id"], name="host_answer_of_statement"),
        ),
        migrations.AddConstraint(
            model_name="hostanswer",
            constraint=tenants.rls.constraints.RowSecurity(name="host_answer_row_security"),
        ),
        migrations.AddConstraint(
            model_name="hostanswer",
            constraint=tenants.rls.constraints.SameOperator(
                field="statement", name="host_answer_statement_same_operator"
            ),
        ),
        migrations.AddIndex(
            model_name="settlement",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=["operator", "id"],
                name="settlement_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=tenants.rls.constraints.RowSecurity(name="settlement_row_security"),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="settlement_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(fields=("operator", "month"), name="settlement_month_once"),
        ),
        migrations.AddConstraint(
            model_name="settlement",
            constraint=models.UniqueConstraint(
                condition=models.Q(("stage", "closed"), _negated=True), fields=("operator",), name="settlement_one_open"
            ),
        ),
        migrations.AddIndex(
            model_name="hoststatement",
            index=models.Index(fields=["operator", "contract", "-month"], name="host_statement_of_contract"),
        ),
        migrations.AddIndex(
            model_name="hoststatement",
            index=models.Index(fields=["operator", "account", "-month", "-id"], name="host_statement_of_account"),
        ),
        migrations.AddIndex(
            model_name="hoststatement",
            index=models.Index(
                condition=models.Q(("state", "closed")),
                fields=["operator", "closed_at", "id"],
                name="host_statement_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=tenants.rls.constraints.RowSecurity(name="host_statement_row_security"),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="host_statement_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=tenants.rls.constraints.SameOperator(
                field="settlement", name="host_statement_settlement_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=tenants.rls.constraints.SameOperator(
                field="contract", name="host_statement_contract_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=tenants.rls.constraints.SameOperator(
                field="account", name="host_statement_account_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=tenants.rls.constraints.SameOperator(field="host", name="host_statement_host_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=models.UniqueConstraint(
                fields=("operator", "settlement", "contract"), name="host_statement_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=models.UniqueConstraint(
                fields=("operator", "account", "number"), name="host_statement_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "carried_out",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("carried_in"), "+", models.F("amount")
                            ),
                            "-",
                            models.F("payout"),
                        ),
                    )
                ),
                name="host_statement_carries",
            ),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total", django.db.models.expressions.CombinedExpression(models.F("payout"), "+", models.F("vat")))
                ),
                name="host_statement_adds_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=models.CheckConstraint(condition=models.Q(("payout__gte", 0)), name="host_statement_pays_out"),
        ),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", False), ("state", "closed")),
                    models.Q(("closed_at__isnull", True), ("number__isnull", True)),
                    _connector="OR",
                ),
                name="host_statement_closed_at",
            ),
        ),
        migrations.RunSQL(WALLS, UNDO),
    ]
