"""Keeping the names that a run's documents say, when they are issued."""

from django.db import connection

from billing.models import InvoiceRun
from billing.sql import invoices


def keep(run: InvoiceRun) -> None:
    """Write down what the places and tariffs of the run's lines are called now. Once a run, as it is issued."""
    values = {"operator": run.operator_id, "run": run.pk}
    with connection.cursor() as cursor:
        for statement in (invoices.ISSUED_PLACES, invoices.ISSUED_TARIFFS):
            cursor.execute(statement, values)
