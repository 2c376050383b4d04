"""A permission to change payers, for the owners and finance people there are; a new database gives it with the roles."""

from typing import ClassVar

from django.db import migrations

GRANTS = """
INSERT INTO auth_permission (name, content_type_id, codename)
SELECT 'Change payers and who belongs to them', t.id, 'manage_accounts' FROM django_content_type t
WHERE t.app_label = 'tenants' AND t.model = 'operator' AND EXISTS (SELECT 1 FROM tenants_membership)
ON CONFLICT DO NOTHING;
INSERT INTO tenants_operatorgrant (user_id, content_object_id, permission_id)
SELECT DISTINCT m.user_id, m.operator_id, p.id FROM tenants_membership m
JOIN django_content_type t ON t.app_label = 'tenants' AND t.model = 'operator'
JOIN auth_permission p ON p.content_type_id = t.id AND p.codename = 'manage_accounts'
WHERE m.role IN ('owner', 'finance') AND NOT m.limited_to_sites
ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("tenants", "0025_every_driver_has_an_account"),
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
                    ("use_driver_pages", "See one's own charging"),
                ],
            },
        ),
        migrations.RunSQL(GRANTS),
    ]
