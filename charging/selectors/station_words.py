"""What stations said about drivers: the charges of their sessions, and messages about these or with their cards."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

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
    for marks, held in _cards(drivers, "received_at"):
        asked |= Q(action="Authorize", card_mark__in=marks) & held
    return StationMessage.objects.filter(Q(number__in=_numbers(drivers)) | asked)


def commands_about(drivers: Collection[Driver]) -> QuerySet[StationCommand]:
    """What was asked of stations for all these drivers. Two queries, however many they are."""
    asked = Q(asked_by__in=[driver.user_id for driver in drivers if driver.user_id], card_mark="")
    for marks, held in _cards(drivers, "asked_at"):
        asked |= Q(card_mark__in=marks) & held
    return StationCommand.objects.filter(asked)


def _numbers(drivers: Collection[Driver]) -> list[int]:
    own = ChargingSession.objects.filter(driver__in=drivers, source="ocpp").values_list("external_id", flat=True)
    return [int(number) for number in own if number.isdecimal()]


def _cards(drivers: Collection[Driver], when: str) -> list[tuple[list[str], Q]]:
    """The marks of the drivers' cards, each with the time in which it was theirs as a condition on the field `when`."""

    def since(moment: datetime | None) -> Q:
        return Q(**{f"{when}__gte": moment}) if moment else Q()

    now = [(card, since(card.driver_since)) for card in Token.objects.filter(driver__in=drivers)]
    earlier = EarlierHolder.objects.filter(driver__in=drivers).select_related("token")
    before = [(each.token, since(each.since) & Q(**{f"{when}__lt": each.until})) for each in earlier]
    return [(_marks(card), held) for card, held in now + before if card.uid_mark]


def _marks(card: Token) -> list[str]:
    """What the card may stand as; where the key of its holder is gone, as after a restore, it is one mark."""
    try:
        return [card.uid_mark, *Token.uid_marks(card.uid, card.operator_id)]
    except Unreadable:
        return [card.uid_mark]
