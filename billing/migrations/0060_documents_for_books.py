"""A stored document may be sealed again for bookkeeping alone, once, as its person is erased; nothing else of it changes."""

from django.db import migrations

TABLES = (
    ("billing_invoicedocument", "pdf", "final_document"),
    ("billing_einvoice", "xml", "final_e_invoice"),
    ("billing_hostdocument", "pdf", "final_document"),
)
#: WLC1 is the mark of what the operator's key sealed, WLC2 that of bookkeeping's; sealed again it is as long as before.
_CHANGE = """
DROP TRIGGER {trigger} ON {table};
CREATE TRIGGER {trigger} BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
CREATE TRIGGER {trigger}_changed BEFORE UPDATE ON {table} FOR EACH ROW WHEN (NOT (
    substring(old.{column} FROM 1 FOR 4) = 'WLC1'::bytea AND substring(new.{column} FROM 1 FOR 4) = 'WLC2'::bytea
    AND octet_length(new.{column}) = octet_length(old.{column})
    AND to_jsonb(new.*) - '{column}' = to_jsonb(old.*) - '{column}'
)) EXECUTE FUNCTION billing_forbidden();
"""
_BACK = """
DROP TRIGGER {trigger}_changed ON {table};
DROP TRIGGER {trigger} ON {table};
CREATE TRIGGER {trigger} BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION billing_forbidden();
"""


def _of_all(text: str) -> str:
    return "".join(text.format(table=table, column=column, trigger=trigger) for table, column, trigger in TABLES)


class Migration(migrations.Migration):
    dependencies = [("billing", "0066_issued_stations")]

    operations = [migrations.RunSQL(_of_all(_CHANGE), _of_all(_BACK))]
