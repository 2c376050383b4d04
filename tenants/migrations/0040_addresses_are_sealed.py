from importlib import import_module

from django.db import migrations

from tenants.migrations._at_once import DrawnOnce

seal = import_module("tenants.migrations.0039_seal_addresses").seal


class Migration(DrawnOnce):
    """What was written while the batches went is sealed before the columns in clear go."""

    dependencies = [("tenants", "0039_seal_addresses")]
    operations = [
        migrations.RunPython(seal),
        migrations.RemoveField(model_name="driveridentity", name="email"),
        migrations.RenameField(model_name="driveridentity", old_name="sealed_email", new_name="email"),
        migrations.RemoveField(model_name="driveridentity", name="phone"),
        migrations.RenameField(model_name="driveridentity", old_name="sealed_phone", new_name="phone"),
        migrations.RemoveField(model_name="driveridentity", name="street"),
        migrations.RenameField(model_name="driveridentity", old_name="sealed_street", new_name="street"),
        migrations.RemoveField(model_name="driveridentity", name="postal_code"),
        migrations.RenameField(model_name="driveridentity", old_name="sealed_postal_code", new_name="postal_code"),
        migrations.RemoveField(model_name="driveridentity", name="delivery_street"),
        migrations.RenameField(
            model_name="driveridentity", old_name="sealed_delivery_street", new_name="delivery_street"
        ),
        migrations.RemoveField(model_name="driveridentity", name="delivery_postal_code"),
        migrations.RenameField(
            model_name="driveridentity", old_name="sealed_delivery_postal_code", new_name="delivery_postal_code"
        ),
        migrations.RemoveField(model_name="driveridentity", name="delivery_city"),
        migrations.RenameField(model_name="driveridentity", old_name="sealed_delivery_city", new_name="delivery_city"),
        migrations.RemoveField(model_name="driveridentity", name="buyer_reference"),
        migrations.RenameField(
            model_name="driveridentity", old_name="sealed_buyer_reference", new_name="buyer_reference"
        ),
        migrations.RemoveField(model_name="driveridentity", name="order_number"),
        migrations.RenameField(model_name="driveridentity", old_name="sealed_order_number", new_name="order_number"),
    ]
