import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_platform_people_are_kept")]

    operations = [
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
                    ("manage_operator", "Change the operator's particulars"),
                    ("manage_security", "Change how people sign in and what needs a second person"),
                    ("manage_keys", "Make and revoke API keys"),
                    ("export_drivers", "Download the personal data of all drivers"),
                    ("view_approvals", "See what waits for a second person"),
                    ("use_driver_pages", "See one's own charging"),
                ],
            },
        ),
        migrations.AlterField(
            model_name="approval",
            name="action",
            field=models.CharField(
                choices=[
                    ("publish_tariff", "publish a tariff"),
                    ("issue_run", "issue a run's invoices"),
                    ("export_personal_data", "download personal data in bulk"),
                    ("switch_off", "let one person act alone again"),
                ],
                max_length=30,
                verbose_name="act",
            ),
        ),
        migrations.AlterField(
            model_name="approval",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting for a second person"),
                    ("approved", "approved"),
                    ("refused", "refused"),
                    ("withdrawn", "withdrawn"),
                    ("used", "carried out"),
                    ("outdated", "no longer valid"),
                    ("expired", "expired"),
                ],
                default="waiting",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="browsersession",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AlterField(
            model_name="browsersession",
            name="last_seen_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
    ]
