from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("charging", "0019_known_sessions"),
        ("tenants", "0030_rounds_to_crowns"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="chargingsession",
            index=models.Index(
                condition=models.Q(("flags", []), _negated=True),
                fields=["site", "-started_at", "-id"],
                name="session_flagged_at_site",
            ),
        ),
        migrations.AddIndex(
            model_name="token",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["operator", "merged_into"],
                name="token_merged",
            ),
        ),
    ]
