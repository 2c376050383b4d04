"""The database lets what a bank told of who paid be sealed again for bookkeeping alone, once, and nothing else of it.

A sealed text says after its first byte which key opens it: an operator's begins with 0x40, bookkeeping's with 0x60. It
stays as long as it was. The mark of the account goes with it.
"""

from django.db import migrations

TEXTS = ("given", "text", "payer_name", "payer_account")
_REST = "to_jsonb({row}.*)" + "".join(f" - '{name}'::text" for name in (*TEXTS, "payer_account_mark"))
_SEALED_AGAIN = " AND ".join(
    f"(new.{name} = old.{name} OR length(new.{name}) = length(old.{name})"
    f" AND substring(old.{name} FROM 2 FOR 1) < '\\x60'::bytea"
    f" AND substring(new.{name} FROM 2 FOR 1) >= '\\x60'::bytea AND substring(new.{name} FROM 2 FOR 1) < '\\x80'::bytea)"
    for name in TEXTS
)
TRIGGER = f"""
CREATE OR REPLACE TRIGGER final_payment_changed BEFORE UPDATE ON billing_payment FOR EACH ROW WHEN (
    pg_trigger_depth() < 1
    AND NOT (new.recorded_by_id IS NULL
        AND to_jsonb(new.*) - 'recorded_by_id'::text = to_jsonb(old.*) - 'recorded_by_id'::text)
    AND NOT (old.payer_account_mark <> '' AND new.payer_account_mark <> ''
        AND to_jsonb(new.*) - 'payer_account_mark'::text = to_jsonb(old.*) - 'payer_account_mark'::text)
    AND NOT (new.payer_account_mark = '' AND {_REST.format(row="new")} = {_REST.format(row="old")}
        AND {_SEALED_AGAIN})
) EXECUTE FUNCTION billing_forbidden();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0088_lines_by_session")]
    operations = [migrations.RunSQL(TRIGGER, migrations.RunSQL.noop)]
