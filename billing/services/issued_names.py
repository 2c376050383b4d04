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
    # A part that was left out noted nothing, nor did one that was drafted by a version from before there were notes.
    is_noted = of is None and not run.chunks.filter(sites=None).exists()
    with connection.cursor() as cursor:
        for statement in _OF_RUN if is_noted else _OF_INVOICES:
            cursor.execute(statement, values)


_OF_RUN = (invoices.STATIONS_OF_RUN, invoices.TARIFFS_OF_RUN)
_OF_INVOICES = (invoices.STATIONS_OF_INVOICES, invoices.TARIFFS_OF_INVOICES)
