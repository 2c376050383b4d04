"""Where every session of a month and a site stands: in exactly one of eleven `billing.selectors.compartments`.

The page's figures come from sums by day and a few queries for what the sums do not know; `check` counts every session
in its compartment, then all without any, and what invoices and credit notes say, and compares. `uneven` holds the sums
by day against the sessions, month by month and site by site.

The month of a session is the one in which it ended by the operator's clock; one in progress counts in
the month in which it began.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.domain import money
from billing.domain.calendar import month_after, month_bounds
from billing.models import WriteOff
from billing.models.billing_status import CREDITED, BillingStatus
from billing.selectors import compartments, day_sums
from billing.selectors.compartments import COMPARTMENT, HOME, Compartment, Now
from billing.selectors.day_sums import Wanted
from billing.sql.status import JOINED, STATUS
from charging.models import ChargingSession, Site
from tenants.models import Operator
from tenants.scoping import current_operator_id

_STANDING = f"""
SELECT {COMPARTMENT} AS compartment, s.status, CASE WHEN s.status = 'problem' THEN s.problem ELSE '' END AS problem,
    s.energy_wh, s.amount_excl_vat
FROM (SELECT s.id, s.flags, s.ended_at, s.energy_wh, p.problem, p.amount_excl_vat, {STATUS} AS status
      FROM charging_chargingsession s {JOINED} WHERE s.operator_id = %(operator)s {{where}}) s
"""  # noqa: S608  # constants only
_BY_COMPARTMENT = """
SELECT q.compartment, q.status, q.problem, count(*), coalesce(sum(q.energy_wh), 0), coalesce(sum(q.amount_excl_vat), 0)
FROM ({standing}) q GROUP BY 1, 2, 3
"""
# Of what is kept no longer one by one; all of it is settled, so its status has a compartment by itself.
_PAST = """
SELECT h.status, coalesce(sum(h.sessions), 0)::bigint, coalesce(sum(h.energy_wh), 0),
    coalesce(sum(h.amount_excl_vat), 0)
FROM billing_pasthour h WHERE h.operator_id = %(operator)s {where} GROUP BY 1
"""
_PAST_OF_MONTH = "AND h.ended_on >= %(first)s AND h.ended_on <= %(last)s"
_PAST_OF_SITE = "AND h.site_id = %(site)s"
# What sums by day do not know: the few that are looked up.
_FEW = f"""
AND (s.id = ANY(%(disputed)s::bigint[]) OR s.id = ANY(%(lost)s::bigint[]) OR s.id = ANY(%(lost_in_part)s::bigint[])
     OR s.id = ANY(%(carried_over)s::bigint[])
     OR s.review = '{ChargingSession.Review.WRITTEN_OFF}' AND '{CREDITED}' = ANY(s.flags))
"""
_OF_MONTH = """
AND (s.ended_at >= %(begin)s AND s.ended_at < %(end)s
     OR s.ended_at IS NULL AND s.started_at >= %(begin)s AND s.started_at < %(end)s)
