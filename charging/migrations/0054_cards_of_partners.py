"""Cards that roaming partners have issued, each partner with its own UIDs."""

import django.db.models.deletion
import tenants.rls.constraints
import tenants.scoping
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce


class Migration(DrawnOnce):
    dependencies = [("charging", "0047_costs_of_unasked_charges"), ("tenants", "0068_views_in_clear_are_gone")]

    operations = [
        migrations.RemoveConstraint("token", "token_uid_once"),
        migrations.AddField(
            "token",
            "is_set_aside",
            models.BooleanField(db_default=False, default=False, verbose_name="another partner's card is meant"),
        ),
        migrations.AddField(
            "token", "is_valid", models.BooleanField(db_default=True, default=True, verbose_name="valid")
        ),
        migrations.AddField(
            "token",
            "issuer",
            tenants.scoping.OwnedForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cards",
                to="tenants.account",
            ),
        ),
        migrations.AddField(
            "token",
            "whitelist",
            models.CharField(
                blank=True,
                choices=[
                    ("ALWAYS", "no: what it has told us decides"),
                    ("ALLOWED", "only about a card that is not valid"),
                    ("ALLOWED_OFFLINE", "yes; a valid card is let in if it does not answer"),
                    ("NEVER", "yes; without its answer nobody is let in"),
                ],
                db_default="",
                default="",
                max_length=15,
                verbose_name="the partner is asked",
            ),
        ),
        migrations.AlterField(
            "cardrule",
            "kind",
            models.CharField(
                choices=[
                    ("card", "your cards"),
                    ("app", "the app"),
                    ("partner", "partners' cards"),
                    ("unknown", "cards that nobody knows"),
                ],
                max_length=10,
                verbose_name="kind of card",
            ),
        ),
        migrations.AddConstraint(
            "token", tenants.rls.constraints.SameOperator(field="issuer", name="token_issuer_same_operator")
        ),
        migrations.AddConstraint(
            "token",
            models.UniqueConstraint(
                condition=models.Q(("issuer__isnull", True)), fields=("operator", "uid_exact"), name="token_uid_once"
            ),
        ),
        migrations.AddConstraint(
            "token",
            models.UniqueConstraint(
                condition=models.Q(("issuer__isnull", False), models.Q(("uid_mark", ""), _negated=True)),
                fields=("operator", "issuer", "uid_mark"),
                name="token_of_partner_once",
            ),
        ),
        migrations.AddConstraint(
            "token",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_set_aside", False), ("is_valid", True), ("issuer__isnull", True), ("whitelist", "")),
                    models.Q(
                        ("driver__isnull", True),
                        ("issuer__isnull", False),
                        models.Q(("whitelist", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="token_of_partner_is_nobodys",
            ),
        ),
    ]
