"""Cards and app tokens: added, whose they were from when to when, blocked and unblocked."""

from datetime import datetime

from django.db import transaction

from charging.domain import holders
from charging.domain.errors import CardBlockedByStaff, Code, HolderRefused, TokenTaken
from charging.domain.holders import Held
from charging.models import EarlierHolder, Token
from charging.selectors import tokens
from charging.services import station_commands
from tenants.conflicts import refused_as
from tenants.models import Driver
from tenants.scoping import current_operator_id


@transaction.atomic
def create(*, uid: str, kind: str = Token.Kind.RFID, visual_number: str = "", driver: Driver | None = None) -> Token:
    """Add a token, with or without its driver.

    Raises:
        TokenTaken: there is one with this UID.
    """
    taken = TokenTaken(Code.CARD_TAKEN, uid=uid)
    if Token.objects.filter(uid_exact__in=Token.exact_marks(uid, current_operator_id())).exists():
        raise taken  # also where an older key of the instance made its mark
    with refused_as(taken, constraint="token_uid_once"):
        return Token.objects.create(uid=uid, kind=kind, visual_number=visual_number, driver=driver)


@transaction.atomic
def give(
    token: Token, *, driver: Driver | None, since: datetime | None = None, until: datetime | None = None
) -> list[Held[int]]:
    """Say that the driver, or nobody, had the card from `since` until `until`; return whose it was before.

    since: None for its first session on. until: None for still. What was said of that time before is replaced. The
    sessions charged with the card are not touched here: which of them may follow is billing's to know.

    Raises:
        HolderRefused: the time ends before it begins.
    """
    if since and until and until <= since:
        raise HolderRefused(Code.HELD_BACKWARDS, since=since, until=until)
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    before = history(token)
    keep(token, holders.given(before, driver.pk if driver else None, since, until))
    return before


def history(token: Token) -> list[Held[int]]:
    """Return who has had the card, from when to when, in order of time."""
    return tokens.histories([token.pk])[token.pk]


def keep(token: Token, history: list[Held[int]]) -> None:
    """Say that exactly these had the card."""
    now = history[-1] if history and history[-1].until is None else None
    EarlierHolder.objects.filter(token=token).delete()
    EarlierHolder.objects.bulk_create(
        EarlierHolder(token=token, driver_id=held.who, since=held.since, until=held.until)
        for held in history
        if held.until is not None
    )
    holder, since = (now.who, now.since) if now else (None, None)
    names = ["driver", "driver_since", "lost_at"]
    if holder != token.driver_id:
        token.lost_at = None  # whoever has it next did not report it, and cannot take that back
        # Opened while it is the former holder's, and sealed for the next: erasing the one does not reach the other.
        token.uid, token.visual_number = token.uid, token.visual_number
        names += ["uid", "visual_number"]
    token.driver_id, token.driver_since = holder, since
    token.save(update_fields=names)


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
        station_commands.forget_cards(at=at)
    elif lost_at is None and token.lost_at is not None:
        token.lost_at = None
        token.save(update_fields=["lost_at"])
    return token


def _lift(token: Token) -> Token:
    token.is_blocked, token.blocked_at, token.lost_at = False, None, None
    token.save(update_fields=["is_blocked", "blocked_at", "lost_at"])
    return token
