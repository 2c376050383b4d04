from django.db import migrations

from tenants.migrations._at_once import DrawnOnce

import tenants.sealed_fields


class Migration(DrawnOnce):
    """Names, towns and numbers of companies are kept aside, to be sealed into columns of the same names."""

    dependencies = [("tenants", "0048_words_in_clear_are_gone")]
    operations = [
        migrations.RemoveIndex(model_name="driveridentity", name="driver_identity_by_name"),
        migrations.RenameField(model_name="driveridentity", old_name="name", new_name="was_name"),
        migrations.AddField(
            model_name="driveridentity",
            name="name",
            field=tenants.sealed_fields.SealedCharField(blank=True, default="", max_length=200, verbose_name="name"),
            preserve_default=False,
        ),
        migrations.RemoveIndex(model_name="driveridentity", name="identity_by_organisation"),
        migrations.RenameField(
            model_name="driveridentity", old_name="organisation_number", new_name="was_organisation_number"
        ),
        migrations.AddField(
            model_name="driveridentity",
            name="organisation_number",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=20, verbose_name="organisation number"
            ),
            preserve_default=False,
        ),
        migrations.RenameField(model_name="driveridentity", old_name="vat_number", new_name="was_vat_number"),
        migrations.AddField(
            model_name="driveridentity",
            name="vat_number",
            field=tenants.sealed_fields.SealedCharField(
                blank=True, default="", max_length=20, verbose_name="VAT number"
            ),
            preserve_default=False,
        ),
        migrations.RenameField(model_name="driveridentity", old_name="gln", new_name="was_gln"),
        migrations.AddField(
            model_name="driveridentity",
            name="gln",
            field=tenants.sealed_fields.SealedCharField(blank=True, default="", max_length=13, verbose_name="GLN"),
            preserve_default=False,
        ),
        migrations.RenameField(model_name="driveridentity", old_name="city", new_name="was_city"),
        migrations.AddField(
            model_name="driveridentity",
            name="city",
            field=tenants.sealed_fields.SealedCharField(blank=True, default="", max_length=100, verbose_name="city"),
            preserve_default=False,
        ),
    ]
