from django.db import migrations


class Migration(migrations.Migration):
    """What is issued and no file yet waits to be rendered."""

    dependencies = [("billing", "0008_work_is_a_row")]

    operations = [
        migrations.RunSQL(
            """
            INSERT INTO billing_rendering
                (operator_id, invoice_id, state, queued_at, attempts, error, error_facts, done, total)
            SELECT i.operator_id, i.id, 'queued', now(), 0, '', '{}', 0, 0 FROM billing_invoice i
            WHERE i.state = 'issued' AND NOT EXISTS (
                SELECT FROM billing_invoicedocument d WHERE d.operator_id = i.operator_id AND d.invoice_id = i.id)
            """,
            "DELETE FROM billing_rendering",
        ),
    ]
