"""Discounts: fees that take a percentage, or an amount a month, off energy or off all. The tables of fees are small."""

from typing import ClassVar

import django.contrib.postgres.constraints
import django.core.validators
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies: ClassVar = [
        ("billing", "0044_sendings"),
    ]

    operations: ClassVar = [
        migrations.RemoveConstraint(
            model_name="billedfee",
            name="fee_billed_once_a_day",
        ),
        migrations.RemoveConstraint(
            model_name="fee",
            name="fee_once_is_the_accounts",
        ),
        migrations.AddField(
            model_name="billedfee",
            name="percent",
            field=models.DecimalField(decimal_places=2, max_digits=5, null=True),
        ),
        migrations.AddField(
            model_name="fee",
            name="percent",
            field=models.DecimalField(
                decimal_places=2,
                max_digits=5,
                null=True,
                validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(100)],
                verbose_name="percentage",
            ),
        ),
        migrations.AddField(
            model_name="fee",
            name="taken_off",
            field=models.CharField(
                blank=True,
                choices=[("energy", "off energy"), ("all", "off all")],
                max_length=6,
                verbose_name="discount on",
            ),
        ),
        migrations.AlterField(
            model_name="fee",
            name="kind",
            field=models.CharField(
                choices=[
                    ("monthly", "every month"),
                    ("yearly", "every year"),
                    ("once", "once"),
                    ("credit", "credit"),
                    ("discount", "discount"),
                ],
                max_length=8,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="fee",
            name="price",
            field=models.DecimalField(
                decimal_places=2,
                max_digits=10,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
                verbose_name="price",
            ),
        ),
        migrations.AddConstraint(
            model_name="billedfee",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("percent__isnull", True)),
                expressions=[
                    (
                        models.Func(
                            models.Func(models.F("fee_id"), models.Value(0), function="coalesce"),
                            models.Func(models.F("fee_id"), models.Value(0), function="coalesce"),
                            models.Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    (
                        models.Func(
                            models.Func(models.F("driver_id"), models.Value(0), function="coalesce"),
                            models.Func(models.F("driver_id"), models.Value(0), function="coalesce"),
                            models.Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    (
                        models.Func(
                            models.Func(models.F("token_id"), models.Value(0), function="coalesce"),
                            models.Func(models.F("token_id"), models.Value(0), function="coalesce"),
                            models.Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    (
                        models.Func(
                            models.F("first_day"), models.F("last_day"), models.Value("[]"), function="daterange"
                        ),
                        "&&",
                    ),
                ],
                name="fee_billed_once_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="billedfee",
            constraint=models.UniqueConstraint(
                condition=models.Q(("percent__isnull", False)),
                fields=("operator", "fee", "invoice"),
                name="percentage_once_an_invoice",
            ),
        ),
        migrations.AddConstraint(
            model_name="fee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("percent__isnull", True), ("price__isnull", False)),
                    models.Q(("kind", "discount"), ("percent__gt", 0), ("percent__lte", 100), ("price__isnull", True)),
                    _connector="OR",
                ),
                name="fee_price_or_percent",
            ),
        ),
        migrations.AddConstraint(
            model_name="fee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "discount"), ("taken_off__in", ["energy", "all"])),
                    models.Q(models.Q(("kind", "discount"), _negated=True), ("taken_off", "")),
                    _connector="OR",
                ),
                name="fee_discount_is_off_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="fee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["monthly", "yearly"]),
                    models.Q(("kind", "discount"), ("per", "account")),
                    models.Q(("per", "account"), ("until__isnull", True)),
                    _connector="OR",
                ),
                name="fee_once_is_the_accounts",
            ),
        ),
    ]
