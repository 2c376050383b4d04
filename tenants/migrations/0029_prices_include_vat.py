from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("tenants", "0028_payers")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="operator",
            name="prices_include_vat",
            field=models.BooleanField(default=True, verbose_name="prices including VAT"),
        ),
    ]
