"""That what is open of each invoice adds up is proved, while others go on reading and writing."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("billing", "0053_losses_and_payouts")]

    operations = [ValidateConstraint("receivable", "receivable_rest_adds_up")]
