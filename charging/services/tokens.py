"""Cards and app tokens: added, whose they were from when to when, blocked and unblocked."""

from datetime import datetime

from django.db import transaction

from charging.domain import holders
from charging.domain.errors import CardBlockedByStaff, Code, HolderRefused, PartnerCardRefused, TokenTaken
from charging.domain.holders import Held
from charging.models import EarlierHolder, Token
from charging.selectors import tokens
from charging.services import account_members, card_rules, station_commands
from tenants.conflicts import refused_as
from tenants.models import Account, Driver
from tenants.scoping import current_operator_id


@transaction.atomic
def create(
    *,
    uid: str,
    kind: str = Token.Kind.RFID,
    visual_number: str = "",
    driver: Driver | None = None,
    issuer: Account | None = None,
    whitelist: str = "",
    is_valid: bool = True,
) -> Token:
    """Add a token, with or without its driver; or a partner's, which the partner pays for.

    whitelist and is_valid: of a partner's alone.

    Raises:
        TokenTaken: there is one with this UID, of the operator or of that partner.
        PartnerCardRefused: no partner's card can be like this.
    """
    taken = TokenTaken(Code.CARD_TAKEN, uid=uid)
    if issuer is None:
        if Token.objects.filter(issuer=None, uid_exact__in=Token.exact_marks(uid, current_operator_id())).exists():
            raise taken  # also where an older key of the instance made its mark
        with refused_as(taken, constraint="token_uid_once"):
            return Token.objects.create(uid=uid, kind=kind, visual_number=visual_number, driver=driver)
    _refuse_unlike_partners(issuer, whitelist)
    if driver is not None:
        raise PartnerCardRefused(Code.CARD_HAS_HOLDER, card=uid)
    if Token.objects.filter(issuer=issuer, uid_mark__in=Token.uid_marks(uid, current_operator_id())).exists():
        raise taken
    told = {"issuer": issuer, "whitelist": whitelist, "is_valid": is_valid}
    with refused_as(taken, constraint="token_of_partner_once"):
        token = Token.objects.create(uid=uid, kind=kind, visual_number=visual_number, **told)
    account_members.move(token, to=issuer)
    card_rules.tell()
    return token


@transaction.atomic
def issue(token: Token, *, issuer: Account | None, whitelist: str = "", is_valid: bool = True) -> Token:
    """Say which partner has issued the card, and what the partner has told of it; None: the operator itself.

    Who pays is billing's to change with it (`billing.services.partner_cards`).

    Raises:
        TokenTaken: the partner, or the operator, has another card with that UID.
        PartnerCardRefused: a driver has it, or had it, or it is no partner's at all.
    """
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    if issuer is not None:
        _refuse_unlike_partners(issuer, whitelist)
        if history(token):
            raise PartnerCardRefused(Code.CARD_HAS_HOLDER, card=str(token))
        if token.merged_into_id or token.merged.exists():
            raise PartnerCardRefused(Code.CARD_OF_PARTNER, card=str(token))
    marks = Token.uid_marks(token.uid, current_operator_id()) if token.uid else []
    others = Token.objects.filter(issuer=issuer, uid_mark__in=marks).exclude(pk=token.pk)
    taken = TokenTaken(Code.CARD_TAKEN, uid=token.masked_uid)
    if issuer is not None and others.exists():
        raise taken
    if issuer is None or issuer.pk != token.issuer_id:
        token.is_set_aside = False
    token.issuer, token.whitelist, token.is_valid = issuer, whitelist if issuer else "", is_valid or issuer is None
    with refused_as(taken, constraint="token_of_partner_once" if issuer else "token_uid_once"):
        token.save(update_fields=["issuer", "whitelist", "is_valid", "is_set_aside"])
    card_rules.tell()
    return token


@transaction.atomic
def settle(token: Token) -> list[Token]:
    """Say that of several cards with this UID this one is meant; return those of partners that are not, from now on.

    Raises:
        PartnerCardRefused: it is a partner's, and the operator has a card of that UID itself.
    """
    marks = Token.uid_marks(token.uid, current_operator_id()) if token.uid else [token.uid_mark]
    if token.issuer_id is not None and Token.objects.filter(uid_mark__in=marks, issuer=None).exists():
        raise PartnerCardRefused(Code.OWN_CARD_GOES_FIRST, card=str(token))
    rows = Token.objects.select_for_update().filter(uid_mark__in=marks, issuer__isnull=False).order_by("pk")
    others = []
    for row in rows:
        is_aside = row.pk != token.pk
        others += [row] if is_aside else []
        if row.is_set_aside != is_aside:
            row.is_set_aside = is_aside
            row.save(update_fields=["is_set_aside"])
    card_rules.tell()
    return others


def _refuse_unlike_partners(issuer: Account, whitelist: str) -> None:
    if issuer.kind != Account.Kind.ROAMING:
        raise PartnerCardRefused(Code.NOT_A_PARTNER, account=str(issuer))
    if whitelist not in Token.Whitelist.values:
        raise PartnerCardRefused(Code.PARTNER_NEEDS_WHITELIST)


@transaction.atomic
def give(
    token: Token, *, driver: Driver | None, since: datetime | None = None, until: datetime | None = None
) -> list[Held[int]]:
    """Say that the driver, or nobody, had the card from `since` until `until`; return whose it was before.

    since: None for its first session on. until: None for still. What was said of that time before is replaced. The
    sessions charged with the card are not touched here: which of them may follow is billing's to know.

    Raises:
        HolderRefused: the time ends before it begins.
        PartnerCardRefused: it is a partner's, who pays for it.
    """
    if since and until and until <= since:
        raise HolderRefused(Code.HELD_BACKWARDS, since=since, until=until)
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    if token.issuer_id is not None:
        raise PartnerCardRefused(Code.CARD_OF_PARTNER, card=str(token))
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
def unblock(token: Token, *, at: datetime) -> Token:
    """Accept the token again."""
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    return _lift(token, at=at) if token.is_blocked else token


@transaction.atomic
def report_found(token: Token, *, at: datetime) -> Token:
    """Accept the token again, as its driver has found it.

    Raises:
        CardBlockedByStaff: only they can lift it.
    """
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    if token.is_blocked and token.lost_at is None:
        raise CardBlockedByStaff(Code.CARD_BLOCKED_BY_STAFF, card=str(token))
    return _lift(token, at=at) if token.is_blocked else token


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


def _lift(token: Token, *, at: datetime) -> Token:
    if token.blocked_at is not None:
        token.blocked_before = [*token.blocked_before, [token.blocked_at.isoformat(), at.isoformat()]]
    token.is_blocked, token.blocked_at, token.lost_at = False, None, None
    token.save(update_fields=["is_blocked", "blocked_at", "lost_at", "blocked_before"])
    return token
