"""Where every session stands: on an invoice, free, with a person, or not yet. Exactly one of the four.

- **invoiced**: it stands on an issued invoice that has not been credited;
- **free**: its price is exactly zero, or a person wrote it off;
- **under_review**: a person must decide: it is flagged, or it cannot be priced;
- **not_yet**: in progress, not rated yet, waiting for its run, or on a draft.

One CASE puts each session in one bucket, so the buckets add up by construction; `check` counts the
sessions on their own, without joining anything, and compares.

The month of a session is the one in which it ended by the operator's clock; one in progress counts in
the month in which it began.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from billing.domain.calendar import month_bounds
from charging.models import ChargingSession
from tenants.models import Operator
from tenants.scoping import current_operator_id


class Bucket(models.TextChoices):
    """The four places a session can be in."""

    INVOICED = "invoiced", _("invoiced")
    FREE = "free", _("free")
    UNDER_REVIEW = "under_review", _("under review")
    NOT_YET = "not_yet", _("not yet")


_CASE = """
CASE WHEN i.state = 'issued' THEN 'invoiced'
     WHEN s.review = 'written_off' THEN 'free'
     WHEN s.review = 'pending' THEN 'under_review'
     WHEN s.state = 'ACTIVE' OR i.id IS NOT NULL THEN 'not_yet'
     WHEN p.state = 'problem' THEN 'under_review'
     WHEN p.state = 'free' THEN 'free'
     ELSE 'not_yet' END
"""
# Why, for a person who wants to know more than the bucket.
_REASON = """
CASE WHEN i.state = 'issued' THEN ''
     WHEN s.review IN ('written_off', 'pending') THEN s.review
     WHEN s.state = 'ACTIVE' THEN 'active'
     WHEN i.id IS NOT NULL THEN 'drafted'
     WHEN p.state = 'problem' THEN p.problem
     WHEN p.state = 'free' THEN 'zero_price'
     WHEN p.state = 'priced' THEN 'waiting_for_run'
     ELSE 'unrated' END
"""
_JOINED = """
FROM charging_chargingsession s
LEFT JOIN billing_sessionprice p ON p.operator_id = s.operator_id AND p.session_id = s.id
LEFT JOIN billing_billedsession b
    ON b.operator_id = s.operator_id AND b.session_id = s.id AND b.released_by_id IS NULL
LEFT JOIN billing_invoice i ON i.operator_id = b.operator_id AND i.id = b.invoice_id
WHERE s.operator_id = %(operator)s
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
    """All sessions counted twice: by bucket, and without any. `ledger_excl_vat` is what the invoices say."""

    rows: Sequence[Row]
    sessions: int
    energy_wh: int
    amount: Decimal
    ledger_excl_vat: Decimal
    ledger_lines: int

    @property
    def adds_up(self) -> bool:
        """Whether the buckets hold exactly all sessions, and invoices differ from prices by rounding alone."""
        return self._counts_agree and abs(self.rounding) * 200 <= max(self.ledger_lines, 0)

    @property
    def rounding(self) -> Decimal:
        """What rounding each line to the minor unit added to the exact prices: at most half a unit a line."""
        return self.ledger_excl_vat - sum(row.amount for row in self.rows if row.bucket == Bucket.INVOICED)

    @property
    def _counts_agree(self) -> bool:
        counted = (sum(r.sessions for r in self.rows), sum(r.energy_wh for r in self.rows), self._priced)
        return counted == (self.sessions, self.energy_wh, self.amount)

    @property
    def _priced(self) -> Decimal:
        return sum((row.amount for row in self.rows), Decimal(0))


def buckets(month: date | None = None) -> list[Row]:
    """The four buckets in order, empty ones too: of a month, or of all time. One query."""
    found = {row[0]: Row(row[0], row[1], int(row[2]), row[3]) for row in _query(f"SELECT {_CASE}, {_AMOUNTS}", month)}
    return [found.get(bucket.value, Row(bucket.value, 0, 0, Decimal(0))) for bucket in Bucket]


def reasons(month: date | None = None) -> list[Row]:
    """The buckets told apart by reason, largest first; `reason` is a stable code."""
    rows = _query(f"SELECT {_CASE} AS bucket, {_REASON} AS reason, {_AMOUNTS}", month, by="1, 2")
    found = [Row(bucket, count, int(energy), amount, reason) for bucket, reason, count, energy, amount in rows]
    return sorted(found, key=lambda row: (list(Bucket.values).index(row.bucket), -row.sessions))


def bucket_of(session: ChargingSession) -> str:
    """The bucket of one session."""
    sql = f"SELECT {_CASE} {_JOINED} AND s.id = %(session)s"  # constants
    return str(_rows(sql, {"operator": current_operator_id(), "session": session.pk})[0][0])


def check(month: date | None = None) -> Check:
    """Count the buckets, then everything without buckets, and what issued invoices say. Three queries."""
    where, values = _month(month)
    total = f"SELECT {_AMOUNTS} FROM charging_chargingsession s LEFT JOIN billing_sessionprice p " + _ON + where  # noqa: S608
    ledger = _LEDGER.format(sessions=_LEDGER_SESSIONS if month else "") + where
    sessions, energy, amount = _rows(total, values)[0]
    excl_vat, lines = _rows(ledger, values)[0]
    return Check(buckets(month), sessions, int(energy), amount, excl_vat, lines)


_ON = "ON p.operator_id = s.operator_id AND p.session_id = s.id WHERE s.operator_id = %(operator)s "
# Invoices are credited whole, so an invoice without a credit note bills all of its lines.
_LEDGER = """
SELECT coalesce(sum(l.amount_excl_vat), 0), count(*)
FROM billing_invoiceline l
JOIN billing_invoice i ON i.operator_id = l.operator_id AND i.id = l.invoice_id
{sessions}
WHERE l.operator_id = %(operator)s AND i.state = 'issued' AND i.kind = 'invoice'
  AND NOT EXISTS (SELECT 1 FROM billing_invoice n WHERE n.operator_id = %(operator)s AND n.credits_id = i.id)
"""
_LEDGER_SESSIONS = "JOIN charging_chargingsession s ON s.operator_id = l.operator_id AND s.id = l.session_id"


def _query(select: str, month: date | None, by: str = "1") -> list[Any]:
    where, values = _month(month)
    return _rows(f"{select} {_JOINED} {where} GROUP BY {by}", values)


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
