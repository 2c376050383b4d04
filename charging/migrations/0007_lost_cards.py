from django.db import migrations, models


class Migration(migrations.Migration):
    """A column without a default: no row is written anew."""

    dependencies = [
        ("charging", "0006_import_is_work"),
    ]

    operations = [
        migrations.AddField("token", "lost_at", models.DateTimeField(blank=True, null=True)),
    ]
