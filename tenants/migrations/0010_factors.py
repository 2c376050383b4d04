"""Authenticators of our own with encrypted seeds; owners always need a second factor.

The table was not used before, so its new identifier needs no filling in. The library's table of seeds in clear goes.
"""

from django.db import migrations, models

import tenants.identifiers


class Migration(migrations.Migration):
    dependencies = [("tenants", "0009_second_person")]

    operations = [
        migrations.AddField(
            model_name="totpdevice",
            name="public_id",
            field=models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
        ),
        migrations.AddConstraint(
            model_name="operator",
            constraint=models.CheckConstraint(
                condition=models.Q(("factor_required_of__contains", ["owner"])), name="operator_owners_need_a_factor"
            ),
        ),
        migrations.RunSQL("DROP TABLE IF EXISTS otp_totp_totpdevice", migrations.RunSQL.noop),
    ]
