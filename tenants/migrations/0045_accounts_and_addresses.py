from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0044_consent_papers")]
    operations = [
        migrations.AddField(
            model_name="operator",
            name="iban",
            field=models.CharField(blank=True, max_length=34, verbose_name="IBAN"),
        ),
        migrations.AddField(
            model_name="operator",
            name="gln",
            field=models.CharField(blank=True, max_length=13, verbose_name="GLN"),
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="gln",
            field=models.CharField(blank=True, max_length=13, verbose_name="GLN"),
        ),
    ]
