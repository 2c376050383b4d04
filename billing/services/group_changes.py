"""A driver changed, also in the group: what they charged since, and is not billed, is priced by that group."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from billing.services import drafted_prices, rating
from charging.models import ChargingSession
from charging.site_scope import limited_to
from tenants.models import Driver, DriverGroup, EarlierGroup
from tenants.services.people import drivers


@transaction.atomic
@limited_to(None)  # a group's prices hold at every site
def change(driver: Driver, *, group: DriverGroup | None, group_since: datetime | None = None, **facts: Any) -> Driver:
    """Give the driver these facts; `group_since`: from when on they are of the group, None for now.

    Raises:
        Refused: as `tenants.services.people.drivers.change`.
    """
    since = group_since or now()
    if _moves(driver, group, since):
        rating.await_rating()  # before the driver's row, which whoever assigns them a tariff wants when they have this
    before = Driver.objects.values_list("group_id", "group_since").get(pk=driver.pk)
    driver = drivers.change(driver, group=group, group_since=since, **facts)
    if before != (driver.group_id, driver.group_since):
        sessions = ChargingSession.objects.filter(driver=driver, started_at__gte=since)
        rating.free_to_change(sessions)
        drafted_prices.note(sessions)
    return driver


def _moves(driver: Driver, group: DriverGroup | None, since: datetime) -> bool:
    """Whether they would be of another group than they are, or than is said of some time after it."""
    is_of = Driver.objects.values_list("group_id", flat=True).get(pk=driver.pk)
    return (
        is_of != (group.pk if group else None) or EarlierGroup.objects.filter(driver=driver, until__gt=since).exists()
    )
