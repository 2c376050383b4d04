"""What stands in the way of a price or an invoice is kept as a code and facts; sentences are made where they are read."""

from django.db import migrations, models

# The kernel's sentences named instants as OCPI writes them: the earlier one is the start, the later one the end.
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_CONVERT = rf"""
WITH told AS (
    SELECT p.id, array(SELECT m[1] FROM regexp_matches(p.problem_message, '({_INSTANT})', 'g') AS m ORDER BY 1) AS at,
        (regexp_match(p.problem_message, 'zone, not ''(.*)''\.'))[1] AS zone,
        (regexp_match(p.problem_message, 'given are (.*)\.'))[1] AS tariffs,
        (regexp_match(p.problem_message, 'currency, not in (.*)\.'))[1] AS currencies
    FROM billing_sessionprice p WHERE p.state = 'problem' AND p.problem_message <> ''
)
UPDATE billing_sessionprice p SET problem_facts = jsonb_strip_nulls(jsonb_build_object(
    'start', told.at[1], 'end', told.at[2], 'zone', told.zone, 'tariffs', told.tariffs, 'currencies', told.currencies))
FROM told WHERE told.id = p.id
"""  # noqa: S608  # constants


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_never_emptied")]

    operations = [
        migrations.AddField("sessionprice", "problem_facts", models.JSONField(default=dict)),
        migrations.AddField("runproblem", "facts", models.JSONField(default=dict)),
        migrations.RunSQL(_CONVERT, migrations.RunSQL.noop),
        migrations.RemoveField("sessionprice", "problem_message"),
        migrations.RemoveField("runproblem", "message"),
    ]
