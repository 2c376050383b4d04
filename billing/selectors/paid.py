"""What somebody pays somewhere at an instant, and why: the same choice as for a session that starts then."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from billing import batches
from billing.models import TariffAssignment, TariffVersion
from billing.selectors import terms
from charging.models import Station
from tenants.models import Account, Driver


@dataclass(frozen=True, slots=True)
class Paid:
    """The version that prices, if there is one, the assignments that reach, the one that counts first, and who pays.

    payer: None for anybody without an account here.
    """

    version: TariffVersion | None
    assignments: list[TariffAssignment]
    payer: Account | None


def paid(driver: Driver | None, station: Station, *, at: datetime) -> Paid:
    """What a session of the driver, or of anybody without terms of their own, is priced by when it starts then."""
    car = batches.plugged_in(at, station=station, driver=driver)
    versions, chosen = terms.price_book().choose(car)
    version = versions[int(chosen[0])] if chosen[0] >= 0 else None
    whose = Q(site=station.site_id, station=None) | Q(station=station)
    whose |= Q(driver=None, account=None, group=None, site=None)
    if driver is not None:
        whose |= Q(driver=driver) | Q(group=driver.group_id, group__isnull=False) | Q(account=int(car.account[0]))
    rows = TariffAssignment.objects.filter(whose, valid_from__lte=at).exclude(valid_until__lte=at)
    listed = sorted(
        rows.select_related("tariff", "driver", "account__identity", "group", "station", "site"),
        key=_strength,
        reverse=True,
    )
    payer = Account.objects.select_related("identity").filter(pk=int(car.payer[0])).first()
    return Paid(version, listed, payer)


def _strength(row: TariffAssignment) -> tuple[int, datetime, int]:
    """The more particular one counts, and among those for the same the one that began last."""
    rank = row.LEVELS.index(row.level) if row.level in row.LEVELS else -1
    return rank, row.valid_from, row.pk
