"""Drivers with what they charged: found by what a person knows of them, and month by month."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from charging.models import ChargingSession
from charging.selectors import words
from tenants.models import Driver, DriverGroup


@dataclass(frozen=True, slots=True)
class MonthTotals:
    """What a driver charged in one month of a zone."""

    month: date
    sessions: int
    energy_wh: int


def listing(search: str = "", *, group: DriverGroup | None = None, active: bool | None = None) -> QuerySet[Driver]:
    """Return the drivers with identity, group and cards, in no order.

    search: words of the name or the e-mail, the beginning of the customer number, or part of a card's number.
    """
    rows = Driver.objects.select_related("identity", "group").prefetch_related("tokens")
    if search:
        rows = rows.filter(words.of_driver_or_card(search))
    if group is not None:
        rows = rows.filter(group=group)
    if active is not None:
        rows = rows.filter(is_active=active)
    return rows


def groups() -> QuerySet[DriverGroup]:
    """Return the groups by name, each with the number of its drivers in use."""
    count = Count("drivers", filter=Q(drivers__is_active=True))
    return DriverGroup.objects.annotate(driver_count=count).order_by("name")


def by_month(driver: Driver, *, zone: ZoneInfo, since: datetime) -> list[MonthTotals]:
    """Sum the driver's sessions by the month in which they started, the oldest first."""
    rows = ChargingSession.objects.filter(driver=driver, started_at__gte=since)
    months = rows.annotate(month=TruncMonth("started_at", tzinfo=zone)).values("month").order_by("month")
    found = months.annotate(sessions=Count("pk"), energy=Sum("energy_wh"))
    return [MonthTotals(row["month"].date(), row["sessions"], int(row["energy"] or 0)) for row in found]
