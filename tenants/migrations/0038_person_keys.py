import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

import tenants.rls.constraints
import tenants.scoping
import tenants.sealed_fields


class Migration(DrawnOnce):
    dependencies = [
        ("tenants", "0037_baseline"),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("wrapped", models.BinaryField()),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "account",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.account",
                    ),
                ),
                (
                    "driver",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.driver",
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
                    "operator_key",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operatorkey",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="person_key_row_security"),
                    tenants.rls.constraints.SameOperator(field="driver", name="person_key_driver_same_operator"),
                    tenants.rls.constraints.SameOperator(field="account", name="person_key_account_same_operator"),
                    tenants.rls.constraints.SameOperator(
                        field="operator_key", name="person_key_operator_key_same_operator"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("account__isnull", True), ("driver__isnull", False)),
                            models.Q(("account__isnull", False), ("driver__isnull", True)),
                            _connector="OR",
                        ),
                        name="person_key_of_one",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("driver__isnull", False)),
                        fields=("operator", "driver"),
                        name="person_key_once_a_driver",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("account__isnull", False)),
                        fields=("operator", "account"),
                        name="person_key_once_an_account",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeptKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("of", models.BigIntegerField()),
                ("salt", models.BinaryField()),
                ("wrapped", models.BinaryField()),
                (
                    "identity",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
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
                (
                    "operator_key",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operatorkey",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["operator", "identity"], name="kept_key_of_identity")],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="kept_key_row_security"),
                    tenants.rls.constraints.SameOperator(field="identity", name="kept_key_identity_same_operator"),
                    tenants.rls.constraints.SameOperator(
                        field="operator_key", name="kept_key_operator_key_same_operator"
                    ),
                    models.UniqueConstraint(fields=("operator", "of", "salt"), name="kept_key_once"),
                ],
            },
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_email",
            field=tenants.sealed_fields.SealedEmailField(blank=True, default="", max_length=254, verbose_name="e-mail"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_phone",
            field=tenants.sealed_fields.SealedCharField(blank=True, default="", max_length=40, verbose_name="phone"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_street",
            field=tenants.sealed_fields.SealedCharField(blank=True, default="", max_length=200, verbose_name="street"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_postal_code",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=20, verbose_name="postal code"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_delivery_street",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=200, verbose_name="street of delivery"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_delivery_postal_code",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=20, verbose_name="postal code of delivery"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_delivery_city",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=100, verbose_name="city of delivery"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_buyer_reference",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=100, verbose_name="buyer's reference"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="sealed_order_number",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=100, verbose_name="order number"
            ),
            preserve_default=False,
        ),
    ]
