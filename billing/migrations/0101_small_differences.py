"""What is given up may be a small difference, which is booked as rounding."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0100_whose_account_is_paid")]

    operations = [
        migrations.AlterField(
            model_name="writeoff",
            name="why",
            field=models.CharField(
                choices=[
                    ("bankruptcy", "the payer is bankrupt"),
                    ("enforcement", "enforcement found nothing to take"),
                    ("composition", "a composition or debt relief leaves it unpaid"),
                    ("barred", "the claim is time-barred"),
                    ("not_worth", "collecting it costs more than it is"),
                    ("waived", "it is waived"),
                    ("difference", "a small difference, of less than 1.00"),
                ],
                max_length=12,
                verbose_name="why",
            ),
        ),
    ]
