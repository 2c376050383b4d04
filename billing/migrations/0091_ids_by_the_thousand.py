"""Rows that are written by the million take their ids by the thousand.

For every single id a connection locked the page of its sequence and wrote to it, and two who draft or price at once
waited for each other. What a connection does not use up is left out; nothing is told by these ids: documents have
numbers of their own, lines their positions.
"""

from django.db import migrations

TABLES = ("billing_sessionprice", "billing_billedsession", "billing_invoiceline")


def _at_once(ids: int) -> str:
    return "".join(f"ALTER TABLE {table} ALTER COLUMN id SET CACHE {ids};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("billing", "0093_ledger_with_less_work")]
    operations = [migrations.RunSQL(_at_once(1000), _at_once(1))]
