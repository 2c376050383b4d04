"""What waits for a person's decision, by kind: the remarks of sessions under review, and why one cannot be priced."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from billing.domain.errors import Code
from billing.models import SessionPrice
from billing.models.billing_status import BillingStatus
from billing.selectors import session_ledger, stakes
from billing.selectors.session_ledger import Entry
from billing.selectors.stakes import Stake
from charging.domain.reasons import Flag
from charging.models import ChargingSession
from charging.selectors import sessions
from tenants.selectors import search

#: Kinds beside the flags: nobody pays, and whatever else keeps a session from its price.
NOBODY, UNPRICED = UNFLAGGED = ("nobody", "unpriced")
#: So many that cannot be priced are looked at, the newest.
MOST = 5_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A session that waits: what billing it as it is would cost, and another one that had its connector meanwhile."""

    entry: Entry
    stake: Stake | None
    overlapped: ChargingSession | None


def waiting(kind: str) -> QuerySet[ChargingSession]:
    """Return the sessions that wait, in no order: those with a flag, or of a kind without one; all under review."""
    if kind not in UNFLAGGED:
        return sessions.under_review(kind)
    among = ChargingSession.objects.filter(search.among("pk", _unpriced(kind)))
    return session_ledger.having(among, BillingStatus.PROBLEM)


def counts() -> dict[str, int]:
    """Return how many wait, by kind, most first; empty kinds are left out. A session with two flags counts twice."""
    found = sessions.review_counts()
    found |= {kind: waiting(kind).count() for kind in UNFLAGGED}
    return {kind: count for kind, count in sorted(found.items(), key=lambda kind: -kind[1]) if count}


def told(rows: Sequence[ChargingSession]) -> list[Finding]:
    """Return the sessions, whole, with what is at stake. A fixed number of queries."""
    ended = [row for row in rows if row.ended_at is not None]
    at_stake = dict(zip((row.pk for row in ended), stakes.of(ended), strict=True))
    overlapping = [row.pk for row in ended if Flag.OVERLAP in row.flags]
    others = sessions.overlapped(ChargingSession.objects.filter(pk__in=overlapping)) if overlapping else {}
    return [
        Finding(entry, at_stake.get(entry.session.pk), others.get(entry.session.pk))
        for entry in session_ledger.entries(rows)
    ]


def _unpriced(kind: str) -> list[int]:
    rows = SessionPrice.objects.filter(state=SessionPrice.State.PROBLEM)
    rows = rows.filter(problem=Code.NO_DRIVER) if kind == NOBODY else rows.exclude(problem=Code.NO_DRIVER)
    return list(rows.order_by("-session").values_list("session", flat=True)[:MOST])
