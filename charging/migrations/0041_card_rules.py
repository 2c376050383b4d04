"""What cards may do when nobody can be asked about them, and which charges began so."""

import django.db.models.deletion
import tenants.rls.constraints
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0040_boots"), ("tenants", "0051_names_in_clear_are_gone")]

    operations = [
        migrations.AddField("stationcharge", "unasked", models.CharField(blank=True, default="", max_length=10)),
        migrations.AddIndex(
            "stationcharge",
            models.Index(
                condition=models.Q(("unasked", ""), _negated=True),
                fields=["operator", "received_at"],
                name="station_charge_unasked",
            ),
        ),
        migrations.CreateModel(
            name="CardRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("card", "your cards"),
                            ("app", "the app"),
                            ("unknown", "cards that nobody knows"),
                        ],
                        max_length=10,
                        verbose_name="kind of card",
                    ),
                ),
                ("is_open", models.BooleanField(verbose_name="let in unasked")),
                ("most", models.PositiveIntegerField(verbose_name="at most a month")),
                ("reckoned", models.PositiveIntegerField(verbose_name="a charge is reckoned as")),
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
                    tenants.rls.constraints.RowSecurity(name="card_rule_row_security"),
                    models.UniqueConstraint(fields=("operator", "kind"), name="card_rule_once"),
                    models.CheckConstraint(condition=models.Q(("reckoned__gt", 0)), name="card_rule_reckoned"),
                ],
            },
        ),
    ]
