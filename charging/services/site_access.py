"""Which sites a limited member of staff works for."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from charging.models import Site, SiteAccess
from tenants import audit
from tenants.models import User


@transaction.atomic
def give(user: User, *, site_public_ids: Iterable[UUID]) -> list[Site]:
    """Let the person work for exactly these sites of the current operator; return them.

    A site that is no longer there is left out.
    """
    sites = list(Site.objects.filter(public_id__in=set(site_public_ids)))
    held = SiteAccess.objects.filter(user=user)
    before = set(held.values_list("site_id", flat=True))
    after = {site.pk for site in sites}
    held.exclude(site_id__in=after).delete()
    SiteAccess.objects.bulk_create(SiteAccess(user=user, site=site) for site in sites if site.pk not in before)
    if before != after:
        audit.record("site_access.given", about=user, count=len(after), left=len(before - after))
    return sites
