from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0029_prices_include_vat")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="operator",
            name="rounds_to_crowns",
            field=models.BooleanField(default=False, verbose_name="round to whole kronor"),
        ),
    ]
