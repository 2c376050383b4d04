"""Which sites a driver wants to find first."""

from django.db import transaction

from charging.models import Favourite, Site
from tenants.models import Driver

#: More than that are no favourites.
MOST = 20


@transaction.atomic
def choose(driver: Driver, site: Site, *, is_one: bool) -> bool:
    """Keep the site as one of the driver's favourites, or no longer; False where they have too many already."""
    Driver.objects.select_for_update().get(pk=driver.pk)
    rows = Favourite.objects.filter(driver=driver)
    if not is_one:
        rows.filter(site=site).delete()
        return True
    if rows.exclude(site=site).count() >= MOST:
        return False
    Favourite.objects.get_or_create(driver=driver, site=site)
    return True
