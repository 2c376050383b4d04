"""When payers opened their documents first."""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0065_vat_numbers_abroad"),
        ("tenants", "0059_views_of_compartments"),
    ]

    operations = [
        migrations.CreateModel(
            name="DocumentOpening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opened_at", models.DateTimeField(verbose_name="first opened")),
                (
                    "invoice",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="openings",
                        to="billing.invoice",
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
                    tenants.rls.constraints.RowSecurity(name="document_opening_row_security"),
                    tenants.rls.constraints.SameOperator(
                        field="invoice", name="document_opening_invoice_same_operator"
                    ),
                    models.UniqueConstraint(fields=("operator", "invoice"), name="document_opening_once"),
                ],
            },
        ),
    ]
