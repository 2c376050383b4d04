"""Cards and app tokens: added, given to a driver, blocked and unblocked."""

from datetime import datetime

from django.db import transaction

from charging.domain.errors import CardBlockedByStaff, Code, TokenTaken
from charging.events import Event
from charging.models import ChargingSession, Token
from tenants.conflicts import refused_as
from tenants.log.audit import record
from tenants.models import Driver


@transaction.atomic
def create(*, uid: str, kind: str = Token.Kind.RFID, visual_number: str = "", driver: Driver | None = None) -> Token:
    """Add a token, with or without its driver.

    Raises:
        TokenTaken: there is one with this UID.
    """
    with refused_as(TokenTaken(Code.CARD_TAKEN, uid=uid), constraint="token_uid_once"):
        return Token.objects.create(uid=uid, kind=kind, visual_number=visual_number, driver=driver)


@transaction.atomic
def assign(token: Token, *, driver: Driver) -> Token:
    """Give the token to the driver, with the sessions charged with it that have no driver yet.

    Giving it to the same driver again changes nothing.

    Raises:
        TokenTaken: it belongs to another driver.
    """
    token = Token.objects.select_for_update().get(pk=token.pk)
    if token.driver_id not in (None, driver.pk):
        raise TokenTaken(Code.CARD_OF_ANOTHER, driver=token.driver)
    if token.driver_id is None:
        token.driver = driver
        token.save(update_fields=["driver"])
    moved = ChargingSession.objects.filter(token=token, driver__isnull=True).update(driver=driver)
    if moved:
        record(Event.TOKEN_SESSIONS_GIVEN, about=token, sessions=moved)
    return token


@transaction.atomic
def block(token: Token, *, at: datetime) -> Token:
    """Refuse the token from now on. Its sessions stay as they are. Repeating it keeps the first instant.

    Where its driver had blocked it as lost, it is staff's from now on: only they can lift it.
    """
    return _block(token, at=at, lost_at=None)


@transaction.atomic
def report_lost(token: Token, *, at: datetime) -> Token:
    """Refuse the token from now on, as its driver has lost it. One that staff have blocked stays theirs."""
    return _block(token, at=at, lost_at=at)


@transaction.atomic
def unblock(token: Token) -> Token:
    """Accept the token again."""
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    return _lift(token) if token.is_blocked else token


@transaction.atomic
def report_found(token: Token) -> Token:
    """Accept the token again, as its driver has found it.

    Raises:
        CardBlockedByStaff: only they can lift it.
    """
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    if token.is_blocked and token.lost_at is None:
        raise CardBlockedByStaff(Code.CARD_BLOCKED_BY_STAFF, card=str(token))
    return _lift(token) if token.is_blocked else token


def _block(token: Token, *, at: datetime, lost_at: datetime | None) -> Token:
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    if not token.is_blocked:
        token.is_blocked, token.blocked_at, token.lost_at = True, at, lost_at
        token.save(update_fields=["is_blocked", "blocked_at", "lost_at"])
    elif lost_at is None and token.lost_at is not None:
        token.lost_at = None
        token.save(update_fields=["lost_at"])
    return token


def _lift(token: Token) -> Token:
    token.is_blocked, token.blocked_at, token.lost_at = False, None, None
    token.save(update_fields=["is_blocked", "blocked_at", "lost_at"])
    return token
