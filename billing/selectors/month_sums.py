"""What invoices and credit notes come to, however many there are, from sums by month (`billing.models.month_sum`).

Months that are marked as stale are counted from the documents while one looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.models import InvoiceRun, StaleMonth
from billing.sql.month_sums import LIVE_MONTHS
from tenants.scoping import current_operator_id


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of one group of documents. `key` holds what was grouped by."""

    key: tuple[Any, ...]
    documents: int
    sessions: int
    energy_wh: int
    amount_excl_vat: Decimal
    vat: Decimal
    amount_due: Decimal


def stale_months() -> list[date]:
    """Return the months whose sums are not true now. One query."""
    return sorted(set(StaleMonth.objects.values_list("month", flat=True).distinct()))


def sums(
    *,
    by: Sequence[str],
    month: date | None = None,
    run: InvoiceRun | None = None,
    kind: str = "",
    state: str = "",
) -> list[Sums]:
    """Sum the documents that meet all conditions, grouped by columns of `MonthSum`, in their order. Two queries."""
    values: dict[str, Any] = {"operator": current_operator_id(), "months": stale_months()}
    equal: dict[str, Any] = {"month": month.replace(day=1) if month else None, "run_id": run.pk if run else None}
    equal |= {"kind": kind, "state": state}
    used = {column: value for column, value in equal.items() if value}
    narrower = "".join(f" AND {column} = %({column})s" for column in used)
    columns = "documents, sessions, energy_wh, amount_excl_vat, vat, amount_due"
    keys = ", ".join(by)
    sql = f"""
    SELECT {keys}, {", ".join(f"sum({column})" for column in columns.split(", "))} FROM (
        SELECT month, run_id, kind, state, currency, {columns} FROM billing_monthsum
        WHERE operator_id = %(operator)s AND NOT (month = ANY(%(months)s::date[])) {narrower}
        UNION ALL SELECT month, run_id, kind, state, currency, {columns} FROM ({LIVE_MONTHS}) l WHERE true {narrower}
    ) m GROUP BY {keys} ORDER BY {keys}
    """  # noqa: S608  # names of columns
    with connection.cursor() as cursor:
        cursor.execute(sql, values | used)
        return [_read(row[: len(by)], row[len(by) :]) for row in cursor.fetchall()]


def _read(key: Any, row: Any) -> Sums:
    return Sums(tuple(key), int(row[0]), int(row[1]), int(row[2]), *row[3:])
