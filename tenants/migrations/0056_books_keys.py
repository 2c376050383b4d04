"""The keys of bookkeeping, which alone open what is kept of the erased, each until a day."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

import tenants.rls.constraints
import tenants.scoping


class Migration(DrawnOnce):
    dependencies = [("tenants", "0059_views_of_compartments")]

    operations = [
        migrations.CreateModel(
            name="BooksKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateField()),
                ("wrapped", models.BinaryField(null=True)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("destroyed_at", models.DateTimeField(null=True)),
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
                (
                    "operator_key",
                    tenants.scoping.OwnedForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.operatorkey",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    tenants.rls.constraints.RowSecurity(name="books_key_row_security"),
                    models.UniqueConstraint(fields=("operator", "id"), name="books_key_of_operator"),
                    tenants.rls.constraints.SameOperator(
                        field="operator_key", name="books_key_operator_key_same_operator"
                    ),
                    models.UniqueConstraint(fields=("operator", "until"), name="books_key_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("destroyed_at__isnull", False), ("wrapped__isnull", True)),
                            models.Q(("destroyed_at__isnull", True), ("wrapped__isnull", False)),
                            _connector="OR",
                        ),
                        name="books_key_destroyed",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="keptkey",
            name="books_key",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.bookskey",
            ),
        ),
        migrations.AlterField(
            model_name="keptkey",
            name="operator_key",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.operatorkey",
            ),
        ),
        migrations.AddConstraint(
            model_name="keptkey",
            constraint=tenants.rls.constraints.SameOperator(field="books_key", name="kept_key_books_key_same_operator"),
        ),
        migrations.AddConstraint(
            model_name="keptkey",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("books_key__isnull", True), ("operator_key__isnull", False)),
                    models.Q(("books_key__isnull", False), ("operator_key__isnull", True)),
                    _connector="OR",
                ),
                name="kept_key_wrapped_by_one",
            ),
        ),
    ]
