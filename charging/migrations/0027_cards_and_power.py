"""Odd uses of cards, the power of sites, and what else is asked of stations."""

import django.db.models.deletion
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


def _operator():
    return models.ForeignKey(
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="tenants.operator",
    )


def _owned(to, related_name="+", *, null=False):
    return tenants.scoping.OwnedForeignKey(
        db_constraint=False,
        db_index=False,
        null=null,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to=to,
    )


class Migration(DrawnOnce):
    dependencies = [
        ("charging", "0026_hidden"),
        ("tenants", "0051_names_in_clear_are_gone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="stationcommand",
            name="kind",
            field=models.CharField(
                choices=[
                    ("start", "start a charge"),
                    ("stop", "end a charge"),
                    ("unlock", "unlock an outlet"),
                    ("reset", "restart the station"),
                    ("availability", "take into or out of use"),
                    ("trigger", "ask for a message"),
                    ("read_settings", "read the settings"),
                    ("change_setting", "change a setting"),
                    ("update_firmware", "update the firmware"),
                    ("get_log", "fetch a log"),
                    ("reserve", "reserve an outlet"),
                    ("cancel_reservation", "cancel a reservation"),
                    ("limit", "limit the power"),
                    ("clear_limit", "lift the limit"),
                    ("read_named", "read some settings"),
                    ("get_schedule", "ask for the power limits"),
                    ("forget_cards", "forget the cards it remembers"),
                ],
                max_length=20,
                verbose_name="what was asked",
            ),
        ),
        migrations.CreateModel(
            name="CardNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("guessing", "cards are guessed"),
                            ("two_places", "in two places at once"),
                            ("too_fast", "faster than any car"),
                        ],
                        max_length=20,
                        verbose_name="what is odd",
                    ),
                ),
                ("cards", models.PositiveIntegerField(null=True)),
                ("minutes", models.PositiveIntegerField(null=True)),
                ("km", models.PositiveIntegerField(null=True)),
                ("since", models.DateTimeField(verbose_name="first time")),
                ("at", models.DateTimeField(verbose_name="last time")),
                ("times", models.PositiveIntegerField(default=1, verbose_name="times")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="seen")),
                ("driver", _owned("tenants.driver", null=True)),
                ("operator", _operator()),
                ("other_site", _owned("charging.site", null=True)),
                (
                    "seen_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("station", _owned("charging.station")),
                ("token", _owned("charging.token", null=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["operator", "-at", "-id"], name="card_notice_newest")],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="card_notice_row_security"),
                    tenants.rls.constraints.SameOperator(field="station", name="card_notice_station_same_operator"),
                    tenants.rls.constraints.SameOperator(field="token", name="card_notice_token_same_operator"),
                    tenants.rls.constraints.SameOperator(field="driver", name="card_notice_driver_same_operator"),
                    tenants.rls.constraints.SameOperator(
                        field="other_site", name="card_notice_other_site_same_operator"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("seen_at__isnull", True), ("token__isnull", False)),
                        fields=("operator", "kind", "token"),
                        name="card_notice_of_card_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("seen_at__isnull", True), ("token__isnull", True)),
                        fields=("operator", "kind", "station"),
                        name="card_notice_of_station_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SiteLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("limit", models.DecimalField(decimal_places=1, max_digits=8, verbose_name="at most")),
                (
                    "unit",
                    models.CharField(
                        choices=[("A", "A per phase"), ("W", "W")], default="A", max_length=1, verbose_name="unit"
                    ),
                ),
                ("operator", _operator()),
                ("site", _owned("charging.site", "limits")),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="site_limit_row_security"),
                    tenants.rls.constraints.SameOperator(field="site", name="site_limit_site_same_operator"),
                    models.UniqueConstraint(fields=("operator", "site"), name="site_limit_once"),
                    models.CheckConstraint(condition=models.Q(("limit__gt", 0)), name="site_limit_positive"),
                ],
            },
        ),
    ]
