"""Sessions that wait for a person: billed as they are, for their energy alone, given to a driver, or written off.

Waiting are those under review and those that cannot be priced, as nobody pays for them. What stands on an invoice is
not touched: all decisions begin with holding the prices, and none is made when one of the sessions does not wait (any
more). What was drafted before it was doubted can be billed as it stands there, and nothing else: any other decision
would make the draft wrong. Of the rest the price is dropped, as one that was made before may be of another decision.
"""

from collections.abc import Collection, Sequence

from django.db import transaction

from billing.models import BilledSession, Invoice
from billing.models.billing_status import BillingStatus
from billing.selectors import session_ledger
from billing.services import rating
from charging.domain import holders
from charging.domain.errors import Code, NothingToReview
from charging.domain.holders import Held
from charging.events import Event
from charging.models import ChargingSession, Token
from charging.selectors import account_members
from charging.services import tokens
from tenants import sealed_fields
from tenants.log.audit import record
from tenants.models import Driver

Review = ChargingSession.Review

#: A doubt that a person can set aside, and anything that waits for a person.
DOUBTED = frozenset({BillingStatus.PENDING})
WAITING = DOUBTED | {BillingStatus.PROBLEM}


@transaction.atomic
def approve(sessions: Sequence[ChargingSession], *, reason: str) -> int:
    """Let the sessions be priced and billed as they are. Returns how many they are.

    Raises:
        NothingToReview: one of them does not wait for a decision (any more); then none is changed.
    """
    return _decide(_held(sessions, DOUBTED, also_drafted=True), Review.APPROVED, reason)


@transaction.atomic
def approve_energy(sessions: Sequence[ChargingSession], *, reason: str) -> int:
    """Let the sessions be priced and billed for their energy, and for nothing else. Returns how many they are.

    Raises:
        NothingToReview: one of them does not wait for a decision (any more), or is drafted; then none is changed.
    """
    return _decide(_held(sessions, DOUBTED), Review.ENERGY_ONLY, reason)


@transaction.atomic
def write_off(sessions: Sequence[ChargingSession], *, reason: str) -> int:
    """Charge nobody for the sessions. Returns how many they are.

    Raises:
        NothingToReview: one of them does not wait for a decision (any more), or is drafted; then none is changed.
    """
    return _decide(_held(sessions, WAITING), Review.WRITTEN_OFF, reason)


@transaction.atomic
def give_to_driver(sessions: Sequence[ChargingSession], *, driver: Driver, reason: str) -> int:
    """Let the driver pay for the sessions; a doubt about one stays. Returns how many they are.

    Raises:
        NothingToReview: one of them does not wait for a decision (any more), or is drafted; then none is changed.
    """
    held = _held(sessions, WAITING)
    _give(held, reason, driver=driver)
    return len(held)


@transaction.atomic
def give_to_card(sessions: Sequence[ChargingSession], *, token: Token, reason: str) -> int:
    """Say that the sessions were charged with the card: whoever had it when one began, or its payer, pays for it.

    Raises:
        NothingToReview: one of them does not wait for a decision (any more), or is drafted, or nobody had the card
            when it began, or it was billed with another one; then none is changed.
    """
    held, history = _held(sessions, WAITING), tokens.history(token)
    drivers = Driver.objects.in_bulk({one.who for one in history})
    billed = BilledSession.objects.filter(session__in=held).values_list("session", flat=True)
    if other := next((row for row in held if row.pk in set(billed) and row.token_id != token.pk), None):
        raise NothingToReview(Code.REVIEWED_CARD_BILLED, session=other.external_id)
    times = [Held(time.account_id, time.since, time.until) for time in account_members.of_member(token)]
    for session in held:
        driver = drivers.get(holders.holder(history, session.started_at) or 0)
        if driver is None and holders.holder(times, session.started_at) is None:
            raise NothingToReview(Code.CARD_HELD_BY_NOBODY, card=str(token), session=session.external_id)
        _give([session], reason, driver=driver, token=token)
    return len(held)


def _give(held: Sequence[ChargingSession], reason: str, *, driver: Driver | None, **card: Token) -> None:
    rows = ChargingSession.objects.filter(pk__in=[session.pk for session in held])
    rating.free_to_change(rows)
    rows.update(driver=driver, **card)
    _note(held, reason)
    for session in held:
        record(Event.SESSION_GIVEN, about=session, driver=driver.customer_number if driver else "", reason=reason)


def _decide(held: Sequence[ChargingSession], decision: str, reason: str) -> int:
    rows = ChargingSession.objects.filter(pk__in=[session.pk for session in held])
    rating.free_to_change(rows)
    rows.update(review=decision)
    _note(held, reason)
    for session in held:
        record(Event(f"session.{decision}"), about=session, reason=reason)
    return len(held)


def _note(held: Sequence[ChargingSession], reason: str) -> None:
    for session in held:
        session.review_note = reason[:300]
    sealed_fields.bulk_update(held, ["review_note"])


def _held(
    sessions: Sequence[ChargingSession], standing: Collection[BillingStatus], *, also_drafted: bool = False
) -> list[ChargingSession]:
    """Lock the sessions, and their prices against whoever drafts, if all of them stand where they may."""
    ids = sorted(session.pk for session in sessions)
    rating.hold_prices(ids)
    rows = ChargingSession.objects.filter(pk__in=ids).defer("series_wh").select_for_update().order_by("pk")
    found = [entry for entry in session_ledger.entries(rows) if entry.status in standing]
    if gone := len(ids) - len(found):
        raise NothingToReview(Code.NOT_WAITING_FOR_REVIEW, count=gone)
    drafted = (entry for entry in found if entry.invoice and entry.invoice.state == Invoice.State.DRAFT)
    if not also_drafted and (first := next(drafted, None)):
        raise NothingToReview(Code.REVIEWED_ON_DRAFT, session=first.session.external_id)
    return [entry.session for entry in found]
