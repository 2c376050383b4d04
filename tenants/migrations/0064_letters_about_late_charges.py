from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0056_books_keys")]

    operations = [
        migrations.AddField(
            "driver",
            "mails_late",
            models.BooleanField(default=True, verbose_name="letters about late charges"),
        ),
    ]
