"""Let timetables hand files over to an SFTP server whose key a person has confirmed."""

from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [
        ("billing", "0060_documents_for_books"),
    ]

    operations = [
        migrations.AddField(
            model_name="exporttimetable",
            name="confirmed_at",
            field=models.DateTimeField(null=True, verbose_name="confirmed"),
        ),
        migrations.AddField(
            model_name="exporttimetable",
            name="fingerprint",
            field=models.CharField(blank=True, default="", max_length=80, verbose_name="fingerprint"),
        ),
        migrations.AddField(
            model_name="exporttimetable",
            name="host_key",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="exporttimetable",
            name="public_key",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AlterField(
            model_name="exporttimetable",
            name="to",
            field=models.CharField(
                choices=[
                    ("link", "a letter with a link"),
                    ("folder", "a folder of this server"),
                    ("https", "an address, signed"),
                    ("sftp", "an SFTP server"),
                ],
                max_length=6,
                verbose_name="to",
            ),
        ),
    ]
