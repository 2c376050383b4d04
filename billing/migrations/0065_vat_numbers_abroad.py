"""Keep the operator's VAT numbers in other countries."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.rls.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0064_files_to_sftp_servers"),
        ("tenants", "0053_seal_reset_reasons"),
    ]

    operations = [
        migrations.CreateModel(
            name="SellerNumber",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("country", models.CharField(max_length=2)),
                ("vat_number", models.CharField(max_length=20)),
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
                    tenants.rls.constraints.RowSecurity(name="seller_number_row_security"),
                    models.UniqueConstraint(fields=("operator", "country"), name="seller_number_once"),
                ],
            },
        ),
    ]
