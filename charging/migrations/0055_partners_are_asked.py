"""Where roaming partners are asked about their cards."""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models

import charging.models.said
from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0054_cards_of_partners"), ("tenants", "0068_views_in_clear_are_gone")]

    operations = [
        migrations.CreateModel(
            name="PartnerLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=500, verbose_name="address")),
                ("token", charging.models.said.SaidCharField(max_length=255, verbose_name="token")),
                ("answered_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("timeout", "it did not answer in time"),
                            ("busy", "too many questions waited for it at once"),
                            ("no_answer", "nobody answers there"),
                            ("unknown_name", "the name of the address is not known"),
                            ("not_public", "the address is no public one"),
                            ("certificate", "its certificate is not believed"),
                            ("unreadable", "what it answered is no answer"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("failures", models.PositiveIntegerField(default=0)),
                (
                    "account",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
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
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="partner_link_row_security"),
                    tenants.rls.constraints.SameOperator(field="account", name="partner_link_account_same_operator"),
                    models.UniqueConstraint(fields=("operator", "account"), name="partner_link_once"),
                ],
            },
        ),
    ]
