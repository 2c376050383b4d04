"""Totals and charts of any length of time, and rare sessions found, from sums by day (`billing.models.day_sum`).

Days that are marked as stale are counted from the sessions while one looks, so an answer is true whenever it is
asked for; it is quick when few days are stale. Days are by the operator's clock, and only the sites in sight count.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from billing.models import StaleDay
from billing.models.billing_status import BUCKETS, BillingStatus, Bucket
from billing.selectors.session_ledger import Totals
from billing.sql.day_sums import live
from billing.sql.status import JOINED, STATUS
from charging.models import Site
from charging.site_scope import visible_sites
from tenants.models import Operator
from tenants.scoping import current_operator_id

_EVER = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC))
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which sessions: begun or ended on these days, of a site, standing somewhere. None bounds nothing.

    is_past: only those kept no longer one by one, of which there are sums alone, or only the others.
    """

    first: date | None = None
    last: date | None = None
    by: str = "started_on"
    site: Site | None = None
    statuses: Collection[str] | None = None
    is_past: bool | None = None

    @property
    def sites(self) -> list[int] | None:
        """The sites that count: the one asked for, as far as it is in sight."""
        seen = visible_sites()
        if self.site is None:
            return None if seen is None else sorted(seen)
        return [self.site.pk] if seen is None or self.site.pk in seen else []


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of one group of sessions. `key` holds what was grouped by."""

    key: tuple[Any, ...]
    sessions: int
    energy_wh: int
    duration_s: int
    amount_excl_vat: Decimal
    amount_incl_vat: Decimal


def statuses_of(where: str) -> tuple[str, ...] | None:
    """Return the statuses that a status or bucket means; None for none."""
    if where in Bucket:
        return tuple(part.value for part in BUCKETS[Bucket(where)])
    return (BillingStatus(where).value,) if where in BillingStatus else None


def stale_days() -> list[date] | None:
    """Return the days whose sums are not true now; None when that is all of them. One query."""
    found = set(StaleDay.objects.values_list("started_on", flat=True).distinct())
    return None if None in found else sorted(day for day in found if day is not None)


def sums(wanted: Wanted, *, by: Sequence[str] = ()) -> list[Sums]:
    """Sum what is wanted, grouped by columns of `DaySum`. Three queries."""
    operator = Operator.objects.get(pk=current_operator_id())
    stale = stale_days()
    narrower, values = _narrowed(wanted)
    values |= {"operator": operator.pk, "zone": operator.time_zone, "stale": stale or []}
    values |= instants(stale, operator.zone) if stale is not None else {"since": [_EVER[0]], "until": [_EVER[1]]}
    keys = ", ".join(by)
    sql = f"""
    SELECT {f"{keys}, " if keys else ""} coalesce(sum(sessions), 0)::bigint, coalesce(sum(energy_wh), 0)::bigint,
        coalesce(sum(duration_s), 0)::bigint, coalesce(sum(amount_excl_vat), 0), coalesce(sum(amount_incl_vat), 0)
    FROM ({" UNION ALL ".join(_sources(stale, narrower, len(values["since"])))}) d {f"GROUP BY {keys}" if keys else ""}
    """  # noqa: S608  # constants and names of columns
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [Sums(tuple(row[: len(by)]), *row[len(by) :]) for row in cursor.fetchall()]


def _sources(stale: list[date] | None, narrower: str, stretches: int) -> Iterator[str]:
    columns = "sessions, energy_wh, duration_s, amount_excl_vat, amount_incl_vat"
    keys = "site_id, started_on, ended_on, status, problem, currency, is_past"
    if stale is not None:
        current = "AND NOT (started_on = ANY(%(stale)s::date[]))" if stale else ""
        yield f"SELECT {keys}, {columns} FROM billing_daysum WHERE operator_id = %(operator)s {current} {narrower}"  # noqa: S608
    if stretches:
        yield f"SELECT {keys}, {columns} FROM ({live(stretches)}) l WHERE true {narrower}"  # noqa: S608


def _narrowed(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    conditions = (
        ("first", f"{wanted.by} >= %(first)s", wanted.first),
        ("last", f"{wanted.by} <= %(last)s", wanted.last),
        ("sites", "site_id = ANY(%(sites)s::bigint[])", wanted.sites),
        ("statuses", "status = ANY(%(statuses)s)", None if wanted.statuses is None else list(wanted.statuses)),
        ("is_past", "is_past = %(is_past)s", wanted.is_past),
    )
    used = [(name, condition, value) for name, condition, value in conditions if value is not None]
    return "".join(f" AND {condition}" for _, condition, _ in used), {name: value for name, _, value in used}


def instants(days: Iterable[date], zone: ZoneInfo) -> dict[str, list[datetime]]:
    """Return when each stretch of days that follow each other begins and ends, as two lists."""
    since: list[date] = []
    until: list[date] = []
    for day in sorted(days):
        if until and until[-1] == day:
            until[-1] = day + _ONE_DAY
        else:
            since.append(day)
            until.append(day + _ONE_DAY)
    return {"since": [midnight(day, zone) for day in since], "until": [midnight(day, zone) for day in until]}


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which the day begins in the zone."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of a list begins: at sessions older, or newer, than this one."""

    moment: datetime
    pk: int
    newer: bool = False


