"""How large a group must be that statistics show."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0051_names_in_clear_are_gone")]

    operations = [
        migrations.AddField(
            model_name="operator",
            name="smallest_group",
            field=models.PositiveSmallIntegerField(
                default=5,
                validators=[
                    django.core.validators.MinValueValidator(3),
                    django.core.validators.MaxValueValidator(100),
                ],
                verbose_name="smallest group in statistics",
            ),
        ),
    ]
