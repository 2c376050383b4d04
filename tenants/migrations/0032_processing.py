"""Purposes of processing, who may say them, and the role of who answers for personal data.

A new database gives the permissions with the roles. Who a second factor is required of stays as each operator has
it, with the new role where the auditor's is required.
"""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenants.identifiers
import tenants.rls.constraints

GRANTS = """
INSERT INTO auth_permission (name, content_type_id, codename)
SELECT n.name, t.id, n.codename FROM django_content_type t, (VALUES
    ('See what personal data is processed for', 'view_privacy'),
    ('Say what personal data is processed for, and answer people about theirs', 'manage_privacy')
) n(name, codename)
WHERE t.app_label = 'tenants' AND t.model = 'operator' AND EXISTS (SELECT 1 FROM tenants_membership)
ON CONFLICT DO NOTHING;
INSERT INTO tenants_operatorgrant (user_id, content_object_id, permission_id)
SELECT DISTINCT m.user_id, m.operator_id, p.id FROM tenants_membership m
JOIN django_content_type t ON t.app_label = 'tenants' AND t.model = 'operator'
JOIN auth_permission p ON p.content_type_id = t.id
    AND (p.codename = 'view_privacy' AND m.role IN ('owner', 'auditor')
        OR p.codename = 'manage_privacy' AND m.role = 'owner')
WHERE NOT m.limited_to_sites
ON CONFLICT DO NOTHING;
UPDATE tenants_operator SET factor_required_of = factor_required_of || ARRAY['privacy']::varchar(12)[]
WHERE 'auditor' = ANY(factor_required_of);
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("tenants", "0031_views_of_the_operator"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations: ClassVar = [
        migrations.AlterModelOptions(
            name="operator",
            options={
                "default_permissions": (),
                "permissions": [
                    ("view_overview", "See the overview"),
                    ("view_network", "See sites and stations"),
                    ("manage_network", "Change sites and stations"),
                    ("view_sessions", "See charging sessions"),
                    ("review_sessions", "Decide on sessions under review"),
                    ("import_sessions", "Import sessions from files"),
                    ("view_drivers", "See drivers and cards"),
                    ("manage_drivers", "Change drivers and cards"),
                    ("manage_accounts", "Change payers and who belongs to them"),
                    ("view_tariffs", "See tariffs"),
                    ("manage_tariffs", "Make and publish tariffs"),
                    ("view_invoices", "See runs and invoices"),
                    ("run_billing", "Start invoice runs"),
                    ("issue_invoices", "Issue invoices and credit notes"),
                    ("export_finance", "Download invoices for accounting"),
                    ("view_consents", "See consents and their proof"),
                    ("view_audit", "See the audit log"),
                    ("view_people", "See members"),
                    ("manage_people", "Invite, change and remove members"),
                    ("manage_operator", "Change the operator's details"),
                    ("manage_security", "Change how people sign in and what needs a second person"),
                    ("manage_keys", "Make and revoke API keys"),
                    ("export_drivers", "Download the personal data of all drivers"),
                    ("view_approvals", "See what waits for a second person"),
                    ("view_privacy", "See what personal data is processed for"),
                    ("manage_privacy", "Say what personal data is processed for, and answer people about theirs"),
                    ("use_driver_pages", "See one's own charging"),
                    ("use_payer_pages", "See the invoices of one's own company or association"),
                ],
            },
        ),
        migrations.AddField(
            model_name="operator",
            name="privacy_contact",
            field=models.CharField(blank=True, max_length=200, verbose_name="contact for personal data"),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="role",
            field=models.CharField(
                choices=[
                    ("owner", "Owner"),
                    ("operations", "Operations"),
                    ("finance", "Finance"),
                    ("support", "Support"),
                    ("auditor", "Auditor"),
                    ("privacy", "Data protection"),
                    ("driver", "Driver"),
                    ("payer", "Payer"),
                ],
                max_length=12,
                verbose_name="role",
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="role",
            field=models.CharField(
                choices=[
                    ("owner", "Owner"),
                    ("operations", "Operations"),
                    ("finance", "Finance"),
                    ("support", "Support"),
                    ("auditor", "Auditor"),
                    ("privacy", "Data protection"),
                    ("driver", "Driver"),
                    ("payer", "Payer"),
                ],
                max_length=12,
                verbose_name="role",
            ),
        ),
        migrations.CreateModel(
            name="ProcessingPurpose",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("code", models.SlugField(db_index=False, max_length=40, verbose_name="code")),
                ("title", models.CharField(blank=True, max_length=100, verbose_name="purpose")),
                ("why", models.TextField(blank=True, max_length=2000, verbose_name="what it is for")),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("consent", "consent, art. 6(1)(a)"),
                            ("contract", "contract, art. 6(1)(b)"),
                            ("law", "legal obligation, art. 6(1)(c)"),
                            ("vital", "vital interests, art. 6(1)(d)"),
                            ("public", "public interest, art. 6(1)(e)"),
                            ("interest", "legitimate interest, art. 6(1)(f)"),
                        ],
                        max_length=10,
                        verbose_name="lawful basis",
                    ),
                ),
                ("law", models.CharField(blank=True, max_length=200, verbose_name="law")),
                (
                    "people",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="people",
                    ),
                ),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="data",
                    ),
                ),
                ("recipients", models.TextField(blank=True, max_length=1000, verbose_name="other recipients")),
                (
                    "transfers",
                    models.TextField(blank=True, max_length=1000, verbose_name="transfers out of the EU and EEA"),
                ),
                ("kept", models.CharField(blank=True, max_length=300, verbose_name="kept")),
                ("is_used", models.BooleanField(default=True, verbose_name="in use")),
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
            options={"default_permissions": ()},
        ),
        migrations.AddConstraint(
            model_name="processingpurpose",
            constraint=tenants.rls.constraints.RowSecurity(name="processing_purpose_row_security"),
        ),
        migrations.AddConstraint(
            model_name="processingpurpose",
            constraint=models.UniqueConstraint(fields=("operator", "id"), name="processing_purpose_of_operator"),
        ),
        migrations.AddConstraint(
            model_name="processingpurpose",
            constraint=models.UniqueConstraint(fields=("operator", "code"), name="processing_purpose_code_once"),
        ),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]
