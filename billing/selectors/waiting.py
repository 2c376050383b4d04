"""Sessions that wait: for a price, for a new price, for an invoice."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import BilledSession, SessionPrice, TariffAssignment
from billing.models.billing_status import BillingStatus
from billing.models.invoice import IN_FORCE
from billing.selectors import day_sums, payers
from billing.sql.payers import JOINED, PAYER
from billing.sql.status import OPEN_TO_BILLING
from tenants.models import Account, EarlierGroup, Operator
from tenants.scoping import current_operator_id

#: In so many shares sessions are priced, each by one worker at a time.
SHARES: Final = 4
#: So many ids that follow each other are of one share: they lie together in the tables.
_NEIGHBOURS: Final = 4096


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the operator's sessions: of each `of` stretches of ids the one with this number, counted from 0."""

    number: int
    of: int


EVERY: Final = Share(0, of=1)

# A share is told by an inequality: of an equality PostgreSQL expects one row in 200, and reads all of them at once.
_OF_SHARE = f"abs(s.id / {_NEIGHBOURS} %% %(of)s - %(share)s) < 1"
# Of a stretch of ids, so that whatever the planner reads to find them is no more than that stretch: left to find an
# operator's next ones among all, it read all that were left for every batch. Those that have a price are taken off
# together, and not looked up one by one.
_WAITING = f"""
SELECT s.id FROM charging_chargingsession s
WHERE s.operator_id = %(operator)s AND s.id BETWEEN %(first)s AND %(last)s AND {_OF_SHARE} AND {OPEN_TO_BILLING}
EXCEPT
SELECT p.session_id FROM billing_sessionprice p
WHERE p.operator_id = %(operator)s AND p.session_id BETWEEN %(first)s AND %(last)s
ORDER BY 1 LIMIT %(limit)s
"""  # noqa: S608  # constants only
_NEXT = """
SELECT min(s.id) FROM charging_chargingsession s
WHERE s.operator_id = %(operator)s AND s.id BETWEEN %(first)s AND %(last)s
"""
# Nobody paid, but now somebody does.
_PAID_NOW = f"""
SELECT s.id FROM billing_sessionprice p JOIN charging_chargingsession s
  ON s.operator_id = p.operator_id AND s.id = p.session_id
{JOINED}
WHERE p.operator_id = %(operator)s AND p.state = 'problem' AND p.problem = 'no_driver' AND {PAYER} IS NOT NULL
  AND {_OF_SHARE} AND {OPEN_TO_BILLING}
LIMIT %(limit)s
"""  # noqa: S608  # constants only


_UNRATED_DAYS = f"""
SELECT DISTINCT started_on FROM billing_daysum
WHERE operator_id = %(operator)s AND status = '{BillingStatus.UNRATED}'
"""  # noqa: S608  # constants only
# As a sum, or PostgreSQL would look for the first one from the very first session of all on.
_SPAN = """
SELECT min(s.id + 0), max(s.id + 0) FROM unnest(%(since)s::timestamptz[], %(until)s::timestamptz[]) r(since, until)
JOIN charging_chargingsession s ON s.operator_id = %(operator)s AND s.started_at >= r.since AND s.started_at < r.until
"""
_ALL: Final = (0, 2**63 - 1)
_NONE: Final = (1, 0)


def session_ids(*, limit: int, beyond: int = 0, share: Share = EVERY) -> list[int]:
    """Ids of closed sessions that need a price and need nobody's decision first, oldest id first.

    beyond: those with this id and smaller ones are passed by, unless they got their payer late.
    """
    first, last = (beyond + 1, _ALL[1]) if beyond else _span()
    values = {"operator": current_operator_id(), "share": share.number, "of": share.of}
    with connection.cursor() as cursor:
        cursor.execute(_PAID_NOW, {**values, "limit": limit})
        paid_now = {row[0] for row in cursor.fetchall()}
        found: list[int] = []
        stretch = max(limit, _NEIGHBOURS) * share.of
        while len(found) < limit:
            cursor.execute(_NEXT, {**values, "first": first, "last": last})
            (begin,) = cursor.fetchone()
            if begin is None:
                break
            end = min(begin + stretch - 1, last)
            cursor.execute(_WAITING, {**values, "first": begin, "last": end, "limit": limit - len(found)})
            found += [row[0] for row in cursor.fetchall()]
            first, stretch = end + 1, stretch * 2
    return sorted(paid_now.union(found))[:limit]


def _span() -> tuple[int, int]:
    """The first and last id on the days on which sessions have no price, so that priced ones are not gone through.

    The sums by day know them; of a day that has changed since it was counted nobody knows, so it is one of them.
    """
    stale = day_sums.stale_days()
    if stale is None:
        return _ALL
    operator = Operator.objects.get(pk=current_operator_id())
    with connection.cursor() as cursor:
        cursor.execute(_UNRATED_DAYS, {"operator": operator.pk})
        days = {*stale, *(row[0] for row in cursor.fetchall())}
        cursor.execute(_SPAN, {"operator": operator.pk, **day_sums.instants(days, operator.zone)})
        first, last = cursor.fetchone()
    return _NONE if first is None else (first, last)


def unbilled_prices(assignment: TariffAssignment, *, since: datetime) -> QuerySet[SessionPrice]:
    """Those of `reached_prices` whose sessions stand on no invoice."""
    return _unbilled(reached_prices(assignment, since=since))


def unbilled_prices_of(account: Account) -> QuerySet[SessionPrice]:
    """Prices of sessions that the account may pay for and that stand on no invoice."""
    return _unbilled(SessionPrice.objects.filter(_of_account(account.pk)))


def _unbilled(prices: QuerySet[SessionPrice]) -> QuerySet[SessionPrice]:
    billed = BilledSession.objects.filter(
        IN_FORCE, operator_id=OuterRef("operator_id"), session_id=OuterRef("session_id")
    )
    return prices.exclude(Exists(billed))


def reached_prices(assignment: TariffAssignment, *, since: datetime) -> QuerySet[SessionPrice]:
    """Prices of the sessions that an assignment reaches and that start at `since` or later."""
    reached = Q(session__started_at__gte=since)
    if assignment.valid_until is not None:
        reached &= Q(session__started_at__lt=assignment.valid_until)
    if assignment.driver_id:
        reached &= Q(session__driver_id=assignment.driver_id)
    elif assignment.account_id:
        reached &= _of_account(assignment.account_id)
    elif assignment.group_id:
        # Whoever was of it, at whatever time.
        members = EarlierGroup.objects.filter(group=assignment.group_id).values("driver")
        reached &= Q(session__driver__group_id=assignment.group_id) | Q(session__driver__in=members)
    elif assignment.station_id:
        reached &= Q(session__station_id=assignment.station_id)
    elif assignment.site_id:
        reached &= Q(session__site_id=assignment.site_id)
    return SessionPrice.objects.filter(reached)


def _of_account(account_id: int) -> Q:
    """Sessions that may belong to the account: of its drivers and cards, at whatever time."""
    reach = payers.reach(account_id, account_id)
    return Q(session__driver_id__in=reach["drivers"]) | Q(session__token_id__in=reach["cards"])
