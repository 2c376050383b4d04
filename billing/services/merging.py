"""Two cards, or two stations, that turn out to be one: sessions and holders follow, and it can be undone.

Nothing that is billed changes: a session that was ever on an invoice, also on a draft, keeps the card and the station
that the document was made with. Refused is what would contradict itself: a card of two people at the same time, an
outlet with two cars at the same time. What undoing needs stands with the one that was merged.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from billing.models import BilledSession, SessionPrice
from billing.services import rating
from charging.domain import holders
from charging.domain.errors import Code, MergeRefused
from charging.domain.holders import Held
from charging.domain.limits import Limits
from charging.events import Event
from charging.models import AccountMember, ChargingSession, Connector, Station, Token
from charging.selectors.sessions import LOOK_BACK, slack
from charging.selectors.tokens import histories
from charging.services import tokens
from charging.site_scope import limited_to
from tenants.conflicts import refused_as
from tenants.log.audit import record

#: So many sessions follow in one request.
MOST = 20_000


@transaction.atomic
@limited_to(None)  # a card is used at every site
def merge_cards(gone: Token, kept: Token, *, reason: str) -> int:
    """Let `gone` be `kept` from now on, and return how many sessions follow; those on invoices stay as they are.

    If `gone` is blocked, `kept` is from now on: it is the same card. Until now it could be used, and fees are of that.

    Raises:
        MergeRefused: they cannot be one card.
    """
    gone, kept = _both(Token, gone, kept)
    if gone.issuer_id is not None or kept.issuer_id is not None:
        raise MergeRefused(Code.CARD_OF_PARTNER, card=str(gone if gone.issuer_id else kept))
    is_lost = gone.lost_at is not None
    before = histories([gone.pk, kept.pk])
    union = holders.together(before[gone.pk], before[kept.pk])
    if union is None:
        raise MergeRefused(Code.MERGED_OF_TWO_HOLDERS, name=str(gone), other=str(kept))
    moved = _free(ChargingSession.objects.filter(token=gone), gone)
    unpaid = _free(ChargingSession.objects.filter(token=kept, driver=None), kept)
    by_card = {held.who for held in before[gone.pk]}
    ChargingSession.objects.filter(pk__in=moved).update(token=kept)
    times = _to_account(gone, kept)
    _pay([*moved, *unpaid], union, by_card)
    tokens.keep(gone, [])
    tokens.keep(kept, union)
    if gone.is_blocked:
        (tokens.report_lost if is_lost else tokens.block)(kept, at=timezone.now())
    gone.merged_into = kept
    gone.merge = {
        "sessions": moved,
        "unpaid": unpaid,
        "times": times,
        "holders": _stored(before[gone.pk]),
        "others": _stored(before[kept.pk]),
    }
    gone.save(update_fields=["merged_into", "merge"])
    record(Event.TOKEN_MERGED, about=gone, into=kept.log_name, sessions=len(moved), reason=reason)
    return len(moved)


@transaction.atomic
@limited_to(None)
def part_cards(gone: Token, *, reason: str = "") -> int:
    """Let a merged card be one of its own again, with its holders and the sessions that followed; return how many.

    Raises:
        MergeRefused: some of them were billed since, or somebody has said since whose card it is.
    """
    gone, kept = _merged(Token, gone)
    merge: dict[str, Any] = gone.merge or {}
    moved, unpaid = merge["sessions"], merge["unpaid"]
    own, others = _read(merge["holders"]), _read(merge["others"])
    union = holders.together(own, others)
    if union is None or histories([kept.pk])[kept.pk] != union:
        raise MergeRefused(Code.PARTED_HELD_SINCE)
    _refuse_billed([*moved, *unpaid])
    by_card = {held.who for held in union}
    ChargingSession.objects.filter(pk__in=moved, token=kept).update(token=gone)
    AccountMember.objects.filter(pk__in=merge["times"], token=kept).update(token=gone)
    _pay(moved, own, by_card)
    _pay(unpaid, others, by_card)
    tokens.keep(kept, others)
    gone.merged_into, gone.merge = None, None
    gone.save(update_fields=["merged_into", "merge"])
    tokens.keep(gone, own)
    record(Event.TOKEN_PARTED, about=gone, into=kept.log_name, sessions=len(moved), reason=reason)
    return len(moved)


@transaction.atomic
def merge_stations(gone: Station, kept: Station, *, reason: str) -> int:
    """Let `gone` be `kept` from now on, outlet by outlet, and return how many sessions follow.

    Raises:
        MergeRefused: they cannot be one station.
    """
    rating.await_rating()  # before their rows, which whoever assigns one a tariff wants when they have this
    gone, kept = _both(Station, gone, kept)
    if gone.site_id != kept.site_id:
        raise MergeRefused(Code.MERGED_AT_TWO_SITES, name=str(gone), other=str(kept))
    if twice := _at_once(gone, kept):
        raise MergeRefused(Code.MERGED_AT_ONCE, session=twice, name=str(gone), other=str(kept))
    ids = _free(ChargingSession.objects.filter(station=gone), gone)
    moved: defaultdict[int, list[int]] = defaultdict(list)
    for connector, session in ChargingSession.objects.filter(pk__in=ids).values_list("connector_id", "pk"):
        moved[connector].append(session)
    for outlet in Connector.objects.filter(station=gone):
        facts = {"standard": outlet.standard, "max_power_w": outlet.max_power_w}
        target, _new = Connector.objects.get_or_create(station=kept, number=outlet.number, defaults=facts)
        rows = ChargingSession.objects.filter(pk__in=moved.get(outlet.pk, ()))
        rows.update(station=kept, connector=target)
    _price_anew(ids)
    gone.merge = {"sessions": dict(moved), "was_active": gone.is_active}
    gone.merged_into, gone.is_active = kept, False
    gone.save(update_fields=["merged_into", "merge", "is_active"])
    record(Event.STATION_MERGED, about=gone, into=kept.identifier, sessions=len(ids), reason=reason)
    return len(ids)


@transaction.atomic
def part_stations(gone: Station, *, reason: str = "") -> int:
    """Let a merged station be one of its own again, with the sessions that followed; return how many.

    A former name is forgotten: no file and no search means the station by it any more.

    Raises:
        MergeRefused: some of the sessions were billed since.
    """
    rating.await_rating()  # as when they were merged
    gone, kept = _merged(Station, gone)
    if gone.merge is None:
        gone.delete()
        return 0
    moved = {int(connector): ids for connector, ids in gone.merge["sessions"].items()}
    every = [pk for ids in moved.values() for pk in ids]
    _refuse_billed(every)
    for connector, ids in moved.items():
        rows = ChargingSession.objects.filter(pk__in=ids, station=kept)
        rows.update(station=gone, connector=connector)
    _price_anew(every)
    gone.is_active = gone.merge["was_active"]
    gone.merged_into, gone.merge = None, None
    gone.save(update_fields=["merged_into", "merge", "is_active"])
    record(Event.STATION_PARTED, about=gone, into=kept.identifier, sessions=len(every), reason=reason)
    return len(every)


def _both(model: Any, gone: Any, kept: Any) -> tuple[Any, Any]:
    """Lock both, if each stands for itself and nothing was merged into the one that goes."""
    if gone.pk == kept.pk:
        raise MergeRefused(Code.MERGED_ITSELF, name=str(gone))
    rows = model.objects.select_for_update().filter(pk__in=[gone.pk, kept.pk]).order_by("pk")
    found = {row.pk: row for row in rows}
    for row in found.values():
        if row.merged_into_id is not None:
            raise MergeRefused(Code.MERGED_ALREADY, name=str(row))
    if model.objects.filter(merged_into=gone.pk).exists():
        raise MergeRefused(Code.MERGED_STANDS_FOR_OTHERS, name=str(gone))
    return found[gone.pk], found[kept.pk]


def _merged(model: Any, gone: Any) -> tuple[Any, Any]:
    row = model.objects.select_for_update().get(pk=gone.pk)
    if row.merged_into_id is None:
        raise MergeRefused(Code.NOT_MERGED, name=str(row))
    return row, model.objects.select_for_update().get(pk=row.merged_into_id)


def _free(rows: QuerySet[ChargingSession], thing: object) -> list[int]:
    """The sessions that never were on an invoice, held against whoever drafts."""
    never = rows.exclude(Exists(BilledSession.objects.filter(session=OuterRef("pk"))))
    ids = list(never.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    if len(ids) > MOST:
        raise MergeRefused(Code.MERGED_TOO_MANY, name=str(thing), most=MOST)
    rating.hold_prices(ids)
    drafted = set(BilledSession.objects.filter(session__in=ids).values_list("session", flat=True))
    return [pk for pk in ids if pk not in drafted]


def _refuse_billed(ids: Sequence[int]) -> None:
    rating.hold_prices(sorted(ids))
    billed = BilledSession.objects.filter(session__in=ids).values("session").distinct().count()
    if billed:
        raise MergeRefused(Code.PARTED_BILLED, count=billed)


def _pay(ids: Sequence[int], history: Sequence[Held[int]], by_card: Iterable[int]) -> None:
    """Let those who had the card pay for the sessions; a payer whom a person chose stays."""
    rows = ChargingSession.objects.filter(pk__in=ids).values_list("pk", "driver_id", "started_at")
    payers: defaultdict[int | None, list[int]] = defaultdict(list)
    for pk, driver, started_at in rows:
        payer = holders.holder(history, started_at)
        if payer != driver and (driver is None or driver in by_card):
            payers[payer].append(pk)
    for payer, theirs in payers.items():
        ChargingSession.objects.filter(pk__in=theirs).update(driver=payer)
    _price_anew(ids)


def _price_anew(ids: Sequence[int]) -> None:
    """Forget prices that rest on who pays and where; the sessions are held."""
    if SessionPrice.objects.filter(session__in=ids).delete()[0]:
        rating.ask()


def _to_account(gone: Token, kept: Token) -> list[int]:
    """Let the card that stays belong where the other one belonged; return the times that changed hands."""
    times = AccountMember.objects.filter(token=gone)
    ids = list(times.values_list("pk", flat=True))
    with refused_as(
        MergeRefused(Code.MERGED_OF_TWO_PAYERS, name=str(gone), other=str(kept)),
        constraint="account_member_token_once_a_time",
    ):
        times.update(token=kept)
    return ids


def _at_once(gone: Station, kept: Station) -> str:
    """A session of the one that had its outlet while one of the other had it; empty if there is none."""
    beside = ChargingSession.objects.filter(
        station=kept,
        connector__number=OuterRef("connector__number"),
        started_at__gt=OuterRef("started_at") - LOOK_BACK,
        started_at__lt=OuterRef("ended_at") - slack(Limits()),
        ended_at__gt=OuterRef("started_at") + slack(Limits()),
    )
    rows = ChargingSession.objects.filter(Exists(beside), station=gone)
    return rows.values_list("external_id", flat=True).first() or ""


def _stored(history: Sequence[Held[int]]) -> list[list[Any]]:
    return [[held.who, *(at and at.isoformat() for at in (held.since, held.until))] for held in history]


def _read(stored: Sequence[Sequence[Any]]) -> list[Held[int]]:
    return [Held(driver, *(at and datetime.fromisoformat(at) for at in times)) for driver, *times in stored]
