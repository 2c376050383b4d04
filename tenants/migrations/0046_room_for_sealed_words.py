from django.db import migrations

from tenants.migrations._at_once import DrawnOnce

import tenants.sealed_fields


class Migration(DrawnOnce):
    """What people wrote is kept aside, to be sealed into columns of the same names."""

    dependencies = [("tenants", "0045_accounts_and_addresses")]
    operations = [
        migrations.RenameField(model_name="personrequest", old_name="text", new_name="was_text"),
        migrations.AddField(
            model_name="personrequest",
            name="text",
            field=tenants.sealed_fields.SealedTextField(
                blank=True, default="", max_length=5000, verbose_name="in the person's words"
            ),
            preserve_default=False,
        ),
        migrations.RenameField(
            model_name="personrequest", old_name="identity_checked", new_name="was_identity_checked"
        ),
        migrations.AddField(
            model_name="personrequest",
            name="identity_checked",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=300, verbose_name="how the identity was checked"
            ),
            preserve_default=False,
        ),
        migrations.RenameField(
            model_name="personrequest", old_name="extension_reason", new_name="was_extension_reason"
        ),
        migrations.AddField(
            model_name="personrequest",
            name="extension_reason",
            field=tenants.sealed_fields.SealedTextField(
                blank=True, default="", max_length=2000, verbose_name="why it takes longer"
            ),
            preserve_default=False,
        ),
        migrations.RenameField(model_name="personrequest", old_name="answer", new_name="was_answer"),
        migrations.AddField(
            model_name="personrequest",
            name="answer",
            field=tenants.sealed_fields.SealedTextField(blank=True, default="", max_length=5000, verbose_name="answer"),
            preserve_default=False,
        ),
        migrations.RenameField(model_name="legalhold", old_name="reason", new_name="was_reason"),
        migrations.AddField(
            model_name="legalhold",
            name="reason",
            field=tenants.sealed_fields.SealedCharField(default="", max_length=500, verbose_name="why"),
            preserve_default=False,
        ),
        migrations.RenameField(model_name="erasure", old_name="answer", new_name="was_answer"),
        migrations.AddField(
            model_name="erasure",
            name="answer",
            field=tenants.sealed_fields.SealedTextField(blank=True, default="", max_length=5000),
            preserve_default=False,
        ),
    ]
