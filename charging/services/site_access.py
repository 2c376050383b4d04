"""Which sites a limited member of staff works for. That a place is limited at all, the place itself says."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from charging.domain.errors import Code, NetworkRefused
from charging.events import Event
from charging.models import Site, SiteAccess
from charging.selectors import sites
from tenants.log import audit
from tenants.models import User


@transaction.atomic
def give(user: User, *, site_public_ids: Iterable[UUID]) -> frozenset[int]:
    """Let the person work for exactly these sites of the current operator. Returns the numbers of the sites.

    Without any they see nothing while their places are limited. What was given and taken stands in the log
    as one event, as a row for each of some hundred sites would tell nobody anything.

    Raises:
        NetworkRefused: the operator has no such site.
    """
    # Two changes of one person at once would each take away what the other gives: they queue here.
    User.objects.select_for_update().only("pk").get(pk=user.pk)
    wanted = _named(set(site_public_ids))
    held = dict(sites.of(user).values_list("pk", "name"))
    lost = [number for number in held if number not in wanted]
    gained = [number for number in wanted if number not in held]
    if lost:
        SiteAccess.objects.filter(user=user, site_id__in=lost).delete()
    SiteAccess.objects.bulk_create([SiteAccess(user=user, site_id=number) for number in gained])
    if lost or gained:
        audit.record(
            Event.MEMBER_SITES_CHANGED,
            about=user,
            gained=sorted(wanted[number] for number in gained),
            lost=sorted(held[number] for number in lost),
            sites=len(wanted),
        )
    return frozenset(wanted)


def _named(public_ids: set[UUID]) -> dict[int, str]:
    found = Site.objects.filter(public_id__in=public_ids).values_list("public_id", "pk", "name")
    sites_found = {public_id: (number, name) for public_id, number, name in found}
    unknown = sorted(str(public_id) for public_id in public_ids - set(sites_found))
    if unknown:
        raise NetworkRefused(Code.NO_SUCH_SITE, site=", ".join(unknown))
    return dict(sites_found.values())
