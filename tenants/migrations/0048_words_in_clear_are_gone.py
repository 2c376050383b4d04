from django.db import migrations

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("tenants", "0047_words_are_sealed")]
    operations = [
        migrations.RemoveField(model_name="personrequest", name="was_text"),
        migrations.RemoveField(model_name="personrequest", name="was_identity_checked"),
        migrations.RemoveField(model_name="personrequest", name="was_extension_reason"),
        migrations.RemoveField(model_name="personrequest", name="was_answer"),
        migrations.RemoveField(model_name="legalhold", name="was_reason"),
        migrations.RemoveField(model_name="erasure", name="was_answer"),
    ]
