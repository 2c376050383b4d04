from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("charging", "0030_notes_in_clear_are_gone")]

    operations = [
        # A key of RSA with 4096 bits is 1,100 signs long.
        migrations.AlterField("meterkey", "public_key", models.CharField(max_length=1200, verbose_name="public key")),
    ]
