"""Why an import failed is kept as a code and facts; the sentence is made where it is read."""

from django.db import migrations, models

# What stood there was an English sentence. The frequent ones have their code; of the others it is known that they failed.
_CONVERT = """
UPDATE charging_fileimport SET error = CASE
    WHEN error = 'The file is empty.' THEN 'file_empty'
    WHEN error = 'The sheet is empty.' THEN 'sheet_empty'
    WHEN error LIKE 'The file is not text%%' THEN 'file_not_text'
    WHEN error LIKE 'The compressed file is damaged%%' THEN 'file_damaged'
    WHEN error LIKE 'The file cannot be read to its end%%' THEN 'file_breaks_off'
    WHEN error LIKE 'The file is not a workbook%%' THEN 'not_a_workbook'
    WHEN error = 'The workbook has no sheet with rows.' THEN 'workbook_without_rows'
    ELSE 'file_unreadable' END
WHERE error <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("charging", "0002_indexes_of_lists")]

    operations = [
        migrations.AddField("fileimport", "error_facts", models.JSONField(blank=True, default=dict)),
        migrations.RunSQL(_CONVERT.replace("%%", "%"), migrations.RunSQL.noop),
        migrations.AlterField("fileimport", "error", models.CharField(blank=True, max_length=60)),
    ]
