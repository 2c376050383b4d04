from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("billing", "0038_seal_documents")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="runremark",
            name="code",
            field=models.CharField(
                choices=[
                    ("more", "much more than usual"),
                    ("less", "much less than usual"),
                    ("first", "a first invoice, and a large one"),
                    ("nothing", "no invoice this time"),
                    ("moved", "sessions moved to another payer"),
                ],
                max_length=8,
            ),
        ),
    ]
