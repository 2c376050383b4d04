import django.contrib.postgres.fields
from django.db import migrations, models

import charging.models.reasons


class Migration(migrations.Migration):
    dependencies = [("charging", "0001_initial")]

    operations = [
        migrations.RemoveField(model_name="rejectedrow", name="message"),
        migrations.AddField(model_name="fileimport", name="blank_lines", field=models.BigIntegerField(default=0)),
        migrations.AddField(
            model_name="fileimport",
            name="committed_chunks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AddField(model_name="fileimport", name="created", field=models.JSONField(default=dict)),
        migrations.AddField(
            model_name="rejectedrow",
            name="reasons",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="rejectedrow",
            name="reason",
            field=models.CharField(
                choices=charging.models.reasons.reject_choices, max_length=40, verbose_name="reason"
            ),
        ),
    ]
