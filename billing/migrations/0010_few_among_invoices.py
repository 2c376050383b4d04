from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0009_renderings")]

    operations = [
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(("kind", "credit_note")),
                fields=["operator", "-month", "-id"],
                name="invoice_credit_notes",
            ),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(state="draft"), fields=["operator", "-month", "-id"], name="invoice_drafts"
            ),
        ),
    ]