"""
_OF_SITE = "AND s.site_id = %(site)s"
_AMOUNTS = "count(*), coalesce(sum(s.energy_wh), 0), coalesce(sum(p.amount_excl_vat), 0)"


@dataclass(frozen=True, slots=True)
class Row:
    """The sessions of a compartment: how many, their energy, their price excluding VAT (six decimals, not rounded).

    What was credited has no price any more; its amount is what its invoice had asked. reason: a stable code, empty
    where the compartment says it all.
    """

    compartment: str
    sessions: int
    energy_wh: int
    amount: Decimal
    reason: str = ""

    @property
    def label(self) -> str:
        """The compartment in words."""
        return str(Compartment(self.compartment).label)


@dataclass(frozen=True, slots=True)
class Check:
    """All sessions counted twice: by compartment and reason, and without. `ledger_excl_vat` is what invoices say."""

    reasons: Sequence[Row]
    #: What the page shows, from sums by day.
    shown: Sequence[Row]
    sessions: int
    energy_wh: int
    amount: Decimal
    ledger_excl_vat: Decimal
    ledger_lines: int
    #: What credit notes took back, excluding VAT, of sessions that still stand on their invoice.
    credited_in_part: Decimal
    #: What is left, after their credit notes, of the lines of sessions that these released: nothing.
    left_of_released: Decimal
    #: What invoices charge of fees, which are no session's; and how many charges are written down, each for a line.
    fees_excl_vat: Decimal
    fee_lines: int
    fees_charged: int
    #: What rounding may add to these lines at most: half of the smallest coin a line, a whole one with VAT in it.
    tolerance: Decimal

    @property
    def rows(self) -> list[Row]:
        """The eleven compartments in order, empty ones too."""
        return by_compartment(self.reasons)

    @property
    def adds_up(self) -> bool:
        """Whether all sessions are in the compartments and documents say the same.

        All are in those compartments that the page shows; prices and invoices differ by rounding alone, fees by
        nothing; and nothing is left of what was credited.
        """
        fees = self.fee_lines == self.fees_charged
        return self._counts_agree and fees and abs(self.rounding) <= self.tolerance and not self.left_of_released

    @property
    def rounding(self) -> Decimal:
        """What rounding each line to the smallest coin added to the exact prices."""
        billed = (row.amount for row in self.rows if row.compartment in _ON_INVOICES)
        return self.ledger_excl_vat - sum(billed, Decimal(0))

    @property
    def _counts_agree(self) -> bool:
        counted = _together(Compartment.INVOICED, self.reasons)
        all_of_them = (counted.sessions, counted.energy_wh, counted.amount)
        return all_of_them == (self.sessions, self.energy_wh, self.amount) and self.is_shown

    @property
    def is_shown(self) -> bool:
        """Whether the page shows what was counted."""
        return set(self.shown) == set(self.reasons)


@dataclass(frozen=True, slots=True)
class Uneven:
    """Sessions of a month at a site that sums by day know otherwise than the sessions say: how many, and their Wh."""

    month: date
    site: str
    status: str
    kept: tuple[int, int]
    counted: tuple[int, int]


def _together(compartment: Compartment, parts: Sequence[Row]) -> Row:
    sessions, energy = sum(row.sessions for row in parts), sum(row.energy_wh for row in parts)
    return Row(compartment.value, sessions, energy, sum((row.amount for row in parts), Decimal(0)))


_LOOKED_UP = (
    Compartment.DISPUTED,
    Compartment.LOST,
    Compartment.LOST_IN_PART,
    Compartment.CREDITED,
    Compartment.CARRIED_OVER,
)
#: Compartments of what stands on an issued invoice.
_ON_INVOICES = (Compartment.INVOICED, Compartment.DISPUTED, Compartment.LOST, Compartment.LOST_IN_PART)
#: A session in progress counts in the month in which it began.
_DAY = "coalesce(ended_on, started_on)"


class _Cells:
    """Sums by compartment and reason while sessions are moved from one to another."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], list[Any]] = {}

    def add(self, compartment: str, reason: str, sums: Iterable[Any], *, sign: int = 1) -> None:
        cell = self._sums.setdefault((compartment, reason), [0, 0, Decimal(0)])
        for index, value in enumerate(sums):
            cell[index] += sign * value

    def move(self, source: str, compartment: str, status: str, sums: Sequence[Any]) -> None:
        """Take these sessions of a status from one compartment to another."""
        self.add(source, _reason(source, status, ""), sums, sign=-1)
        self.add(compartment, _reason(compartment, status, ""), sums)

    def rows(self) -> list[Row]:
        return _sorted((compartment, reason, *sums) for (compartment, reason), sums in self._sums.items() if sums[0])


def by_reason(month: date | None = None, site: Site | None = None) -> list[Row]:
    """The compartments told apart by reason, largest first, from sums by day: quick for any number of sessions."""
    at, cells = compartments.now(), _Cells()
    within = Wanted(by=_DAY, site=site)
    if month is not None:
        within = replace(within, first=month.replace(day=1), last=month_after(month) - timedelta(days=1))
    for part in day_sums.sums(within, by=("status", "problem", _issued(at))):
        status, problem, is_issued = part.key
        is_late = is_issued and BillingStatus(status) in compartments.statuses(Compartment.LATE)
        compartment = Compartment.LATE if is_late else HOME[BillingStatus(status)]
        cells.add(
            compartment, _reason(compartment, status, problem), (part.sessions, part.energy_wh, part.amount_excl_vat)
        )
    where, values = _where(month, site)
    for compartment, status, _problem, *sums in _counted(_FEW + where, {**values, **at.values}):
        if compartment in _LOOKED_UP:
            source = Compartment.LATE if compartment == Compartment.CARRIED_OVER else HOME[BillingStatus(status)]
            cells.move(source, compartment, status, (sums[0], int(sums[1]), sums[2]))
    cells.add(Compartment.CREDITED, "", (0, 0, _credited(where, values)))
    return cells.rows()


