"""What stations said about drivers: the charges of their sessions, and messages about these or with their cards."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import F, Func, Q, QuerySet, TextField, Value

from charging.models import (
    ChargingSession,
    EarlierHolder,
    SignedRecord,
    StationCharge,
    StationCommand,
    StationMessage,
    Token,
)
from tenants.crypto import Unreadable
from tenants.models import Driver

#: Where a question about a card says which, in 1.6 and in 2.0.1.
_TAG = r'"id(?:Tag|Token)"\s*:\s*"([^"]*)"'


def charges_of(driver: Driver) -> QuerySet[StationCharge]:
    """The charges behind the driver's sessions."""
    return StationCharge.objects.filter(number__in=_numbers([driver]))


def records_of(driver: Driver) -> QuerySet[SignedRecord]:
    """What meters signed about those charges."""
    return SignedRecord.objects.filter(number__in=_numbers([driver]))


def messages_of(driver: Driver) -> QuerySet[StationMessage]:
    """What stations said about those charges, and when they asked about a card while it was the driver's."""
    return messages_about([driver])


def commands_of(driver: Driver) -> QuerySet[StationCommand]:
    """What was asked of stations with the driver's cards while they were theirs, or by the driver without a card."""
    return commands_about([driver])


def messages_about(drivers: Collection[Driver]) -> QuerySet[StationMessage]:
    """The messages of all these drivers. Three queries, however many they are."""
    asked = Q(pk__in=[])
    for uid, held in _cards(drivers, "received_at"):
        asked |= Q(action="Authorize", raw__icontains=f'"{uid}"') & held
    return StationMessage.objects.filter(Q(number__in=_numbers(drivers)) | asked)


def commands_about(drivers: Collection[Driver]) -> QuerySet[StationCommand]:
    """What was asked of stations for all these drivers. Two queries, however many they are."""
    asked = Q(asked_by__in=[driver.user_id for driver in drivers if driver.user_id], id_tag="")
    for uid, held in _cards(drivers, "asked_at"):
        asked |= Q(id_tag__iexact=uid) & held
    return StationCommand.objects.filter(asked)


def _numbers(drivers: Collection[Driver]) -> list[int]:
    own = ChargingSession.objects.filter(driver__in=drivers, source="ocpp").values_list("external_id", flat=True)
    return [int(number) for number in own if number.isdecimal()]


def _cards(drivers: Collection[Driver], when: str) -> list[tuple[str, Q]]:
    """The drivers' cards, each with the time in which it was theirs, as a condition on the field `when`."""

    def since(moment: datetime | None) -> Q:
        return Q(**{f"{when}__gte": moment}) if moment else Q()

    now = [(card, since(card.driver_since)) for card in Token.objects.filter(driver__in=drivers)]
    earlier = EarlierHolder.objects.filter(driver__in=drivers).select_related("token")
    before = [(each.token, since(each.since) & Q(**{f"{when}__lt": each.until})) for each in earlier]
    return [(uid, held) for card, held in now + before for uid in _uids(card, held, when)]


def _uids(card: Token, held: Q, when: str) -> Iterable[str]:
    """The card's UID; where the key of its holder is gone, as after a restore with later keys, as it was said."""
    try:
        return [str(card.uid)]
    except Unreadable:
        said = _tags_asked(held) if when == "asked_at" else _tags_said(held)
        return [tag for tag in said if card.uid_mark in Token.uid_marks(tag, card.operator_id)]


def _tags_asked(held: Q) -> set[str]:
    return set(StationCommand.objects.filter(held).exclude(id_tag="").values_list("id_tag", flat=True))


def _tags_said(held: Q) -> set[str]:
    found = Func(F("raw"), Value(_TAG), function="substring", output_field=TextField())
    asked = StationMessage.objects.filter(held, action="Authorize").annotate(tag=found)
    return set(asked.exclude(tag__isnull=True).values_list("tag", flat=True))
