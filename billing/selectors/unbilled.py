"""Closed sessions that stand on no invoice, and accounts with fees, as a run sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from billing.domain.calendar import month_after
from billing.models import InvoiceRun
from billing.selectors import payers
from billing.sql.fees import ACCOUNTS
from billing.sql.payers import JOINED, PAID_BY, PAYER
from billing.sql.status import DECIDED, OPEN_TO_BILLING, on_no_invoice
from tenants.scoping import current_operator_id

# Those without anybody to pay are nobody's to bill.
_CLOSED = f"""
FROM charging_chargingsession s
LEFT JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
{JOINED}
WHERE s.operator_id = %(operator)s AND s.ended_at < %(until)s AND {OPEN_TO_BILLING} AND {PAYER} IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class AccountSessions:
    """How many sessions of an account wait for the run, and when the oldest of them ended; None without any."""

    account_id: int
    sessions: int
    oldest: datetime | None


def by_account(run: InvoiceRun) -> list[AccountSessions]:
    """What waits for the run, by the account that pays, in order of their ids; also accounts that may owe a fee."""
    # Nor are those with a problem; free ones stand on no invoice.
    sql = f"""
    SELECT {PAYER}, count(*), min(s.ended_at) {_CLOSED} AND (p.id IS NULL OR p.state = 'priced') AND {on_no_invoice()}
    GROUP BY 1 ORDER BY 1
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, {"operator": current_operator_id(), "until": run.until})
        found = {row[0]: AccountSessions(*row) for row in cursor.fetchall()}
        cursor.execute(ACCOUNTS, {"operator": current_operator_id(), "next_month": month_after(run.month)})
        fees_alone = [AccountSessions(account, 0, None) for (account,) in cursor.fetchall() if account not in found]
    return sorted([*found.values(), *fees_alone], key=lambda row: row.account_id)


def unrated_ids(run: InvoiceRun, first_account_id: int, last_account_id: int) -> list[int]:
    """Sessions that these accounts pay for, that the run should bill and that have no price yet.

    They stand on no invoice: a price is not removed while its session stands on one.
    """
    sql = f"SELECT s.id {_CLOSED} AND p.id IS NULL AND {PAID_BY} AND s.ended_at >= %(since)s ORDER BY 1"
    values: dict[str, Any] = {
        "operator": current_operator_id(),
        "until": run.until,
        "since": run.since,
        **payers.reach(first_account_id, last_account_id),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


def drafted_under_review(run: InvoiceRun) -> int:
    """How many sessions on the run's drafts wait for a person's decision or were written off since."""
    # From the few that have a review, not from all that are drafted.
    sql = f"""
    SELECT count(*) FROM charging_chargingsession s
    JOIN billing_billedsession b ON b.operator_id = s.operator_id AND b.session_id = s.id AND b.released_by_id IS NULL
    JOIN billing_invoice i ON i.operator_id = b.operator_id AND i.id = b.invoice_id
    WHERE s.operator_id = %s AND i.run_id = %s AND s.review <> '' AND NOT {DECIDED}
    """  # noqa: S608  # constants only
    with connection.cursor() as cursor:
        cursor.execute(sql, [current_operator_id(), run.pk])
        return int(cursor.fetchone()[0])
