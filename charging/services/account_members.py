"""Which account a driver or a single card belongs to, from when to when."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from charging.domain import holders
from charging.domain.errors import Code, HolderRefused, PartnerCardRefused
from charging.domain.holders import Held
from charging.models import AccountMember, Token
from tenants.models import Account, Driver

#: An account by number, and whether it pays or only hosts.
Belonging = tuple[int, bool]


@transaction.atomic
def move(
    who: Driver | Token,
    *,
    to: Account | None,
    since: datetime | None = None,
    until: datetime | None = None,
    pays: bool = True,
) -> list[Held[Belonging]]:
    """Say that the driver or card belongs to the account from `since` until `until`; return how it was before.

    to: None for no account, so that a driver pays by their own, and a card's driver pays. since: None for the first
    session on. until: None for still. pays: False where the account only hosts. What was said of that time before is
    replaced, before and after it everything stays; sessions are not touched.

    Raises:
        HolderRefused: the time ends before it begins.
        PartnerCardRefused: another account than the partner's whose card it is.
    """
    if since and until and until <= since:
        raise HolderRefused(Code.HELD_BACKWARDS, since=since, until=until)
    # Two moves of one driver or card come one after the other.
    locked = type(who)._default_manager.select_for_update(no_key=True, of=("self",)).filter(pk=who.pk)
    issuer = locked.values_list("issuer" if isinstance(who, Token) else "pk", flat=True).first()
    if isinstance(who, Token) and issuer is not None and (to is None or to.pk != issuer or not pays):
        raise PartnerCardRefused(Code.CARD_OF_PARTNER, card=str(who))
    rows = of(who)
    before = history(who)
    rows.delete()
    named = {"driver": who} if isinstance(who, Driver) else {"token": who}
    AccountMember.objects.bulk_create(
        AccountMember(account_id=held.who[0], pays=held.who[1], since=held.since, until=held.until, **named)
        for held in holders.given(before, (to.pk, pays) if to else None, since, until)
    )
    return before


def of(who: Driver | Token) -> QuerySet[AccountMember]:
    """The times of the driver or card at accounts, in order."""
    rows = (
        AccountMember.objects.filter(driver=who) if isinstance(who, Driver) else AccountMember.objects.filter(token=who)
    )
    return rows.order_by(F("since").asc(nulls_first=True))


def history(who: Driver | Token) -> list[Held[Belonging]]:
    """Which accounts the driver or card belonged to, in order of time."""
    return [Held((row.account_id, row.pays), row.since, row.until) for row in of(who)]
