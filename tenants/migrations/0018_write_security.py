import tenants.rls.constraints
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0017_credit_needs_two"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="factorreset",
            constraint=tenants.rls.constraints.WriteSecurity(
                adds=True, column="operator_id", name="factor_reset_writes"
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=tenants.rls.constraints.WriteSecurity(adds=True, column="operator_id", name="invitation_writes"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=tenants.rls.constraints.WriteSecurity(adds=True, column="operator_id", name="membership_writes"),
        ),
        migrations.AddConstraint(
            model_name="operator",
            constraint=tenants.rls.constraints.WriteSecurity(adds=False, column="id", name="operator_writes"),
        ),
        migrations.AddConstraint(
            model_name="operatorgrant",
            constraint=tenants.rls.constraints.WriteSecurity(
                adds=True, column="content_object_id", name="operator_grant_writes"
            ),
        ),
        migrations.AddConstraint(
            model_name="platformvisit",
            constraint=tenants.rls.constraints.WriteSecurity(
                adds=True, column="operator_id", name="platform_visit_writes"
            ),
        ),
    ]
