"""How an operator's documents look; a row is never changed, as issued documents name it."""

import django.db.models.deletion
import tenants.identifiers
import tenants.rls.constraints
from django.db import migrations, models


FINAL = """
CREATE TRIGGER final_letterhead BEFORE UPDATE OR DELETE ON billing_letterhead
    FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_letterhead FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
UNDO = """
DROP TRIGGER never_emptied ON billing_letterhead;
DROP TRIGGER final_letterhead ON billing_letterhead;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0024_credit_reasons"),
        ("tenants", "0030_rounds_to_crowns"),
    ]

    operations = [
        migrations.CreateModel(
            name="Letterhead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True)),
                ("colour", models.CharField(max_length=7)),
                ("logo", models.BinaryField(default=bytes)),
                ("logo_sha256", models.CharField(blank=True, max_length=64)),
                ("width", models.PositiveSmallIntegerField(default=0)),
                ("height", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operator",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="letterhead_row_security"),
                    models.UniqueConstraint(fields=("operator", "id"), name="letterhead_of_operator"),
                    models.CheckConstraint(
                        condition=models.Q(("colour__regex", "^#[0-9a-f]{6}$")), name="letterhead_colour"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("height", 0), ("logo", b""), ("width", 0))
                        | models.Q(("height__gt", 0), ("width__gt", 0)),
                        name="letterhead_logo_has_size",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FINAL, UNDO),
    ]
