"""An account gets an invoice for each country whose VAT it is charged."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("billing", "0069_references_seen_once")]
    operations = [
        migrations.AddField(
            model_name="invoice",
            name="vat_country",
            field=models.CharField(blank=True, db_default="", default="", max_length=2),
        ),
        migrations.RemoveConstraint(model_name="invoice", name="invoice_drafted_once_a_run"),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaces__isnull", True)),
                fields=("operator", "run", "account", "vat_country"),
                name="invoice_drafted_once_a_run",
            ),
        ),
    ]
