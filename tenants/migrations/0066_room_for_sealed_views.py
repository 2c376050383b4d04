from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

import tenants.sealed_fields


class Migration(DrawnOnce):
    """What views of lists are called and narrow to is kept aside, to be sealed into columns of the same names."""

    dependencies = [("tenants", "0061_people_who_sign_in_are_sealed")]
    operations = [
        migrations.RemoveConstraint(model_name="savedview", name="saved_view_once"),
        migrations.RenameField(model_name="savedview", old_name="name", new_name="was_name"),
        migrations.AddField(
            model_name="savedview",
            name="name",
            field=tenants.sealed_fields.SealedCharField(default="", max_length=60, verbose_name="name"),
            preserve_default=False,
        ),
        migrations.RenameField(model_name="savedview", old_name="query", new_name="was_query"),
        migrations.AddField(
            model_name="savedview",
            name="query",
            field=tenants.sealed_fields.SealedCharField(default="", max_length=2000),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="savedview",
            index=models.Index(fields=["operator", "list_name", "user"], name="saved_view_of_list"),
        ),
    ]
