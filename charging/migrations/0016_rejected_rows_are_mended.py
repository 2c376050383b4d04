from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("charging", "0015_merges"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("rejectedrow", "mended", models.JSONField(null=True)),
        migrations.AddField("rejectedrow", "settled_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "rejectedrow",
            "settled_by",
            models.ForeignKey(
                null=True,
                on_delete=models.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "rejectedrow",
            "settled",
            models.CharField(
                blank=True,
                choices=[
                    ("", "open"),
                    ("taken_over", "taken over"),
                    ("left", "left out"),
                    ("mended", "mended"),
                ],
                default="",
                max_length=10,
                verbose_name="settled",
            ),
        ),
    ]
