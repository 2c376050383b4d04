"""What of a command is hidden, and by which key it is sealed; what stood in clear of those that are over is masked."""

from django.db import migrations, models

_MASK = """
    UPDATE charging_stationcommand
    SET wanted = jsonb_set(wanted, '{location}', to_jsonb(regexp_replace(wanted ->> 'location', '//[^/@[:space:]]+@', '//…@')))
    WHERE kind IN ('update_firmware', 'get_log') AND state NOT IN ('queued', 'claimed')
        AND wanted ->> 'location' ~ '//[^/@[:space:]]+@'
"""


class Migration(migrations.Migration):
    dependencies = [("charging", "0025_settings")]

    operations = [
        migrations.AddField("stationcommand", "hidden", models.BinaryField(null=True)),
        migrations.AddField("stationlink", "seal_key", models.CharField(blank=True, editable=False, max_length=64)),
        migrations.RunSQL(_MASK, migrations.RunSQL.noop),
    ]
