"""The operator's own reasons for crediting."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import tenants.rls.constraints


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0023_credit_notes_of_parts"), ("tenants", "0028_payers")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="CreditReason",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("swedish", models.CharField(blank=True, max_length=100)),
                ("english", models.CharField(blank=True, max_length=100)),
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
                    tenants.rls.constraints.RowSecurity(name="credit_reason_row_security"),
                    models.UniqueConstraint(fields=("operator", "position"), name="credit_reason_once"),
                    models.CheckConstraint(
                        condition=~Q(("english", ""), ("swedish", "")), name="credit_reason_says_something"
                    ),
                ],
            },
        ),
    ]
