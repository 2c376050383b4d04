from django.db import migrations


class Migration(migrations.Migration):
    """Views that were kept of the list of sessions ask for the compartment of the reconciliation by its name."""

    dependencies = [("tenants", "0053_seal_reset_reasons")]
    operations = [
        migrations.RunSQL(
            "UPDATE tenants_savedview SET query = regexp_replace(query, '(^|[?&])place=', '\\1compartment=')"
            " WHERE list_name = 'sessions' AND query ~ '(^|[?&])place=' AND length(query) < 1990"
        )
    ]
