from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_stale_days")]

    operations = [
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["operator", "run", "-amount_due", "id"], name="invoice_largest_of_run"),
        ),
    ]