def _issued(at: Now) -> str:
    """Whether the month in which it ended has been issued, as a column of sums: what waits still came late."""
    last = "-infinity"
    if at.issued_until is not None:
        zone = Operator.objects.get(pk=current_operator_id()).zone
        last = (at.issued_until.astimezone(zone).date() - timedelta(days=1)).isoformat()
    return f"(ended_on IS NOT NULL AND ended_on <= DATE '{last}')"


def by_compartment(reasons: Sequence[Row]) -> list[Row]:
    """The eleven compartments in order, empty ones too."""
    return [
        _together(compartment, [row for row in reasons if row.compartment == compartment])
        for compartment in Compartment
    ]


def check(month: date | None = None, site: Site | None = None) -> Check:
    """Count the compartments, then everything without compartments, and what issued documents say.

    month: of sessions the one in which they ended, of fees that of their invoice. Fees belong to no site.
    """
    where, values = _where(month, site)
    at = compartments.now()
    total = f"SELECT {_AMOUNTS} FROM charging_chargingsession s LEFT JOIN billing_sessionprice p " + _ON + where  # noqa: S608
    sessions, energy, amount = _rows(total, values)[0]
    past = _past(month, site)
    ledger = _LEDGER.format(sessions=_LEDGER_SESSIONS if where else "", where=where)
    invoiced = _rows(ledger, values)
    in_part, left = _rows(_NOTES.format(sessions=_LEDGER_SESSIONS if where else "", where=where), values)[0]
    fees, fee_lines, charged = _fees(month) if site is None else (Decimal(0), 0, 0)
    credited = _credited(where, values)
    return Check(
        reasons=_reasons(where, {**values, **at.values}, credited, past),
        shown=by_reason(month, site),
        sessions=sessions + sum(row[1] for row in past),
        energy_wh=int(energy) + sum(row[2] for row in past),
        amount=amount + credited + sum((row[3] for row in past), Decimal(0)),
        ledger_excl_vat=sum((excl_vat for _, excl_vat, _, _ in invoiced), Decimal(0)),
        ledger_lines=sum(lines for _, _, lines, _ in invoiced),
        credited_in_part=-in_part,
        left_of_released=left,
        fees_excl_vat=fees,
        fee_lines=fee_lines,
        fees_charged=charged,
        tolerance=sum((halves * money.from_minor(1, currency) / 2 for currency, *_, halves in invoiced), Decimal(0)),
    )


def uneven() -> list[Uneven]:
    """Where the sums by day say something else than the sessions: by month, site and status."""
    month = f"date_trunc('month', {_DAY})::date"
    kept = {
        part.key: (part.sessions, part.energy_wh)
        for part in day_sums.sums(Wanted(by=_DAY), by=(month, "site_id", "status"))
    }
    operator = Operator.objects.get(pk=current_operator_id())
    rows = _rows(_BY_CELL, {"operator": operator.pk, "zone": operator.time_zone})
    counted = {(month, site, status): (sessions, int(energy)) for month, site, status, sessions, energy in rows}
    sites = dict(Site.objects.values_list("pk", "name"))
    return [
        Uneven(key[0], sites.get(key[1], ""), key[2], kept.get(key, (0, 0)), counted.get(key, (0, 0)))
        for key in sorted({*kept, *counted})
        if kept.get(key, (0, 0)) != counted.get(key, (0, 0))
    ]


_BY_CELL = f"""
SELECT month, site_id, status, sum(sessions)::bigint, sum(energy_wh)
FROM (
    SELECT date_trunc('month', coalesce(s.ended_at, s.started_at) AT TIME ZONE %(zone)s)::date AS month, s.site_id,
        {STATUS} AS status, count(*) AS sessions, coalesce(sum(s.energy_wh), 0) AS energy_wh
    FROM charging_chargingsession s {JOINED} WHERE s.operator_id = %(operator)s GROUP BY 1, 2, 3
    UNION ALL
    SELECT date_trunc('month', h.ended_on)::date, h.site_id, h.status, h.sessions, h.energy_wh
    FROM billing_pasthour h WHERE h.operator_id = %(operator)s) q
GROUP BY 1, 2, 3
"""  # noqa: S608  # constants only


