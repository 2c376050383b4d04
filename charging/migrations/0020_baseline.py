"""All tables of this floor as they were when its migrations became one, and what they keep to (`walls.sql`)."""

from pathlib import Path

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import tenants.migrations._at_once
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("charging", "0001_initial"),
        ("charging", "0002_indexes_of_lists"),
        ("charging", "0003_errors_as_codes"),
        ("charging", "0004_more_of_drivers"),
        ("charging", "0005_looks"),
        ("charging", "0006_import_is_work"),
        ("charging", "0007_lost_cards"),
        ("charging", "0008_station_states"),
        ("charging", "0009_cards_move_and_things_merge"),
        ("charging", "0010_fewer_comparisons"),
        ("charging", "0011_import_undo"),
        ("charging", "0012_energy_only"),
        ("charging", "0013_accounts"),
        ("charging", "0014_corrections"),
        ("charging", "0015_merges"),
        ("charging", "0016_rejected_rows_are_mended"),
        ("charging", "0017_stations_connect"),
        ("charging", "0018_commands"),
        ("charging", "0019_known_sessions"),
        ("charging", "0020_rare_things"),
    ]

    dependencies = [("tenants", "0037_baseline")]

    operations = [
        tenants.migrations._at_once.AtOnce(
            operations=[
                migrations.CreateModel(
                    name="ImportProfile",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("mapping", models.JSONField()),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
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
                            tenants.rls.constraints.RowSecurity(name="import_profile_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="import_profile_of_operator"),
                            models.UniqueConstraint(fields=("operator", "name"), name="import_profile_name_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FileImport",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("file", models.FileField(max_length=300, upload_to="")),
                        ("file_name", models.CharField(max_length=200, verbose_name="file")),
                        ("file_sha256", models.CharField(max_length=64)),
                        ("file_size", models.BigIntegerField(default=0)),
                        ("source", models.CharField(max_length=40, verbose_name="source")),
                        ("mapping", models.JSONField(default=dict)),
                        ("options", models.JSONField(default=dict)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("uploaded", "waiting for answers"),
                                    ("queued", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("set_aside", "set aside"),
                                    ("undone", "undone"),
                                ],
                                default="uploaded",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("error", models.CharField(blank=True, max_length=60)),
                        ("rows_total", models.BigIntegerField(null=True)),
                        ("rows_read", models.BigIntegerField(default=0)),
                        ("accepted", models.BigIntegerField(default=0)),
                        ("known", models.BigIntegerField(default=0)),
                        ("rejected", models.BigIntegerField(default=0)),
                        ("flagged", models.BigIntegerField(default=0)),
                        ("accepted_wh", models.BigIntegerField(default=0)),
                        ("rejected_wh", models.BigIntegerField(default=0)),
                        ("created", models.JSONField(default=dict)),
                        ("blank_lines", models.BigIntegerField(default=0)),
                        (
                            "committed_chunks",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), default=list, size=None
                            ),
                        ),
                        ("started_at", models.DateTimeField(null=True)),
                        ("finished_at", models.DateTimeField(null=True)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
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
                            "uploaded_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "profile",
                            tenants.scoping.OwnedForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="imports",
                                to="charging.importprofile",
                            ),
                        ),
                        ("error_facts", models.JSONField(blank=True, default=dict)),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("done", models.BigIntegerField(default=0)),
                        ("leased_until", models.DateTimeField(null=True)),
                        ("queued_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("total", models.BigIntegerField(default=0)),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "-created_at"], name="file_import_newest"),
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="file_import_open",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="file_import_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="file_import_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="profile", name="file_import_profile_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RejectedRow",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("line_number", models.BigIntegerField()),
                        ("cells", models.JSONField()),
                        ("reason", models.CharField(max_length=40, verbose_name="reason")),
                        (
                            "reasons",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40), default=list, size=None
                            ),
                        ),
                        ("energy_wh", models.BigIntegerField(null=True)),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rejected_rows",
                                to="charging.fileimport",
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
                        ("facts", models.JSONField(null=True)),
                        (
                            "settled",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "open"),
                                    ("taken_over", "taken over"),
                                    ("left", "left out"),
                                    ("mended", "mended"),
                                ],
                                default="",
                                max_length=10,
                                verbose_name="settled",
                            ),
                        ),
                        ("mended", models.JSONField(null=True)),
                        ("settled_at", models.DateTimeField(null=True)),
                        (
                            "settled_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "file_import", "line_number"], name="rejected_row_by_line")
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="rejected_row_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="rejected_row_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="file_import", name="rejected_row_file_import_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Site",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("name", models.CharField(max_length=150, verbose_name="name")),
                        ("street", models.CharField(blank=True, max_length=200, verbose_name="street")),
                        ("postal_code", models.CharField(blank=True, max_length=20, verbose_name="postal code")),
                        ("city", models.CharField(blank=True, max_length=100, verbose_name="city")),
                        (
                            "country",
                            models.CharField(
                                default="SE", help_text="ISO 3166, two letters.", max_length=2, verbose_name="country"
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(default="Europe/Stockholm", max_length=50, verbose_name="time zone"),
                        ),
                        (
                            "latitude",
                            models.DecimalField(
                                blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="latitude"
                            ),
                        ),
                        (
                            "longitude",
                            models.DecimalField(
                                blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="longitude"
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
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
                            "phone",
                            models.CharField(
                                blank=True,
                                help_text="Of somebody there: a janitor, a reception.",
                                max_length=40,
                                verbose_name="phone",
                            ),
                        ),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="charging.fileimport",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="site_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="site_of_operator"),
                            models.UniqueConstraint(fields=("operator", "name"), name="site_name_once"),
                            tenants.rls.constraints.SameOperator(
                                field="file_import", name="site_file_import_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SiteAccess",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                            "site",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="access",
                                to="charging.site",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="site_access",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "site of a member",
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="site_access_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="site_access_of_operator"),
                            tenants.rls.constraints.SameOperator(field="site", name="site_access_site_same_operator"),
                            models.UniqueConstraint(fields=("operator", "user", "site"), name="site_access_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Station",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("identifier", models.CharField(max_length=64, verbose_name="identifier")),
                        ("name", models.CharField(blank=True, max_length=150, verbose_name="name")),
                        ("vendor", models.CharField(blank=True, max_length=100, verbose_name="vendor")),
                        ("model", models.CharField(blank=True, max_length=100, verbose_name="model")),
                        ("is_active", models.BooleanField(default=True, verbose_name="active")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
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
                            "site",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="stations",
                                to="charging.site",
                            ),
                        ),
                        ("note", models.TextField(blank=True, max_length=2000, verbose_name="note")),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="charging.fileimport",
                            ),
                        ),
                        (
                            "merged_into",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merged",
                                to="charging.station",
                            ),
                        ),
                        ("merge", models.JSONField(editable=False, null=True)),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "site"], name="station_of_site"),
                            models.Index(
                                models.F("operator"),
                                django.db.models.functions.text.Upper("identifier"),
                                name="station_in_any_case",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="station_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="station_of_operator"),
                            tenants.rls.constraints.SameOperator(field="site", name="station_site_same_operator"),
                            models.UniqueConstraint(fields=("operator", "identifier"), name="station_identifier_once"),
                            tenants.rls.constraints.SameOperator(
                                field="merged_into", name="station_merged_into_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="file_import", name="station_file_import_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Connector",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.CharField(default="1", max_length=20, verbose_name="number")),
                        (
                            "standard",
                            models.CharField(
                                blank=True, help_text="OCPI ConnectorType.", max_length=30, verbose_name="standard"
                            ),
                        ),
                        (
                            "max_power_w",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="maximum power, W"),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("AVAILABLE", "available"),
                                    ("CHARGING", "charging"),
                                    ("BLOCKED", "blocked"),
                                    ("RESERVED", "reserved"),
                                    ("INOPERATIVE", "inoperative"),
                                    ("OUTOFORDER", "out of order"),
                                    ("UNKNOWN", "unknown"),
                                ],
                                default="UNKNOWN",
                                max_length=12,
                                verbose_name="status",
                            ),
                        ),
                        ("status_at", models.DateTimeField(blank=True, null=True, verbose_name="status since")),
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
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="connectors",
                                to="charging.station",
                            ),
                        ),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="charging.fileimport",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="connector_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="connector_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="station", name="connector_station_same_operator"
                            ),
                            models.UniqueConstraint(
                                fields=("operator", "station", "number"), name="connector_number_once"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="file_import", name="connector_file_import_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Token",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("RFID", "card"), ("APP_USER", "app")],
                                default="RFID",
                                max_length=10,
                                verbose_name="kind",
                            ),
                        ),
                        ("uid", models.CharField(max_length=64, verbose_name="UID")),
                        ("visual_number", models.CharField(blank=True, max_length=64, verbose_name="printed number")),
                        ("is_blocked", models.BooleanField(default=False, verbose_name="blocked")),
                        ("blocked_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tokens",
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
                        ("lost_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "driver_since",
                            models.DateTimeField(blank=True, null=True, verbose_name="with the driver since"),
                        ),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="charging.fileimport",
                            ),
                        ),
                        (
                            "merged_into",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merged",
                                to="charging.token",
                            ),
                        ),
                        ("merge", models.JSONField(editable=False, null=True)),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                models.F("operator"),
                                models.OrderBy(models.F("driver"), nulls_first=True),
                                models.OrderBy(models.F("created_at"), descending=True),
                                models.OrderBy(models.F("id"), descending=True),
                                name="token_listed",
                            ),
                            models.Index(
                                models.F("operator"),
                                django.db.models.functions.text.Upper("uid"),
                                name="token_in_any_case",
                            ),
                            models.Index(
                                condition=models.Q(("merged_into__isnull", False)),
                                fields=["operator", "merged_into"],
                                name="token_merged",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="token_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="token_of_operator"),
                            tenants.rls.constraints.SameOperator(field="driver", name="token_driver_same_operator"),
                            models.UniqueConstraint(fields=("operator", "uid"), name="token_uid_once"),
                            tenants.rls.constraints.SameOperator(
                                field="merged_into", name="token_merged_into_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="file_import", name="token_file_import_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ChargingSession",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("source", models.CharField(max_length=40)),
                        (
                            "external_id",
                            models.CharField(db_collation="C", max_length=100, verbose_name="session id of the source"),
                        ),
                        ("started_at", models.DateTimeField(verbose_name="started")),
                        ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                        ("charging_ended_at", models.DateTimeField(null=True, verbose_name="charging ended")),
                        ("energy_wh", models.BigIntegerField(null=True, verbose_name="energy, Wh")),
                        ("meter_start_wh", models.BigIntegerField(null=True, verbose_name="meter at start, Wh")),
                        ("series_start", models.DateTimeField(null=True)),
                        ("series_interval_s", models.PositiveIntegerField(null=True)),
                        (
                            "series_wh",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.IntegerField(), null=True, size=None
                            ),
                        ),
                        ("stop_reason", models.CharField(blank=True, max_length=30, verbose_name="stop reason")),
                        (
                            "state",
                            models.CharField(
                                choices=[("ACTIVE", "in progress"), ("COMPLETED", "completed")],
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "review",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "not needed"),
                                    ("pending", "under review"),
                                    ("approved", "approved"),
                                    ("energy_only", "energy only"),
                                    ("written_off", "written off"),
                                ],
                                default="",
                                max_length=12,
                                verbose_name="review",
                            ),
                        ),
                        (
                            "flags",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40), blank=True, default=list, size=None
                            ),
                        ),
                        ("review_note", models.CharField(blank=True, max_length=300)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sessions",
                                to="tenants.driver",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "connector",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sessions",
                                to="charging.connector",
                            ),
                        ),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sessions",
                                to="charging.fileimport",
                            ),
                        ),
                        (
                            "site",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sessions",
                                to="charging.site",
                            ),
                        ),
                        (
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sessions",
                                to="charging.station",
                            ),
                        ),
                        (
                            "token",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="sessions",
                                to="charging.token",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["station", "-started_at", "-id"], name="session_of_station"),
                            models.Index(
                                fields=["operator", "ended_at", "id"], include=("energy_wh",), name="session_ended"
                            ),
                            models.Index(
                                condition=models.Q(("state", "ACTIVE")),
                                fields=["operator", "-started_at", "-id"],
                                name="session_active",
                            ),
                            models.Index(fields=["operator", "-started_at", "-id"], name="session_newest"),
                            models.Index(fields=["site", "-started_at", "-id"], name="session_of_site"),
                            models.Index(
                                condition=models.Q(("review", ""), _negated=True),
                                fields=["operator", "review", "-started_at", "-id"],
                                name="session_reviewed",
                            ),
                            models.Index(
                                condition=models.Q(("flags", []), _negated=True),
                                fields=["operator", "-started_at", "-id"],
                                name="session_flagged",
                            ),
                            models.Index(
                                condition=models.Q(("driver__isnull", False)),
                                fields=["driver", "-started_at", "-id"],
                                include=("operator", "energy_wh"),
                                name="session_of_driver",
                            ),
                            models.Index(
                                condition=models.Q(("token__isnull", False)),
                                fields=["token", "-started_at"],
                                include=("driver",),
                                name="session_of_token",
                            ),
                            models.Index(
                                condition=models.Q(("flags", []), _negated=True),
                                fields=["site", "-started_at", "-id"],
                                name="session_flagged_at_site",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="session_row_security"),
                            models.UniqueConstraint(
                                fields=("operator", "source", "external_id"), name="session_external_id_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("energy_wh__gte", 0)), name="session_energy_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("ended_at__gte", models.F("started_at"))),
                                name="session_end_after_start",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("state", "ACTIVE"), ("ended_at__isnull", False), _connector="OR"),
                                name="session_completed_has_end",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("series_wh__isnull", True),
                                    models.Q(("series_interval_s__isnull", False), ("series_start__isnull", False)),
                                    _connector="OR",
                                ),
                                name="session_series_complete",
                            ),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=(("file_import", "site", "station", "connector"), ("token", "driver")),
                                name="session_same_operator",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportLook",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                        ("profile", models.CharField(blank=True, max_length=80, verbose_name="profile")),
                        ("said", models.JSONField(default=dict)),
                        ("options", models.JSONField(default=dict)),
                        ("starts", models.BooleanField(default=False)),
                        ("found", models.JSONField(default=dict)),
                        ("requested_by_id", models.BigIntegerField(null=True)),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="looks",
                                to="charging.fileimport",
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
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="import_look_open",
                            ),
                            models.Index(fields=["operator", "file_import", "-id"], name="import_look_newest"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="import_look_row_security"),
                            models.UniqueConstraint(fields=("operator", "id"), name="import_look_of_operator"),
                            tenants.rls.constraints.SameOperator(
                                field="file_import", name="import_look_file_import_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConnectorState",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("AVAILABLE", "available"),
                                    ("CHARGING", "charging"),
                                    ("BLOCKED", "blocked"),
                                    ("RESERVED", "reserved"),
                                    ("INOPERATIVE", "inoperative"),
                                    ("OUTOFORDER", "out of order"),
                                    ("UNKNOWN", "unknown"),
                                ],
                                max_length=12,
                                verbose_name="status",
                            ),
                        ),
                        ("at", models.DateTimeField(verbose_name="since")),
                        (
                            "connector",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="states",
                                to="charging.connector",
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
                        "indexes": [
                            models.Index(fields=["operator", "connector", "-at"], name="connector_state_newest")
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="connector_state_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="connector", name="connector_state_connector_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="EarlierHolder",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("since", models.DateTimeField(null=True, verbose_name="from")),
                        ("until", models.DateTimeField(verbose_name="until")),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
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
                            "token",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="earlier_holders",
                                to="charging.token",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "token", "until"], name="earlier_holder_of_token"),
                            models.Index(fields=["operator", "driver"], name="earlier_holder_by_driver"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="earlier_holder_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="token", name="earlier_holder_token_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="earlier_holder_driver_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("until__gt", models.F("since"))),
                                name="earlier_holder_until_after_since",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportUndo",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                        ("requested_by_id", models.BigIntegerField(null=True)),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="undos",
                                to="charging.fileimport",
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
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=["operator", "id"],
                                name="import_undo_open",
                            ),
                            models.Index(fields=["operator", "file_import", "-id"], name="import_undo_newest"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="import_undo_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="file_import", name="import_undo_file_import_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AccountMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("since", models.DateTimeField(null=True, verbose_name="from")),
                        ("until", models.DateTimeField(null=True, verbose_name="until")),
                        ("pays", models.BooleanField(default=True, verbose_name="pays")),
                        (
                            "account",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="members",
                                to="tenants.account",
                            ),
                        ),
                        (
                            "driver",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="account_times",
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
                            "token",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="account_times",
                                to="charging.token",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "account"], name="account_member_of_account"),
                            models.Index(
                                condition=models.Q(("driver__isnull", False)),
                                fields=["operator", "driver"],
                                name="account_member_by_driver",
                            ),
                            models.Index(
                                condition=models.Q(("token__isnull", False)),
                                fields=["operator", "token"],
                                name="account_member_by_token",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="account_member_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="account", name="account_member_account_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="driver", name="account_member_driver_same_operator"
                            ),
                            tenants.rls.constraints.SameOperator(
                                field="token", name="account_member_token_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("driver__isnull", False), ("token__isnull", True)),
                                    models.Q(("driver__isnull", True), ("token__isnull", False)),
                                    _connector="OR",
                                ),
                                name="account_member_one",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("until__gt", models.F("since"))),
                                name="account_member_until_after_since",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                condition=models.Q(("driver__isnull", False)),
                                expressions=[
                                    (
                                        models.Func(
                                            models.F("driver"),
                                            models.F("driver"),
                                            models.Value("[]"),
                                            function="int8range",
                                        ),
                                        "&&",
                                    ),
                                    (models.Func(models.F("since"), models.F("until"), function="tstzrange"), "&&"),
                                ],
                                name="account_member_driver_once_a_time",
                            ),
                            django.contrib.postgres.constraints.ExclusionConstraint(
                                condition=models.Q(("token__isnull", False)),
                                expressions=[
                                    (
                                        models.Func(
                                            models.F("token"),
                                            models.F("token"),
                                            models.Value("[]"),
                                            function="int8range",
                                        ),
                                        "&&",
                                    ),
                                    (models.Func(models.F("since"), models.F("until"), function="tstzrange"), "&&"),
                                ],
                                name="account_member_token_once_a_time",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Correction",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("line_number", models.BigIntegerField(null=True)),
                        ("said", models.JSONField()),
                        ("before", models.JSONField(null=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[("open", "open"), ("taken_over", "taken over"), ("kept", "not taken over")],
                                default="open",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                        ("settled_at", models.DateTimeField(null=True)),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="corrections",
                                to="charging.fileimport",
                            ),
                        ),
                        (
                            "operator",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="tenants.operator",
                            ),
                        ),
                        (
                            "replaced_by",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replaces",
                                to="charging.chargingsession",
                            ),
                        ),
                        (
                            "session",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="corrections",
                                to="charging.chargingsession",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "session", "id"], name="correction_of_session"),
                            models.Index(
                                condition=models.Q(("state", "open")),
                                fields=["operator", "-id"],
                                name="correction_open",
                            ),
                            models.Index(
                                condition=models.Q(("file_import__isnull", False)),
                                fields=["operator", "file_import"],
                                name="correction_of_file",
                            ),
                            models.Index(
                                condition=models.Q(("replaced_by__isnull", False)),
                                fields=["operator", "replaced_by"],
                                name="correction_replacement",
                            ),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="correction_row_security"),
                            tenants.rls.constraints.SameOperatorInBulk(
                                fields=("session", "file_import", "replaced_by"), name="correction_same_operator"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("state", "open"), ("settled_at__isnull", False), _connector="OR"),
                                name="correction_settled_has_time",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StationCharge",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.IntegerField()),
                        ("said", models.CharField(max_length=200)),
                        ("received_at", models.DateTimeField()),
                        ("id_tag", models.CharField(blank=True, max_length=64)),
                        ("verdict", models.CharField(max_length=20)),
                        ("basis", models.CharField(max_length=20)),
                        ("is_stopped", models.BooleanField(default=False)),
                        (
                            "read_at",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.DateTimeField(), default=list, size=None
                            ),
                        ),
                        (
                            "readings",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), default=list, size=None
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
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="charges",
                                to="charging.station",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["operator", "station", "said"], name="station_charge_said")],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="station_charge_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="station", name="station_charge_station_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "number"), name="station_charge_number_once"),
                            models.UniqueConstraint(
                                condition=models.Q(("is_stopped", False)),
                                fields=("operator", "station", "said"),
                                name="station_charge_open_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StationHalt",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("message", models.BigIntegerField()),
                        ("error", models.CharField(max_length=60)),
                        ("attempts", models.PositiveSmallIntegerField(default=1)),
                        ("since", models.DateTimeField(verbose_name="since")),
                        ("try_at", models.DateTimeField()),
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
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="halts",
                                to="charging.station",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="station_halt_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="station", name="station_halt_station_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "station"), name="station_halt_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StationKnock",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        ("identity", models.CharField(max_length=64, verbose_name="identifier")),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("unknown", "no station has this identifier"),
                                    ("no_password", "the station has no password here yet"),
                                    ("wrong_password", "the password was wrong"),
                                    ("not_in_use", "the station is not in use"),
                                    ("protocol", "it speaks none of our protocols"),
                                ],
                                max_length=20,
                                verbose_name="reason",
                            ),
                        ),
                        ("protocols", models.CharField(blank=True, max_length=60, verbose_name="protocol")),
                        ("address", models.CharField(blank=True, max_length=45, verbose_name="address")),
                        ("first_at", models.DateTimeField(verbose_name="first time")),
                        ("last_at", models.DateTimeField(verbose_name="last time")),
                        ("times", models.PositiveIntegerField(default=1, verbose_name="times")),
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
                        "indexes": [models.Index(fields=["operator", "-last_at", "-id"], name="station_knock_newest")],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="station_knock_row_security"),
                            models.UniqueConstraint(fields=("operator", "identity"), name="station_knock_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StationLink",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("password_kept", models.CharField(max_length=120)),
                        ("password_at", models.DateTimeField(verbose_name="password made")),
                        ("earlier_kept", models.CharField(blank=True, max_length=120)),
                        ("epoch", models.BigIntegerField(default=0)),
                        ("protocol", models.CharField(blank=True, max_length=10, verbose_name="protocol")),
                        ("address", models.CharField(blank=True, max_length=45, verbose_name="address")),
                        ("connected_at", models.DateTimeField(null=True, verbose_name="connected since")),
                        ("seen_at", models.DateTimeField(null=True, verbose_name="last heard of")),
                        ("disconnected_at", models.DateTimeField(null=True, verbose_name="disconnected")),
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
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="links",
                                to="charging.station",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="station_link_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="station", name="station_link_station_same_operator"
                            ),
                            models.UniqueConstraint(fields=("operator", "station"), name="station_link_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StationMessage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("epoch", models.BigIntegerField()),
                        ("received_at", models.DateTimeField(verbose_name="received")),
                        ("action", models.CharField(blank=True, max_length=50, verbose_name="message")),
                        ("message_id", models.CharField(blank=True, max_length=64)),
                        ("raw", models.TextField()),
                        ("answer", models.TextField(blank=True)),
                        ("number", models.IntegerField(null=True)),
                        ("is_read", models.BooleanField(default=False)),
                        ("remark", models.CharField(blank=True, max_length=40)),
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
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="messages",
                                to="charging.station",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "station", "-id"], name="station_message_newest"),
                            models.Index(
                                condition=models.Q(("is_read", False)),
                                fields=["operator", "station", "id"],
                                name="station_message_unread",
                            ),
                            models.Index(fields=["operator", "received_at"], name="station_message_age"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="station_message_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="station", name="station_message_station_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StationCommand",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "public_id",
                            models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("start", "start a charge"),
                                    ("stop", "end a charge"),
                                    ("unlock", "unlock an outlet"),
                                    ("reset", "restart the station"),
                                    ("availability", "take into or out of use"),
                                    ("trigger", "ask for a message"),
                                    ("read_settings", "read the settings"),
                                    ("change_setting", "change a setting"),
                                ],
                                max_length=20,
                                verbose_name="what was asked",
                            ),
                        ),
                        ("wanted", models.JSONField(default=dict)),
                        ("id_tag", models.CharField(blank=True, max_length=64)),
                        ("asked_at", models.DateTimeField(verbose_name="asked")),
                        ("not_after", models.DateTimeField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "waits for the station"),
                                    ("claimed", "is being sent"),
                                    ("sent", "sent, waits for the answer"),
                                    ("answered", "the station said yes"),
                                    ("refused", "the station said no"),
                                    ("timed_out", "the station did not answer"),
                                    ("unknown", "not known whether it arrived"),
                                    ("expired", "not sent: the station was away"),
                                ],
                                default="queued",
                                max_length=20,
                                verbose_name="state",
                            ),
                        ),
                        ("epoch", models.BigIntegerField(null=True)),
                        ("claimed_at", models.DateTimeField(null=True)),
                        ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                        ("done_at", models.DateTimeField(null=True, verbose_name="answered")),
                        ("status", models.CharField(blank=True, max_length=50)),
                        ("answer", models.TextField(blank=True)),
                        (
                            "asked_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
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
                            "station",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="commands",
                                to="charging.station",
                            ),
                        ),
                    ],
                    options={
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["operator", "station", "-id"], name="station_command_newest"),
                            models.Index(
                                condition=models.Q(("state__in", ["queued", "claimed", "sent"])),
                                fields=["operator", "station", "id"],
                                name="station_command_open",
                            ),
                            models.Index(fields=["operator", "asked_at"], name="station_command_age"),
                        ],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="station_command_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="station", name="station_command_station_same_operator"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="KnownSessions",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "sessions",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                        ),
                        (
                            "file_import",
                            tenants.scoping.OwnedForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="known_sessions",
                                to="charging.fileimport",
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
                        "indexes": [models.Index(fields=["operator", "file_import"], name="known_sessions_of_import")],
                        "constraints": [
                            tenants.rls.constraints.RowSecurity(name="known_sessions_row_security"),
                            tenants.rls.constraints.SameOperator(
                                field="file_import", name="known_sessions_file_import_same_operator"
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.RunSQL(Path(__file__).with_name("walls.sql").read_text(encoding="utf-8")),
    ]
