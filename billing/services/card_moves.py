"""A card given to a driver for a time, with the sessions it was used for: those on no invoice follow, with a new price.

What an invoice says of a session stays: credit it first, and give the card again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from billing.services import rating
from charging.domain.holders import Held
from charging.events import Event
from charging.models import ChargingSession, Token
from charging.services import tokens
from charging.site_scope import limited_to
from tenants.log.audit import record
from tenants.models import Driver


@dataclass(frozen=True, slots=True)
class Moved:
    """How many sessions follow the card, and how many stay because they stand on an invoice of somebody else."""

    sessions: int
    billed: int


@transaction.atomic
@limited_to(None)  # whose card it was holds at every site
def give(token: Token, *, driver: Driver | None, since: datetime | None = None, until: datetime | None = None) -> Moved:
    """Say that the driver, or nobody, had the card from `since` until `until`, and let its sessions follow.

    since: None for its first session on. until: None for still. A session that a person gave to somebody who never
    had the card stays theirs.

    Raises:
        HolderRefused: the time ends before it begins.
    """
    before = tokens.give(token, driver=driver, since=since, until=until)
    wrong = _charged(token, since, until).filter(_by_the_card(before))
    wrong = wrong.filter(driver__isnull=False) if driver is None else wrong.exclude(driver=driver)
    free = rating.free_to_change(wrong)
    moved = Moved(len(free), wrong.exclude(pk__in=free).count())
    ChargingSession.objects.filter(pk__in=free).update(driver=driver)
    record(
        Event.TOKEN_SESSIONS_GIVEN,
        about=token,
        driver=driver.customer_number if driver else "",
        since=since.isoformat() if since else "",
        until=until.isoformat() if until else "",
        sessions=moved.sessions,
        billed=moved.billed,
    )
    return moved


def _charged(token: Token, since: datetime | None, until: datetime | None) -> QuerySet[ChargingSession]:
    bounds = {"started_at__gte": since, "started_at__lt": until}
    return ChargingSession.objects.filter(token=token, **{name: at for name, at in bounds.items() if at is not None})


def _by_the_card(before: Sequence[Held[int]]) -> Q:
    """Sessions that are nobody's, or whose driver they have by the card."""
    return Q(driver__isnull=True) | Q(driver__in={held.who for held in before})
