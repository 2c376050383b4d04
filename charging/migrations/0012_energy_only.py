"""A decision about a session: bill its energy, and nothing else. Only the names of choices change."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("charging", "0011_import_undo")]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="chargingsession",
            name="review",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "not needed"),
                    ("pending", "under review"),
                    ("approved", "approved"),
                    ("energy_only", "energy only"),
                    ("written_off", "written off"),
                ],
                default="",
                max_length=12,
                verbose_name="review",
            ),
        ),
    ]
