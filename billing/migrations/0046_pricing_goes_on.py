"""How far the pricing of an operator has come: a row an operator."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0045_discounts")]

    operations: ClassVar = [
        migrations.AddField(model_name="pricing", name="reached", field=models.BigIntegerField(default=0))
    ]
