"""The PDFs and e-invoices of issued invoices are sealed, in batches, each its own transaction; stopped, it goes on where it was."""

from typing import Any, ClassVar

from django.db import connection, migrations, transaction  # noqa: TID251  # each batch its own

from tenants import sealed_content
from tenants.migrations import _sealing

BATCH = 200
#: Table, column, what it is about, and the trigger that lets nobody change it.
KEPT = (
    ("billing_invoicedocument", "pdf", "invoice", "final_document"),
    ("billing_einvoice", "xml", "e_invoice", "final_e_invoice"),
)


def seal(*_: Any) -> None:
    for table, column, about, trigger in KEPT:
        last: int | None = 0
        while last is not None:
            last = _seal_batch(last, table, column, about, trigger)


def _seal_batch(last: int, table: str, column: str, about: str, trigger: str) -> int | None:
    clear = f"""
    SELECT id, operator_id, invoice_id, {column} FROM {table}
    WHERE id > %s AND substring({column} FROM 1 FOR 4) <> %s ORDER BY id LIMIT %s FOR UPDATE
    """  # noqa: S608  # constants
    write = f"""
    UPDATE {table} d SET {column} = fresh.sealed FROM unnest(%s::bigint[], %s::bytea[]) AS fresh (id, sealed)
    WHERE d.id = fresh.id
    """  # noqa: S608  # constants
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(clear, [last, sealed_content.MARK, BATCH])
        rows = cursor.fetchall()
        if not rows:
            return None
        keys = {operator: _sealing.newest_of_operator(cursor, operator)[1] for operator in {row[1] for row in rows}}
        sealed = [
            sealed_content.seal_with(keys[operator], bytes(content), operator=operator, about=f"{about}:{invoice}")
            for _, operator, invoice, content in rows
        ]
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        cursor.execute(write, [[row[0] for row in rows], sealed])
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
        return int(rows[-1][0])


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("billing", "0037_e_invoices"), ("tenants", "0040_addresses_are_sealed")]
    operations: ClassVar = [migrations.RunPython(seal, atomic=False)]
