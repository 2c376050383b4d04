"""What stations said about one driver: the charges of their sessions, and messages about these or with their cards."""

from datetime import datetime

from django.db.models import Q, QuerySet

from charging.models import ChargingSession, EarlierHolder, StationCharge, StationCommand, StationMessage, Token
from tenants.models import Driver


def charges_of(driver: Driver) -> QuerySet[StationCharge]:
    """The charges behind the driver's sessions."""
    return StationCharge.objects.filter(number__in=_numbers(driver))


def messages_of(driver: Driver) -> QuerySet[StationMessage]:
    """What stations said about those charges, and when they asked about a card while it was the driver's."""
    asked = Q(pk__in=[])
    for uid, held in _cards(driver, "received_at"):
        asked |= Q(action="Authorize", raw__icontains=f'"{uid}"') & held
    return StationMessage.objects.filter(Q(number__in=_numbers(driver)) | asked)


def commands_of(driver: Driver) -> QuerySet[StationCommand]:
    """What was asked of stations with the driver's cards while they were theirs, or by the driver without a card."""
    asked = Q(asked_by=driver.user_id, asked_by__isnull=False, id_tag="")
    for uid, held in _cards(driver, "asked_at"):
        asked |= Q(id_tag__iexact=uid) & held
    return StationCommand.objects.filter(asked)


def _numbers(driver: Driver) -> list[int]:
    own = ChargingSession.objects.filter(driver=driver, source="ocpp").values_list("external_id", flat=True)
    return [int(number) for number in own if number.isdecimal()]


def _cards(driver: Driver, when: str) -> list[tuple[str, Q]]:
    """The driver's cards, each with the time in which it was theirs, as a condition on the field `when`."""

    def since(moment: datetime | None) -> Q:
        return Q(**{f"{when}__gte": moment}) if moment else Q()

    now = [(card.uid, since(card.driver_since)) for card in Token.objects.filter(driver=driver)]
    before = EarlierHolder.objects.filter(driver=driver).select_related("token")
    return now + [(each.token.uid, since(each.since) & Q(**{f"{when}__lt": each.until})) for each in before]
