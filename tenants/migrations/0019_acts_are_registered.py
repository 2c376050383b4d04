from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0018_write_security")]

    operations = [
        migrations.AlterField(
            model_name="approval", name="action", field=models.CharField(max_length=30, verbose_name="act")
        )
    ]
