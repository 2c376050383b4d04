import django.db.models.deletion
import tenants.rls
import tenants.scoping
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0011_frozen_whatever_the_scope"),
        ("charging", "0001_initial"),
        ("tenants", "0015_place_held_since"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoice",
            name="customer_number",
            field=models.CharField(blank=True, max_length=30, verbose_name="customer number"),
        ),
        migrations.CreateModel(
            name="IssuedPlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("site_name", models.CharField(max_length=150)),
                ("station_name", models.CharField(max_length=150)),
                ("station_identifier", models.CharField(max_length=64)),
                ("time_zone", models.CharField(max_length=50)),
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
                    "run",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="places",
                        to="billing.invoicerun",
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
                (
                    "station",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="charging.station",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.RowSecurity(name="issued_place_row_security"),
                    models.UniqueConstraint(fields=("operator", "id"), name="issued_place_of_operator"),
                    tenants.rls.SameOperator(field="run", name="issued_place_run_same_operator"),
                    tenants.rls.SameOperator(field="site", name="issued_place_site_same_operator"),
                    tenants.rls.SameOperator(field="station", name="issued_place_station_same_operator"),
                    models.UniqueConstraint(fields=("operator", "run", "site", "station"), name="issued_place_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="IssuedTariff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
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
                    "run",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tariffs",
                        to="billing.invoicerun",
                    ),
                ),
                (
                    "tariff_version",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.tariffversion",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.RowSecurity(name="issued_tariff_row_security"),
                    models.UniqueConstraint(fields=("operator", "id"), name="issued_tariff_of_operator"),
                    tenants.rls.SameOperator(field="run", name="issued_tariff_run_same_operator"),
                    tenants.rls.SameOperator(field="tariff_version", name="issued_tariff_tariff_version_same_operator"),
                    models.UniqueConstraint(fields=("operator", "run", "tariff_version"), name="issued_tariff_once"),
                ],
            },
        ),
    ]
