from django.db import migrations

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("tenants", "0067_views_are_sealed")]
    operations = [
        migrations.RemoveField(model_name="savedview", name="was_name"),
        migrations.RemoveField(model_name="savedview", name="was_query"),
    ]
