import django.db.models.deletion
import tenants.rls
import tenants.scoping
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0004_problems_as_codes"),
        ("charging", "0001_initial"),
        ("tenants", "0015_place_held_since"),
    ]

    operations = [
        migrations.CreateModel(
            name="DaySum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_on", models.DateField()),
                ("ended_on", models.DateField(null=True)),
                ("status", models.CharField(max_length=16)),
                ("problem", models.CharField(blank=True, max_length=40)),
                ("currency", models.CharField(blank=True, max_length=3)),
                ("sessions", models.BigIntegerField()),
                ("energy_wh", models.BigIntegerField()),
                ("duration_s", models.BigIntegerField()),
                ("amount_excl_vat", models.DecimalField(decimal_places=6, max_digits=24)),
                ("amount_incl_vat", models.DecimalField(decimal_places=6, max_digits=24)),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="charging.site",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["operator", "ended_on"], name="day_sum_ended"),
                    models.Index(fields=["site", "started_on"], name="day_sum_of_site"),
                    models.Index(fields=["operator", "status", "-started_on"], name="day_sum_of_status"),
                ],
                "constraints": [
                    tenants.rls.RowSecurity(name="day_sum_row_security"),
                    tenants.rls.SameOperatorInBulk(fields=("site",), name="day_sum_same_operator"),
                    models.UniqueConstraint(
                        fields=("operator", "started_on", "site", "ended_on", "status", "problem", "currency"),
                        name="day_sum_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StaleDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_on", models.DateField(null=True)),
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
                "constraints": [
                    tenants.rls.RowSecurity(name="stale_day_row_security"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MonthSum",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("kind", models.CharField(max_length=12)),
                ("state", models.CharField(max_length=8)),
                ("currency", models.CharField(max_length=3)),
                ("documents", models.BigIntegerField()),
                ("sessions", models.BigIntegerField()),
                ("energy_wh", models.BigIntegerField()),
                ("amount_excl_vat", models.DecimalField(decimal_places=2, max_digits=20)),
                ("vat", models.DecimalField(decimal_places=2, max_digits=20)),
                ("amount_due", models.DecimalField(decimal_places=2, max_digits=20)),
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
                    "run",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="billing.invoicerun",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.RowSecurity(name="month_sum_row_security"),
                    tenants.rls.SameOperator(field="run", name="month_sum_run_same_operator"),
                    models.UniqueConstraint(
                        fields=("operator", "month", "run", "kind", "state", "currency"),
                        name="month_sum_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StaleMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
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
                "constraints": [
                    tenants.rls.RowSecurity(name="stale_month_row_security"),
                ],
            },
        ),
    ]
