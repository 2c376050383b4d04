"""A re-rating keeps what each session comes to more, and what its new lines say."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0109_paid_too_much")]

    operations = [
        migrations.AddField(
            model_name="rerateitem",
            name="differences",
            field=ArrayField(models.DecimalField(max_digits=14, decimal_places=2), default=list),
        ),
        migrations.AddField(model_name="rerateitem", name="said", field=models.CharField(blank=True, max_length=64)),
    ]
