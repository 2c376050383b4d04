"""A file of payments says to which accounts the money came, and whether a person said that they are the operator's."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0095_parts_held_by_key")]

    operations = [
        migrations.AddField(
            model_name="paymentfile",
            name="accounts",
            field=ArrayField(base_field=models.CharField(max_length=40), null=True, size=None),
        ),
        migrations.AddField(
            model_name="paymentfile",
            name="is_ours",
            field=models.BooleanField(db_default=False, default=False, verbose_name="accounts confirmed"),
        ),
    ]
