"""Where every session stands: on an invoice, free, with a person, or not yet. Exactly one of the four.

- **invoiced**: it stands on an issued invoice that has not been credited;
- **free**: its price is exactly zero, or a person wrote it off;
- **under_review**: a person must decide: it is flagged, or it cannot be priced;
- **not_yet**: in progress, not rated yet, waiting for its run, or on a draft.

One CASE (`billing.sql.status`) gives each session one status, so the buckets add up by construction; `check` counts the
sessions on their own, without joining anything, and compares.

The month of a session is the one in which it ended by the operator's clock; one in progress counts in
the month in which it began.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.domain import money
from billing.domain.calendar import month_after, month_bounds
from billing.models.billing_status import BUCKET_OF, BillingStatus, Bucket
from billing.selectors import day_sums
from billing.selectors.day_sums import Wanted
from billing.sql.status import JOINED, STATUS
from tenants.models import Operator
from tenants.scoping import current_operator_id

_JOINED = f"FROM charging_chargingsession s {JOINED} WHERE s.operator_id = %(operator)s"
_BY_STATUS = """
SELECT q.status, CASE WHEN q.status = 'problem' THEN q.problem ELSE '' END, count(*),
    coalesce(sum(q.energy_wh), 0), coalesce(sum(q.amount_excl_vat), 0)
FROM (SELECT {status} AS status, p.problem, s.energy_wh, p.amount_excl_vat {joined} {month}) q
GROUP BY 1, 2
"""
_OF_MONTH = """
AND (s.ended_at >= %(begin)s AND s.ended_at < %(end)s
     OR s.ended_at IS NULL AND s.started_at >= %(begin)s AND s.started_at < %(end)s)
