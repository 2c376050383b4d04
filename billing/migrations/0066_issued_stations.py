"""What a run's stations were called is named by what it is; nothing that is kept changes."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from tenants.migrations._at_once import DrawnOnce

import tenants.rls.constraints
import tenants.scoping

TABLE = "billing_issuedstation"
OLD, NEW = "issued_place", "issued_station"
CONSTRAINTS = ("of_operator", "run_same_operator", "site_same_operator", "station_same_operator", "once")


def _constraints(prefix: str) -> list[models.BaseConstraint]:
    pair, once = ("operator", "id"), ("operator", "run", "site", "station")
    return [
        tenants.rls.constraints.RowSecurity(name=f"{prefix}_row_security"),
        models.UniqueConstraint(fields=pair, name=f"{prefix}_of_operator"),
        *(
            tenants.rls.constraints.SameOperator(field=field, name=f"{prefix}_{field}_same_operator")
            for field in ("run", "site", "station")
        ),
        models.UniqueConstraint(fields=once, name=f"{prefix}_once"),
    ]


def _named_anew() -> list[Any]:
    old, new = _constraints(OLD), _constraints(NEW)
    removed = [migrations.RemoveConstraint(model_name="issuedstation", name=each.name) for each in old]
    return [*removed, *(migrations.AddConstraint(model_name="issuedstation", constraint=each) for each in new)]


class Migration(DrawnOnce):
    dependencies = [("billing", "0058_export_timetables")]
    operations = [
        migrations.RenameModel("IssuedPlace", "IssuedStation"),
        migrations.SeparateDatabaseAndState(
            # The table keeps its rows and its walls: nothing is proved again, and no moment is without them.
            database_operations=[
                migrations.RunSQL(f"ALTER POLICY {OLD}_row_security ON {TABLE} RENAME TO {NEW}_row_security"),
                *(
                    migrations.RunSQL(f"ALTER TABLE {TABLE} RENAME CONSTRAINT {OLD}_{name} TO {NEW}_{name}")
                    for name in CONSTRAINTS
                ),
            ],
            state_operations=_named_anew(),
        ),
        migrations.AlterField(
            model_name="issuedstation",
            name="run",
            field=tenants.scoping.OwnedForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stations",
                to="billing.invoicerun",
            ),
        ),
    ]