def given_up(month: date | None = None, site: Site | None = None) -> Decimal:
    """What is given up, excluding VAT, of the sessions that are lost in part: their share of each invoice's loss.

    What is paid of an invoice is paid of no line of it, so each line bears the loss by what is left of it after credit
    notes. Six decimals, not rounded.
    """
    where, values = _where(month, site)
    at = compartments.now()
    values["sessions"] = sorted({*at.lost_in_part} - {*at.disputed})
    amount: Decimal = _rows(_GIVEN_UP.format(where=where), values)[0][0]
    return amount


_GIVEN_UP = f"""
SELECT round(coalesce(sum(l.amount_excl_vat * w.amount / (r.due - r.credited)), 0), 6)
FROM (SELECT w.invoice_id, sum(w.amount) AS amount FROM billing_writeoff w
      WHERE w.operator_id = %(operator)s AND w.why <> '{WriteOff.Why.DIFFERENCE}' GROUP BY 1 HAVING sum(w.amount) > 0) w
JOIN billing_receivable r
    ON r.operator_id = %(operator)s AND r.invoice_id = w.invoice_id AND r.due > r.credited
JOIN billing_billedsession b ON b.operator_id = r.operator_id AND b.invoice_id = w.invoice_id
    AND b.released_by_id IS NULL AND b.session_id = ANY(%(sessions)s::bigint[])
JOIN billing_invoice i ON i.operator_id = r.operator_id AND w.invoice_id IN (i.id, i.credits_id) AND i.state = 'issued'
JOIN billing_invoiceline l ON l.operator_id = r.operator_id AND l.invoice_id = i.id AND l.session_id = b.session_id
JOIN charging_chargingsession s ON s.operator_id = r.operator_id AND s.id = b.session_id
WHERE true {{where}}
"""  # noqa: S608  # constants only


def _past(month: date | None, site: Site | None) -> list[tuple[str, int, int, Decimal]]:
    """What is kept no longer one by one: status, sessions, Wh, and their price excluding VAT."""
    values: dict[str, Any] = {"operator": current_operator_id(), "site": site and site.pk}
    where = _PAST_OF_SITE if site else ""
    if month is not None:
        where += f" {_PAST_OF_MONTH}"
        values |= {"first": month.replace(day=1), "last": month_after(month) - timedelta(days=1)}
    return [(status, count, int(wh), amount) for status, count, wh, amount in _rows(_PAST.format(where=where), values)]


def _reasons(
    where: str, values: dict[str, Any], credited: Decimal, past: Sequence[tuple[str, int, int, Decimal]]
) -> list[Row]:
    """The compartments by reason, largest first, counted from the sessions and what is left of earlier ones."""
    cells = _Cells()
    for status, *sums in past:
        compartment = HOME[BillingStatus(status)]
        cells.add(compartment, _reason(compartment, status, ""), sums)
    for compartment, status, problem, *sums in _counted(where, values):
        cells.add(compartment, _reason(compartment, status, problem), (sums[0], int(sums[1]), sums[2]))
    cells.add(Compartment.CREDITED, "", (0, 0, credited))
    return cells.rows()


def _counted(where: str, values: dict[str, Any]) -> list[Any]:
    return _rows(_BY_COMPARTMENT.format(standing=_STANDING.format(where=where)), values)


def _sorted(rows: Iterable[Any]) -> list[Row]:
    found = [Row(compartment, count, energy, amount, reason) for compartment, reason, count, energy, amount in rows]
    return sorted(found, key=lambda row: (list(Compartment.values).index(row.compartment), -row.sessions, row.reason))


def _reason(compartment: str, status: str, problem: str) -> str:
    """The problem, or the status; nothing where all sessions of the compartment have the same."""
    return problem or (status if len(compartments.statuses(compartment)) > 1 else "")


def _credited(where: str, values: dict[str, Any]) -> Decimal:
    """What the last invoices of sessions had asked that were credited, and that nobody bills any more."""
    amount: Decimal = _rows(_CREDITED.format(where=where), values)[0][0]
    return amount


