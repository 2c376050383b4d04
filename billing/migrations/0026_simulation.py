import datetime

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0025_letterhead"),
        ("charging", "0017_stations_connect"),
        ("tenants", "0030_rounds_to_crowns"),
    ]

    operations = [
        # What was worked out lacks the new sums; it is asked for again in a moment.
        migrations.RunSQL("DELETE FROM billing_priceeffect", migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="priceeffect",
            name="price_effect_once",
        ),
        migrations.AddField(
            model_name="priceeffect",
            name="group",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="tenants.drivergroup",
            ),
        ),
        migrations.AddField(
            model_name="priceeffect",
            name="last_month",
            field=models.DateField(default=datetime.date(2026, 1, 1)),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="priceeffect",
            name="purpose",
            field=models.CharField(
                choices=[("publishing", "publishing"), ("simulation", "simulation")],
                default="publishing",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="priceeffect",
            name="reach",
            field=models.CharField(
                choices=[
                    ("assigned", "where the tariff applies now"),
                    ("everywhere", "all of them"),
                    ("site", "those at a site"),
                    ("group", "those in a group"),
                ],
                default="assigned",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="priceeffect",
            name="site",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="charging.site",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceeffect",
            constraint=tenants.rls.constraints.SameOperator(field="site", name="price_effect_site_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="priceeffect",
            constraint=tenants.rls.constraints.SameOperator(field="group", name="price_effect_group_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="priceeffect",
            constraint=models.UniqueConstraint(fields=("operator", "tariff", "purpose"), name="price_effect_once"),
        ),
        migrations.AddConstraint(
            model_name="priceeffect",
            constraint=models.CheckConstraint(
                condition=models.Q(("last_month__gte", models.F("month"))), name="price_effect_months"
            ),
        ),
        migrations.AddConstraint(
            model_name="priceeffect",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("group__isnull", True),
                        ("site__isnull", True),
                        models.Q(("reach__in", ["site", "group"]), _negated=True),
                    ),
                    models.Q(("group__isnull", True), ("reach", "site"), ("site__isnull", False)),
                    models.Q(("group__isnull", False), ("reach", "group"), ("site__isnull", True)),
                    _connector="OR",
                ),
                name="price_effect_reach",
            ),
        ),
    ]