"""
_AMOUNTS = "count(*), coalesce(sum(s.energy_wh), 0), coalesce(sum(p.amount_excl_vat), 0)"


@dataclass(frozen=True, slots=True)
class Row:
    """The sessions of a bucket: how many, their energy, their price excluding VAT (six decimals, not rounded)."""

    bucket: str
    sessions: int
    energy_wh: int
    amount: Decimal
    reason: str = ""

    @property
    def label(self) -> str:
        """The bucket in words."""
        return str(Bucket(self.bucket).label)


@dataclass(frozen=True, slots=True)
class Check:
    """All sessions counted twice: by bucket and reason, and without any. `ledger_excl_vat` is what invoices say."""

    reasons: Sequence[Row]
    sessions: int
    energy_wh: int
    amount: Decimal
    ledger_excl_vat: Decimal
    ledger_lines: int
    #: What invoices charge of fees, which are no session's; and how many charges are written down, each for a line.
    fees_excl_vat: Decimal
    fee_lines: int
    fees_charged: int
    #: What rounding may add to these lines at most: half of the smallest coin a line, a whole one with VAT in it.
    tolerance: Decimal

    @property
    def rows(self) -> list[Row]:
        """The four buckets in order, empty ones too."""
        return by_bucket(self.reasons)

    @property
    def adds_up(self) -> bool:
        """Whether all sessions are in the buckets, prices and invoices differ by rounding alone and fees by nothing."""
        return self._counts_agree and self.fee_lines == self.fees_charged and abs(self.rounding) <= self.tolerance

    @property
    def rounding(self) -> Decimal:
        """What rounding each line to the smallest coin added to the exact prices."""
        return self.ledger_excl_vat - sum(row.amount for row in self.rows if row.bucket == Bucket.INVOICED)

    @property
    def _counts_agree(self) -> bool:
        counted = _together(Bucket.INVOICED, self.reasons)
        return (counted.sessions, counted.energy_wh, counted.amount) == (self.sessions, self.energy_wh, self.amount)


def _together(bucket: Bucket, parts: Sequence[Row]) -> Row:
    sessions, energy = sum(row.sessions for row in parts), sum(row.energy_wh for row in parts)
    return Row(bucket.value, sessions, energy, sum((row.amount for row in parts), Decimal(0)))


#: A session in progress counts in the month in which it began.
_DAY = "coalesce(ended_on, started_on)"


def by_reason(month: date | None = None) -> list[Row]:
    """The buckets told apart by reason, largest first, from sums by day: quick for any number of sessions."""
    within = Wanted(by=_DAY)
    if month is not None:
        within = Wanted(first=month, last=month_after(month) - timedelta(days=1), by=_DAY)
    return _sorted(
        (status, problem, part.sessions, part.energy_wh, part.amount_excl_vat)
        for part in day_sums.sums(within, by=("status", "problem"))
        for status, problem in [part.key]
    )


def by_bucket(reasons: Sequence[Row]) -> list[Row]:
    """The four buckets in order, empty ones too."""
    return [_together(bucket, [row for row in reasons if row.bucket == bucket]) for bucket in Bucket]


def check(month: date | None = None) -> Check:
    """Count the buckets, then everything without buckets, and what issued invoices say. Four queries.

    month: of sessions the one in which they ended, of fees that of their invoice.
    """
    where, values = _month(month)
    total = f"SELECT {_AMOUNTS} FROM charging_chargingsession s LEFT JOIN billing_sessionprice p " + _ON + where  # noqa: S608
    ledger = _LEDGER.format(sessions=_LEDGER_SESSIONS if month else "", month=where)
    sessions, energy, amount = _rows(total, values)[0]
    invoiced = _rows(ledger, values)
    of_month = "AND i.month = %(month)s" if month else ""
    fees, fee_lines, charged = _rows(_FEES.format(month=of_month), {**values, "month": month and month.replace(day=1)})[
        0
    ]
    return Check(
        reasons=_reasons(where, values),
        sessions=sessions,
        energy_wh=int(energy),
        amount=amount,
        ledger_excl_vat=sum((excl_vat for _, excl_vat, _, _ in invoiced), Decimal(0)),
        ledger_lines=sum(lines for _, _, lines, _ in invoiced),
        fees_excl_vat=fees,
        fee_lines=fee_lines,
        fees_charged=charged,
        tolerance=sum((halves * money.from_minor(1, currency) / 2 for currency, *_, halves in invoiced), Decimal(0)),
    )


def _reasons(where: str, values: dict[str, Any]) -> list[Row]:
    """The buckets told apart by reason, largest first; `reason` is a stable code."""
    return _sorted(_rows(_BY_STATUS.format(status=STATUS, joined=_JOINED, month=where), values))


def _sorted(rows: Iterable[Any]) -> list[Row]:
    found = [
        Row(BUCKET_OF[BillingStatus(status)].value, count, int(energy), amount, _reason(status, problem))
        for status, problem, count, energy, amount in rows
    ]
    return sorted(found, key=lambda row: (list(Bucket.values).index(row.bucket), -row.sessions))


def _reason(status: str, problem: str) -> str:
    """The status, or the problem; nothing for an invoiced session, which needs none."""
    return problem or ("" if status == BillingStatus.INVOICED else status)


_ON = "ON p.operator_id = s.operator_id AND p.session_id = s.id WHERE s.operator_id = %(operator)s "
# The lines of the sessions that stand on an issued invoice now: what is credited in part stands there wholly.
_LEDGER = """
SELECT i.currency, sum(l.amount_excl_vat), count(*), count(*) + count(l.amount_incl_vat)
FROM billing_invoiceline l
JOIN billing_invoice i ON i.operator_id = l.operator_id AND i.id = l.invoice_id
JOIN billing_billedsession b ON b.operator_id = l.operator_id AND b.session_id = l.session_id
    AND b.invoice_id = l.invoice_id AND b.released_by_id IS NULL
{sessions}
WHERE l.operator_id = %(operator)s AND i.state = 'issued' AND i.kind = 'invoice'
  {month}
GROUP BY 1
"""
_FEES = """
SELECT coalesce(sum(l.amount_excl_vat), 0), count(l.id), count(*)
FROM billing_billedfee c
JOIN billing_invoice i ON i.operator_id = c.operator_id AND i.id = c.invoice_id
LEFT JOIN billing_invoiceline l ON l.operator_id = c.operator_id AND l.fee_id = c.id AND l.invoice_id = c.invoice_id
WHERE c.operator_id = %(operator)s AND i.state = 'issued' AND i.kind = 'invoice'
  AND NOT EXISTS (SELECT 1 FROM billing_invoice n
    WHERE n.operator_id = %(operator)s AND n.credits_id = i.id AND NOT n.leaves_rest)
  {month}
"""
_LEDGER_SESSIONS = "JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id"


def _month(month: date | None) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"operator": current_operator_id()}
    if month is None:
        return "", values
    begin, end = month_bounds(month, Operator.objects.get(pk=values["operator"]).time_zone)
    return _OF_MONTH, {**values, "begin": begin, "end": end}


def _rows(sql: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
