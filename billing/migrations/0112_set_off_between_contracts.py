"""What a host owes of an ended contract is paid by its other ones."""

from django.db import migrations, models
from django.db.models import F, Q

_CARRIES = "host_statement_carries"


class Migration(migrations.Migration):
    dependencies = [("billing", "0111_disputed_in_part")]

    operations = [
        migrations.AddField(
            model_name="hoststatement",
            name="set_off",
            field=models.DecimalField(db_default=0, decimal_places=2, default=0, max_digits=14),
        ),
        migrations.RemoveConstraint(model_name="hoststatement", name=_CARRIES),
        migrations.AddConstraint(
            model_name="hoststatement",
            constraint=models.CheckConstraint(
                condition=Q(carried_out=F("carried_in") + F("amount") + F("set_off") - F("payout")), name=_CARRIES
            ),
        ),
    ]
