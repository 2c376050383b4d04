"""What was paid too much is found without a look through all that is open."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("billing", "0106_assigned_meanwhile")]

    operations = [
        migrations.AddIndex(
            model_name="receivable",
            index=models.Index(
                fields=["operator", "due_on", "id"], name="receivable_too_much", condition=Q(rest__lt=0)
            ),
        ),
    ]
