"""Privacy notices, requests of people about their data with their copies and limits, and consents asked again."""

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models


# As in 0002: whoever asks, the owner as well.
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tenants_privacynotice
FOR EACH STATEMENT EXECUTE FUNCTION append_only()
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("tenants", "0032_processing"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="consentnotice",
            name="asks_again",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="PersonRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("access", "copy of the data, art. 15"),
                            ("rectification", "correction, art. 16"),
                            ("erasure", "erasure, art. 17"),
                            ("restriction", "restriction, art. 18"),
                            ("portability", "data to take along, art. 20"),
                            ("objection", "objection, art. 21"),
                        ],
                        max_length=14,
                        verbose_name="what is asked for",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("portal", "portal"),
                            ("email", "e-mail"),
                            ("letter", "letter"),
                            ("phone", "phone"),
                            ("visit", "in person"),
                        ],
                        default="portal",
                        max_length=8,
                        verbose_name="how it came",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("answered", "answered"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("text", models.TextField(blank=True, max_length=5000, verbose_name="in the person's words")),
                (
                    "identity_checked",
                    models.CharField(blank=True, max_length=300, verbose_name="how the identity was checked"),
                ),
                ("received_on", models.DateField(verbose_name="received")),
                ("due_on", models.DateField(verbose_name="to be answered by")),
                ("extended_at", models.DateTimeField(null=True)),
                ("extension_reason", models.TextField(blank=True, max_length=2000, verbose_name="why it takes longer")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="answered")),
                ("answer", models.TextField(blank=True, max_length=5000, verbose_name="answer")),
                ("entered_by_id", models.BigIntegerField(null=True)),
                ("closed_by_id", models.BigIntegerField(null=True)),
                (
                    "driver",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
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
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PersonPackage",
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
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("language", models.CharField(max_length=5)),
                ("file", models.FileField(blank=True, max_length=300, upload_to="")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("size", models.BigIntegerField(default=0)),
                ("made_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("fetched_at", models.DateTimeField(null=True)),
                ("requested_by_id", models.BigIntegerField(null=True)),
                (
                    "driver",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packages",
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
                    "request",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packages",
                        to="tenants.personrequest",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PrivacyNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("language", models.CharField(max_length=5)),
                ("title", models.CharField(max_length=100, verbose_name="title")),
                ("text", models.TextField(verbose_name="text")),
                ("text_sha256", models.CharField(editable=False, max_length=64)),
                ("published_at", models.DateTimeField()),
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
            },
        ),
        migrations.CreateModel(
            name="ProcessingLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("restriction", "restricted"), ("objection", "objects")], max_length=12),
                ),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "driver",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="limits",
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
                    "request",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="limits",
                        to="tenants.personrequest",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="NoticeDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("words", models.JSONField(default=dict)),
                ("changed_by_id", models.BigIntegerField(null=True)),
                ("changed_at", models.DateTimeField()),
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
                    "purpose",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="tenants.consentpurpose",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="notice_draft_row_security"),
                    tenants.rls.constraints.SameOperator(field="purpose", name="notice_draft_purpose_same_operator"),
                    models.UniqueConstraint(
                        fields=("operator", "purpose"), name="notice_draft_once", nulls_distinct=False
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticeLetters",
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
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("version", models.PositiveIntegerField()),
                ("link", models.TextField()),
                ("up_to", models.BigIntegerField(default=0)),
                ("started_by_id", models.BigIntegerField(null=True)),
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
                    "purpose",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="letters",
                        to="tenants.consentpurpose",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["operator", "id"],
                        name="notice_letters_open",
                    )
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="notice_letters_row_security"),
                    tenants.rls.constraints.SameOperator(field="purpose", name="notice_letters_purpose_same_operator"),
                    models.UniqueConstraint(
                        fields=("operator", "purpose", "version"), name="notice_letters_once", nulls_distinct=False
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="personrequest",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["operator", "due_on", "id"], name="person_request_open"
            ),
        ),
        migrations.AddIndex(
            model_name="personrequest",
            index=models.Index(fields=["operator", "-closed_at", "-id"], name="person_request_closed"),
        ),
        migrations.AddIndex(
            model_name="personrequest",
            index=models.Index(fields=["operator", "driver", "-id"], name="person_request_of_driver"),
        ),
        migrations.AddConstraint(
            model_name="personrequest",
            constraint=tenants.rls.constraints.RowSecurity(name="person_request_row_security"),
        ),
        migrations.AddConstraint(
            model_name="personrequest",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="person_request_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="personrequest",
            constraint=tenants.rls.constraints.SameOperator(field="driver", name="person_request_driver_same_operator"),
        ),
        migrations.AddIndex(
            model_name="personpackage",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=["operator", "id"],
                name="person_package_open",
            ),
        ),
        migrations.AddIndex(
            model_name="personpackage",
            index=models.Index(
                condition=models.Q(("file", ""), _negated=True),
                fields=["operator", "expires_at"],
                name="person_package_age",
            ),
        ),
        migrations.AddIndex(
            model_name="personpackage",
            index=models.Index(fields=["operator", "driver", "-id"], name="person_package_of_driver"),
        ),
        migrations.AddConstraint(
            model_name="personpackage",
            constraint=tenants.rls.constraints.RowSecurity(name="person_package_row_security"),
        ),
        migrations.AddConstraint(
            model_name="personpackage",
            constraint=tenants.rls.constraints.SameOperator(field="driver", name="person_package_driver_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="personpackage",
            constraint=tenants.rls.constraints.SameOperator(
                field="request", name="person_package_request_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="personpackage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=("operator", "driver"),
                name="person_package_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="privacynotice",
            constraint=tenants.rls.constraints.RowSecurity(name="privacy_notice_row_security"),
        ),
        migrations.AddConstraint(
            model_name="privacynotice",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="privacy_notice_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="privacynotice",
            constraint=models.UniqueConstraint(
                fields=("operator", "version", "language"), name="privacy_notice_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="processinglimit",
            constraint=tenants.rls.constraints.RowSecurity(name="processing_limit_row_security"),
        ),
        migrations.AddConstraint(
            model_name="processinglimit",
            constraint=tenants.rls.constraints.SameOperator(
                field="driver", name="processing_limit_driver_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="processinglimit",
            constraint=tenants.rls.constraints.SameOperator(
                field="request", name="processing_limit_request_same_operator"
            ),
        ),
        migrations.AddConstraint(
            model_name="processinglimit",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("operator", "driver", "kind"), name="processing_limit_once"
            ),
        ),
        migrations.RunSQL(APPEND_ONLY, "DROP TRIGGER append_only ON tenants_privacynotice"),
    ]
