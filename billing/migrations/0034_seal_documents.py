"""The PDFs of issued invoices are sealed, in batches, each its own transaction; stopped, it goes on where it was."""

from typing import Any, ClassVar

from django.db import connection, migrations, transaction  # noqa: TID251  # each batch its own

from tenants import sealed_content
from tenants.migrations import _sealing

BATCH = 200
_CLEAR = """
SELECT id, operator_id, invoice_id, pdf FROM billing_invoicedocument
WHERE id > %s AND substring(pdf FROM 1 FOR 4) <> %s ORDER BY id LIMIT %s FOR UPDATE
"""
_WRITE = """
UPDATE billing_invoicedocument d SET pdf = fresh.pdf FROM unnest(%s::bigint[], %s::bytea[]) AS fresh (id, pdf)
WHERE d.id = fresh.id
"""


def seal(*_: Any) -> None:
    last: int | None = 0
    while last is not None:
        last = _seal_batch(last)


def _seal_batch(last: int) -> int | None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLEAR, [last, sealed_content.MARK, BATCH])
        rows = cursor.fetchall()
        if not rows:
            return None
        keys = {operator: _sealing.newest_of_operator(cursor, operator)[1] for operator in {row[1] for row in rows}}
        sealed = [
            sealed_content.seal_with(keys[operator], bytes(pdf), operator=operator, about=f"invoice:{invoice}")
            for _, operator, invoice, pdf in rows
        ]
        cursor.execute("ALTER TABLE billing_invoicedocument DISABLE TRIGGER final_document")
        cursor.execute(_WRITE, [[row[0] for row in rows], sealed])
        cursor.execute("ALTER TABLE billing_invoicedocument ENABLE TRIGGER final_document")
        return int(rows[-1][0])


class Migration(migrations.Migration):
    atomic = False
    dependencies: ClassVar = [("billing", "0033_issue_is_linear"), ("tenants", "0040_addresses_are_sealed")]
    operations: ClassVar = [migrations.RunPython(seal, atomic=False)]
