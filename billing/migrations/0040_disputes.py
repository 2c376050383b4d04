from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import tenants.identifiers
import tenants.rls.constraints
import tenants.scoping


def _owned(to: str, *, null: bool = False) -> models.ForeignKey:
    return tenants.scoping.OwnedForeignKey(
        db_constraint=False,
        db_index=False,
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="disputes",
        to=to,
    )


def _person() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("billing", "0039_more_remarks"),
        ("charging", "0020_baseline"),
        ("tenants", "0037_baseline"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.UUIDField(default=tenants.identifiers.new_public_id, editable=False, unique=True),
                ),
                (
                    "about",
                    models.CharField(
                        choices=[
                            ("not_mine", "it is somebody else's"),
                            ("energy", "the energy is wrong"),
                            ("price", "the price is wrong"),
                            ("twice", "it is charged twice"),
                            ("fault", "the charging did not work"),
                            ("other", "something else"),
                        ],
                        max_length=8,
                        verbose_name="what is wrong",
                    ),
                ),
                ("text", models.TextField(max_length=2000, verbose_name="in your words")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("granted", "granted"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("raised_at", models.DateTimeField(verbose_name="raised")),
                ("due_on", models.DateField(verbose_name="answer by")),
                ("answer", models.TextField(blank=True, max_length=2000, verbose_name="answer")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="answered")),
                ("account", _owned("tenants.account")),
                ("closed_by", _person()),
                ("driver", _owned("tenants.driver", null=True)),
                ("invoice", _owned("billing.invoice", null=True)),
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
                ("raised_by", _person()),
                ("session", _owned("charging.chargingsession", null=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=Q(("state", "open")), fields=["operator", "due_on", "id"], name="dispute_open"
                    ),
                    models.Index(fields=["operator", "-closed_at", "-id"], name="dispute_closed"),
                    models.Index(fields=["operator", "account", "-id"], name="dispute_of_account"),
                    models.Index(fields=["operator", "session"], name="dispute_by_session"),
                    models.Index(fields=["operator", "invoice"], name="dispute_by_invoice"),
                    models.Index(fields=["operator", "driver", "-id"], name="dispute_of_driver"),
                ],
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="dispute_row_security"),
                    tenants.rls.constraints.SameOperatorInBulk(
                        fields=("account", "driver", "session", "invoice"), name="dispute_same_operator"
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            Q(("invoice__isnull", True), ("session__isnull", False)),
                            Q(("invoice__isnull", False), ("session__isnull", True)),
                            _connector="OR",
                        ),
                        name="dispute_of_session_or_invoice",
                    ),
                    models.UniqueConstraint(
                        condition=Q(("state", "open")), fields=("operator", "session"), name="dispute_of_session_once"
                    ),
                    models.UniqueConstraint(
                        condition=Q(("state", "open")), fields=("operator", "invoice"), name="dispute_of_invoice_once"
                    ),
                ],
            },
        ),
    ]
