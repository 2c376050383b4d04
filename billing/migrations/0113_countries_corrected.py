"""It is noted on drafts that the country of a site, or the operator's own, was corrected."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0112_set_off_between_contracts")]

    operations = [
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
                    ("priced", "another tariff was assigned"),
                    ("country", "a country was corrected"),
                ],
                max_length=8,
            ),
        ),
    ]
