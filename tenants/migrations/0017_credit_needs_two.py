from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0016_work_is_a_row")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="approval",
            name="action",
            field=models.CharField(
                choices=[
                    ("publish_tariff", "publish a tariff"),
                    ("issue_run", "issue a run's invoices"),
                    ("export_personal_data", "download personal data in bulk"),
                    ("credit_invoice", "credit an invoice"),
                    ("switch_off", "let one person act alone again"),
                ],
                max_length=30,
                verbose_name="act",
            ),
        ),
    ]