_CREDITED = f"""
SELECT coalesce(sum(l.amount_excl_vat), 0) FROM charging_chargingsession s
JOIN LATERAL (SELECT b.invoice_id, b.released_by_id FROM billing_billedsession b
    WHERE b.operator_id = s.operator_id AND b.session_id = s.id ORDER BY b.invoice_id DESC LIMIT 1) b
    ON b.released_by_id IS NOT NULL
JOIN billing_invoiceline l
    ON l.operator_id = s.operator_id AND l.session_id = s.id AND l.invoice_id = b.invoice_id
WHERE s.operator_id = %(operator)s AND s.review = '{ChargingSession.Review.WRITTEN_OFF}'
  AND '{CREDITED}' = ANY(s.flags) {{where}}
"""  # noqa: S608  # constants only
# Of sessions that stand on the credited invoice still, what was taken back; of those that do not, what both documents
# say together, as they were rounded: what a note releases has nothing left.
_NOTES = """
SELECT coalesce(sum(l.amount_excl_vat) FILTER (WHERE l.is_note AND l.stands), 0),
    coalesce(sum(l.amount) FILTER (WHERE NOT l.stands), 0)
FROM (
    SELECT l.amount_excl_vat, coalesce(l.amount_incl_vat, l.amount_excl_vat) AS amount, l.session_id,
        n.kind = 'credit_note' AS is_note, b.released_by_id IS NULL AS stands, l.operator_id
    FROM billing_invoice n
    JOIN billing_invoiceline l ON l.operator_id = n.operator_id AND l.invoice_id = n.id
    JOIN billing_billedsession b ON b.operator_id = l.operator_id AND b.session_id = l.session_id
        AND b.invoice_id = n.credits_id
    WHERE n.operator_id = %(operator)s AND n.state = 'issued' AND n.kind = 'credit_note'
    UNION ALL
    SELECT l.amount_excl_vat, coalesce(l.amount_incl_vat, l.amount_excl_vat), l.session_id, false, false, l.operator_id
    FROM billing_billedsession b
    JOIN billing_invoiceline l ON l.operator_id = b.operator_id AND l.session_id = b.session_id
        AND l.invoice_id = b.invoice_id
    WHERE b.operator_id = %(operator)s AND b.released_by_id IS NOT NULL
) l {sessions} WHERE true {where}
"""


def _fees(month: date | None) -> tuple[Decimal, int, int]:
    of_month = "AND i.month = %(month)s" if month else ""
    values = {"operator": current_operator_id(), "month": month and month.replace(day=1)}
    charged: tuple[Decimal, int, int] = _rows(_FEES.format(month=of_month), values)[0]
    return charged


_ON = "ON p.operator_id = s.operator_id AND p.session_id = s.id WHERE s.operator_id = %(operator)s "
# The lines of the sessions that stand on an issued invoice now: what is credited in part stands there wholly.
_LEDGER = """
SELECT i.currency, sum(l.net), sum(l.lines)::bigint, sum(l.lines + l.gross)::bigint
FROM (
    SELECT l.invoice_id, sum(l.amount_excl_vat) AS net, count(*) AS lines, count(l.amount_incl_vat) AS gross
    FROM billing_invoiceline l
    JOIN billing_billedsession b ON b.operator_id = l.operator_id AND b.session_id = l.session_id
        AND b.invoice_id = l.invoice_id AND b.released_by_id IS NULL
    {sessions}
    WHERE l.operator_id = %(operator)s {where}
    GROUP BY 1
) l JOIN billing_invoice i ON i.operator_id = %(operator)s AND i.id = l.invoice_id
WHERE i.state = 'issued' AND i.kind = 'invoice'
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


def _where(month: date | None, site: Site | None) -> tuple[str, dict[str, Any]]:
    """The conditions on sessions `s` that narrow to a month and a site, with their values."""
    values: dict[str, Any] = {"operator": current_operator_id()}
    where = ""
    if month is not None:
        begin, end = month_bounds(month, Operator.objects.get(pk=values["operator"]).time_zone)
        where += _OF_MONTH
        values |= {"begin": begin, "end": end}
    if site is not None:
        where += _OF_SITE
        values["site"] = site.pk
    return where, values


def _rows(sql: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
