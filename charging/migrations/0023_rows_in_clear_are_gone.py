from django.db import migrations

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0022_rows_are_sealed")]
    operations = [
        migrations.RemoveField(model_name="rejectedrow", name="was_cells"),
        migrations.RemoveField(model_name="rejectedrow", name="was_mended"),
        migrations.RemoveField(model_name="rejectedrow", name="was_facts"),
        migrations.RemoveField(model_name="importlook", name="was_found"),
    ]