#: More cells of a site and a day than this are read as whole days, in their order, until the page is full.
_FEW = 100
_DAYS = """
SELECT q.started_on, sum(q.sessions)::bigint FROM unnest(%(statuses)s::text[]) AS w(status) CROSS JOIN LATERAL (
    SELECT started_on, sum(sessions) AS sessions FROM billing_daysum
    WHERE operator_id = %(operator)s AND status = w.status {narrower}
    GROUP BY started_on ORDER BY started_on {order} LIMIT %(rows)s + 1) q
GROUP BY 1 ORDER BY 1 {order}
"""
_CELLS = """
SELECT DISTINCT started_on, site_id FROM billing_daysum
WHERE operator_id = %(operator)s AND started_on = ANY(%(days)s::date[]) AND status = ANY(%(statuses)s) {narrower}
"""
_FOUND = f"""
SELECT x.started_at, x.id FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[], %(at)s::bigint[])
    AS r(since, until, site_id)
CROSS JOIN LATERAL (
    SELECT s.id, s.started_at FROM charging_chargingsession s {JOINED}
    WHERE s.operator_id = %(operator)s AND s.started_at >= r.since AND s.started_at < r.until {{after}} AND {{site}}
        AND {STATUS} = ANY(%(statuses)s)
    ORDER BY s.started_at {{order}}, s.id {{order}} LIMIT %(rows)s) x
ORDER BY x.started_at {{order}}, x.id {{order}} LIMIT %(rows)s
"""  # noqa: S608  # constants
_OF_CELL, _OF_DAY, _OF_SITES = "s.site_id = r.site_id", "true", "s.site_id = ANY(%(sites)s::bigint[])"


def find(wanted: Wanted, *, rows: int, after: Position | None = None) -> list[int] | None:
    """Return the keys of the first so many sessions that stand where wanted, newest first (oldest first if newer).

    The sums tell on which days and sites there are some; only these are read, and the stale days between. None when
    all days are stale: then there is nothing to go by. Wanted must name statuses, and bounds the start.
    """
    operator = Operator.objects.get(pk=current_operator_id())
    stale = stale_days()
    if stale is None:
        return None
    newer = after is not None and after.newer
    bounded = _from(replace(wanted, is_past=False), after, operator.zone)
    narrower, values = _narrowed(replace(bounded, statuses=None))
    values |= {"operator": operator.pk, "statuses": list(wanted.statuses or ()), "rows": rows}
    words = {"order": "ASC" if newer else "DESC", "narrower": narrower, "after": ""}
    if after is not None:
        words["after"] = f"AND (s.started_at, s.id) {'>' if newer else '<'} (%(moment)s, %(pk)s)"
        values |= {"moment": after.moment, "pk": after.pk}
    with connection.cursor() as cursor:
        days = _enough(_rows(cursor, _DAYS, words, values), bounded, stale, rows=rows, newer=newer)
        known = [day for day in days if day not in stale]
        cells = _rows(cursor, _CELLS, words, {**values, "days": known}) if known else []
        if len(cells) > _FEW:
            cells = []
        else:
            days = [day for day in days if day in stale]
        whole = {**instants(days, operator.zone), "at": None}
        found = _rows(
            cursor, _FOUND, {**words, "site": _OF_DAY if bounded.sites is None else _OF_SITES}, values | whole
        )
        if cells:
            found += _rows(cursor, _FOUND, {**words, "site": _OF_CELL}, values | _of_cells(cells, operator.zone))
    return [pk for _, pk in sorted(found, reverse=not newer)[:rows]]


def _rows(cursor: Any, sql: str, words: dict[str, str], values: dict[str, Any]) -> list[Any]:
    cursor.execute(sql.format(**words), values)
    return list(cursor.fetchall())


def _from(wanted: Wanted, after: Position | None, zone: ZoneInfo) -> Wanted:
    """Bound the days by where the page begins as well."""
    if after is None:
        return wanted
    day = after.moment.astimezone(zone).date()
    if after.newer:
        return replace(wanted, first=max(day, wanted.first or day))
    return replace(wanted, last=min(day, wanted.last or day))


def _enough(counts: list[Any], wanted: Wanted, stale: list[date], *, rows: int, newer: bool) -> list[date]:
    """The days that have to be read for so many rows: those with sessions until there are enough, and stale ones.

    The outermost day may lie partly beyond where the page begins, and what a stale one holds is not known: neither
    counts.
    """
    edge = wanted.first if newer else wanted.last
    days, total = [], 0
    for day, sessions in counts:
        days.append(day)
        total += 0 if day == edge or day in stale else sessions
        if total >= rows:
            break
    reached = days[-1] if total >= rows else None
    first = reached if reached and not newer else wanted.first
    last = reached if reached and newer else wanted.last
    between = [day for day in stale if (first is None or day >= first) and (last is None or day <= last)]
    return sorted({*days, *between})


def _of_cells(cells: list[Any], zone: ZoneInfo) -> dict[str, list[Any]]:
    return {
        "since": [midnight(day, zone) for day, _ in cells],
        "until": [midnight(day + _ONE_DAY, zone) for day, _ in cells],
        "at": [site for _, site in cells],
    }


def totals(wanted: Wanted) -> Totals:
    """Sum what is wanted, and its prices by currency, as `session_ledger.totals` does for any rows."""
    return _together(sums(wanted, by=("currency",)))


def totals_by_status(wanted: Wanted) -> dict[str, Totals]:
    """Sum what is wanted by where it stands; a status that no session has is missing."""
    parts = sums(wanted, by=("currency", "status"))
    return {status: _together(part for part in parts if part.key[1] == status) for status in {p.key[1] for p in parts}}


def _together(parts: Iterable[Sums]) -> Totals:
    listed = list(parts)
    amounts: dict[str, Decimal] = {}
    for part in listed:
        if part.key[0]:
            amounts[part.key[0]] = amounts.get(part.key[0], Decimal(0)) + part.amount_incl_vat
    return Totals(
        sum(part.sessions for part in listed),
        sum(part.energy_wh for part in listed),
        sum(part.duration_s for part in listed),
        sorted(amounts.items()),
    )
