from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("charging", "0003_errors_as_codes")]

    operations = [
        migrations.RemoveIndex(model_name="chargingsession", name="session_of_driver"),
        migrations.AddIndex(
            model_name="chargingsession",
            index=models.Index(
                condition=models.Q(driver__isnull=False),
                fields=["driver", "-started_at", "-id"],
                include=["operator", "energy_wh"],
                name="session_of_driver",
            ),
        ),
        migrations.AddIndex(
            model_name="chargingsession",
            index=models.Index(
                condition=models.Q(token__isnull=False, driver__isnull=True),
                fields=["token"],
                name="session_without_payer",
            ),
        ),
    ]
