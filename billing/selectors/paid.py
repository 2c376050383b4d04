"""What somebody pays somewhere at an instant, and why: the same choice as for a session that starts then."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from billing import batches
from billing.models import TariffAssignment, TariffVersion
from billing.selectors import terms
from charging.models import Site
from tenants.models import Driver


@dataclass(frozen=True, slots=True)
class Paid:
    """The version that prices, if there is one, and the assignments that reach, the one that counts first."""

    version: TariffVersion | None
    assignments: list[TariffAssignment]


def paid(driver: Driver | None, site: Site, *, at: datetime) -> Paid:
    """What a session of the driver, or of anybody without terms of their own, is priced by when it starts then."""
    group = driver.group_id or 0 if driver else 0
    car = batches.plugged_in(int(at.timestamp()), site=site.pk, driver=driver.pk if driver else 0, group=group)
    versions, chosen = terms.price_book().choose(car)
    version = versions[int(chosen[0])] if chosen[0] >= 0 else None
    whose = Q(site=site) | Q(driver=None, group=None, site=None)
    if driver is not None:
        whose |= Q(driver=driver) | Q(group=driver.group_id, group__isnull=False)
    rows = TariffAssignment.objects.filter(whose, valid_from__lte=at).exclude(valid_until__lte=at)
    listed = sorted(rows.select_related("tariff", "driver", "group", "site"), key=_strength, reverse=True)
    return Paid(version, listed)


def _strength(row: TariffAssignment) -> tuple[int, datetime, int]:
    """The more particular one counts, and among those for the same the one that began last."""
    level = next((place for place, name in ((3, "driver"), (2, "group"), (1, "site")) if getattr(row, f"{name}_id")), 0)
    return level, row.valid_from, row.pk
