"""Timetables of files for accounting, and their files on the way."""

import django.db.models.deletion
import django.utils.timezone
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0057_billed_sessions_by_invoice"),
        ("tenants", "0051_names_in_clear_are_gone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "waiting"),
                            ("running", "running"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("set_aside", "set aside"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=60)),
                ("error_facts", models.JSONField(blank=True, default=dict)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("reason", models.CharField(blank=True, max_length=60)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("begun_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ExportTimetable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("kind", models.CharField(max_length=12, verbose_name="what")),
                ("form", models.CharField(blank=True, max_length=5, verbose_name="format")),
                ("dated_by", models.CharField(max_length=7, verbose_name="by which day")),
                ("options", models.JSONField(default=dict)),
                (
                    "every",
                    models.CharField(
                        choices=[("week", "every week"), ("month", "every month")],
                        max_length=5,
                        verbose_name="how often",
                    ),
                ),
                (
                    "to",
                    models.CharField(
                        choices=[
                            ("link", "a letter with a link"),
                            ("folder", "a folder of this server"),
                            ("https", "an address, signed"),
                        ],
                        max_length=6,
                        verbose_name="to",
                    ),
                ),
                ("address", models.CharField(blank=True, max_length=500, verbose_name="address")),
                ("secret", models.BinaryField(default=bytes)),
                ("next_on", models.DateField(verbose_name="next")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.RemoveConstraint(
            model_name="export",
            name="export_open_once",
        ),
        migrations.AddField(
            model_name="exportdelivery",
            name="export",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliveries",
                to="billing.export",
            ),
        ),
        migrations.AddField(
            model_name="exportdelivery",
            name="operator",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.operator",
            ),
        ),
        migrations.AddField(
            model_name="exporttimetable",
            name="asked_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="exporttimetable",
            name="operator",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.operator",
            ),
        ),
        migrations.AddField(
            model_name="export",
            name="timetable",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="exports",
                to="billing.exporttimetable",
            ),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=tenants.rls.constraints.SameOperator(field="timetable", name="export_timetable_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="export",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=(
                    "operator",
                    "kind",
                    "form",
                    "month",
                    "first_day",
                    "last_day",
                    "dated_by",
                    "timetable",
                    "repeats",
                ),
                name="export_open_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="exportdelivery",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=["operator", "id"],
                name="export_delivery_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportdelivery",
            constraint=tenants.rls.constraints.RowSecurity(name="export_delivery_row_security"),
        ),
        migrations.AddConstraint(
            model_name="exportdelivery",
            constraint=tenants.rls.constraints.SameOperator(
                field="export", name="export_delivery_export_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="exportdelivery",
            constraint=models.UniqueConstraint(fields=("operator", "export"), name="export_delivered_once"),
        ),
        migrations.AddIndex(
            model_name="exporttimetable",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["operator", "next_on"],
                name="export_timetable_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="exporttimetable",
            constraint=tenants.rls.constraints.RowSecurity(name="export_timetable_row_security"),
        ),
        migrations.AddConstraint(
            model_name="exporttimetable",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="export_timetable_of_operator"),
        ),
    ]
