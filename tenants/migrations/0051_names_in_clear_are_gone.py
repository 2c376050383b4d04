from django.db import migrations

from tenants.migrations._at_once import DrawnOnce

#: Words are marked with a key of each operator's own from now on: what is found by names is indexed anew.
ANEW = "UPDATE tenants_searchindex SET key = '' WHERE subject = 'names'"


class Migration(DrawnOnce):
    dependencies = [("tenants", "0050_names_are_sealed")]
    operations = [
        migrations.RemoveField(model_name="driveridentity", name="was_name"),
        migrations.RemoveField(model_name="driveridentity", name="was_city"),
        migrations.RemoveField(model_name="driveridentity", name="was_organisation_number"),
        migrations.RemoveField(model_name="driveridentity", name="was_vat_number"),
        migrations.RemoveField(model_name="driveridentity", name="was_gln"),
        migrations.RunSQL(ANEW, migrations.RunSQL.noop),
    ]
