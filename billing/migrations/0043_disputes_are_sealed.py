from typing import Any

from django.db import migrations

from tenants.migrations._at_once import DrawnOnce

import tenants.sealed_fields
from tenants.migrations import _sealing


def seal(*_: Any) -> None:
    """There are few: one a complaint."""
    _sealing.seal({"was_text": ("text", "text"), "was_answer": ("answer", "answer")}, table="billing_dispute")


class Migration(DrawnOnce):
    dependencies = [("billing", "0042_matches_are_looked_up"), ("tenants", "0040_addresses_are_sealed")]
    operations = [
        migrations.RenameField(model_name="dispute", old_name="text", new_name="was_text"),
        migrations.AddField(
            model_name="dispute",
            name="text",
            field=tenants.sealed_fields.SealedTextField(default="", max_length=2000, verbose_name="in your words"),
            preserve_default=False,
        ),
        migrations.RenameField(model_name="dispute", old_name="answer", new_name="was_answer"),
        migrations.AddField(
            model_name="dispute",
            name="answer",
            field=tenants.sealed_fields.SealedTextField(blank=True, default="", max_length=2000, verbose_name="answer"),
            preserve_default=False,
        ),
        migrations.RunPython(seal),
        migrations.RemoveField(model_name="dispute", name="was_text"),
        migrations.RemoveField(model_name="dispute", name="was_answer"),
    ]
