"""Which tariffs are assigned to a driver or a group today, as pages about them tell it."""

from datetime import datetime

from django.db.models import F, Prefetch, Q, QuerySet

from billing.models import TariffAssignment
from tenants.models import Account, Driver, DriverGroup


def in_force(*, at: datetime) -> QuerySet[TariffAssignment]:
    """Return the assignments that hold at the instant, with their tariffs, the newest first."""
    begun = TariffAssignment.objects.filter(valid_from__lte=at)
    lasting = begun.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at))
    return lasting.select_related("tariff").order_by("-valid_from")


def of_driver(driver: Driver, *, at: datetime) -> QuerySet[TariffAssignment]:
    """Return what is assigned to the driver and to the driver's group, the driver's own first."""
    mine = Q(driver=driver) | Q(group=driver.group_id) if driver.group_id else Q(driver=driver)
    own_first = F("driver").asc(nulls_last=True)
    return in_force(at=at).filter(mine).select_related("group").order_by(own_first, "-valid_from")


def of_account(account: Account, *, at: datetime) -> QuerySet[TariffAssignment]:
    """Return what is assigned to the account, the newest first."""
    return in_force(at=at).filter(account=account)


def with_tariffs(groups: QuerySet[DriverGroup], *, at: datetime) -> QuerySet[DriverGroup]:
    """Return the groups, each with its assignments of the moment in `in_force`."""
    return groups.prefetch_related(Prefetch("tariff_assignments", in_force(at=at), to_attr="in_force"))


def is_any() -> bool:
    """Tell whether any tariff applies anywhere, at any time."""
    return TariffAssignment.objects.exists()
