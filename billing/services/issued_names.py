"""Keeping the names that a run's documents say, when they are issued."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from billing.models import InvoiceRun
from billing.sql import invoices


def keep(run: InvoiceRun, *, of: Sequence[int] | None = None) -> None:
    """Write down what the places and tariffs of the run's lines are called now, as it is issued.

    of: only what these of its documents name. What is kept already stays as it is.
    """
    values: dict[str, Any] = {"operator": run.operator_id, "run": run.pk, "of": None if of is None else list(of)}
    with connection.cursor() as cursor:
        for statement in (invoices.ISSUED_STATIONS, invoices.ISSUED_TARIFFS):
            cursor.execute(statement, values)
