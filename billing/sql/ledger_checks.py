"""What the ledger says beside what documents and payments say, by currency, in whole coins.

Each statement gives rows of currency, ledger, and what it is made from. What belongs to a month is told by the day it
happened, in the ledger as well, so that what was booked later because its month is closed does not count twice. What is
open now is compared as a whole: the ledger and what is kept beside it are written together.
"""

from typing import Final

from billing.sql.documents import DATED_IN
from billing.sql.ledger import COINS

#: Of entries `e`. Nothing is booked before its day, and the index goes by the day on which it is booked.
_HAPPENED: Final = (
    "e.operator_id = %(operator)s AND e.booked_on >= %(first_day)s"
    " AND e.event_on BETWEEN %(first_day)s AND %(last_day)s"
)


def _both(booked: str, told: str) -> str:
    return f"""
    SELECT currency, coalesce(b.amount, 0), coalesce(t.amount, 0)
    FROM ({booked}) b FULL JOIN ({told}) t USING (currency) ORDER BY currency
    """  # constants


def _of(kind: str, uses: str, sign: str = "-") -> str:
    return f"""
    SELECT e.currency, {sign}sum(r.amount) AS amount FROM billing_ledgerentry e
    JOIN billing_ledgerrow r ON r.operator_id = e.operator_id AND r.entry_id = e.id
    WHERE {_HAPPENED} AND e.kind = '{kind}' AND {uses} GROUP BY e.currency
    """  # constants


def _standing(use: str, sign: str) -> str:
    return f"""
    SELECT currency, {sign}sum(debit - credit) AS amount FROM billing_ledgersum
    WHERE operator_id = %(operator)s AND use = '{use}' GROUP BY currency
    """  # constants


def _documents(amount: str) -> str:
    return f"""
    SELECT i.currency, sum({amount} * {COINS.replace("currency", "i.currency")}) AS amount FROM billing_invoice i
    WHERE i.operator_id = %(operator)s AND {DATED_IN} GROUP BY i.currency
    """  # constants


_SALES: Final = "(r.use LIKE 'sales!_%%' ESCAPE '!' OR r.use IN ('late_costs', 'interest'))"
#: Of closed statements `h` to hosts.
_CLOSED: Final = "h.operator_id = %(operator)s AND h.state = 'closed'"
_STATED: Final = COINS.replace("currency", "h.currency")

CHECKS: Final = {
    "sales": _both(_of("document", _SALES), _documents("i.amount_excl_vat")),
    "vat": _both(_of("document", "r.use LIKE 'vat!_%%' ESCAPE '!'"), _documents("i.vat")),
    "receivables": _both(
        _standing("receivable", ""),
        "SELECT currency, sum(rest) AS amount FROM billing_receivable"
        " WHERE operator_id = %(operator)s AND rest <> 0 GROUP BY currency",
    ),
    "unidentified": _both(
        _standing("unidentified", "-"),
        "SELECT currency, sum(rest) AS amount FROM billing_payment"
        " WHERE operator_id = %(operator)s AND rest <> 0 GROUP BY currency",
    ),
    "on_account": _both(
        _standing("on_account", "-"),
        "SELECT p.currency, sum(m.amount) AS amount FROM billing_paymentmatch m"
        " JOIN billing_payment p ON p.operator_id = m.operator_id AND p.id = m.payment_id"
        " WHERE m.operator_id = %(operator)s AND m.purpose = 'account' GROUP BY p.currency",
    ),
    "written_off": _both(
        _of("write_off", "r.use = 'receivable'"),
        "SELECT i.currency, sum(w.amount) AS amount FROM billing_writeoff w"
        " JOIN billing_invoice i ON i.operator_id = w.operator_id AND i.id = w.invoice_id"
        " WHERE w.operator_id = %(operator)s AND w.happened_on BETWEEN %(first_day)s AND %(last_day)s"
        " GROUP BY i.currency",
    ),
    "host_share": _both(
        _of("statement", "r.use = 'host_share'", sign=""),
        f"SELECT h.currency, sum(h.amount * {_STATED}) AS amount FROM billing_hoststatement h WHERE {_CLOSED}"
        " AND h.closed_at >= %(since)s AND h.closed_at < %(until)s AND (h.closed_at AT TIME ZONE"
        " (h.buyer ->> 'time_zone'))::date BETWEEN %(first_day)s AND %(last_day)s GROUP BY h.currency",
    ),
    "host_debt": _both(
        _standing("host_debt", "-"),
        f"""
        SELECT currency, sum(amount) AS amount FROM (
            SELECT h.currency, h.total * {_STATED} AS amount FROM billing_hoststatement h WHERE {_CLOSED}
            UNION ALL
            SELECT h.currency, -p.amount FROM billing_hostpayout p
            JOIN billing_hoststatement h ON h.operator_id = p.operator_id AND h.id = p.statement_id
            WHERE p.operator_id = %(operator)s
        ) owed GROUP BY currency
        """,  # constants
    ),
    "host_carried": _both(
        _standing("host_carried", "-"),
        f"SELECT h.currency, sum((h.carried_out - h.carried_in) * {_STATED}) AS amount FROM billing_hoststatement h"
        f" WHERE {_CLOSED} GROUP BY h.currency",
    ),
    "bank": _both(
        _of("payment", "r.use = 'bank'", sign=""),
        "SELECT currency, sum(amount) AS amount FROM billing_payment"
        " WHERE operator_id = %(operator)s AND paid_on BETWEEN %(first_day)s AND %(last_day)s GROUP BY currency",
    ),
    "both_sides": """
        SELECT currency, sum(debit), sum(credit) FROM billing_ledgersum
        WHERE operator_id = %(operator)s AND month = %(month)s GROUP BY currency ORDER BY currency
    """,
}
