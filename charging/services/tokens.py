"""Cards and app tokens: added, given to a driver, blocked and unblocked."""

from datetime import datetime

from django.db import transaction

from charging.domain.errors import Code, TokenTaken
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
    """Refuse the token from now on. Its sessions stay as they are. Repeating it keeps the first instant."""
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    if not token.is_blocked:
        token.is_blocked, token.blocked_at = True, at
        token.save(update_fields=["is_blocked", "blocked_at"])
    return token


@transaction.atomic
def unblock(token: Token) -> Token:
    """Accept the token again."""
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    if token.is_blocked:
        token.is_blocked, token.blocked_at = False, None
        token.save(update_fields=["is_blocked", "blocked_at"])
    return token
