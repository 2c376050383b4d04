"""Reads of people together with the sites they work for."""

from collections.abc import Iterable
from uuid import UUID

from charging.models import Site, SiteAccess
from tenants.models import User


def sites_of(users: Iterable[User]) -> dict[int, list[Site]]:
    """The sites of each person by the person's number, by name. They mean something for limited places only."""
    found: dict[int, list[Site]] = {}
    rows = SiteAccess.objects.select_related("site").filter(user__in=list(users)).order_by("site__name", "site_id")
    for row in rows:
        found.setdefault(row.user_id, []).append(row.site)
    return found


def named(public_ids: Iterable[UUID]) -> list[Site]:
    """The sites with these identifiers, by name."""
    return list(Site.objects.filter(public_id__in=set(public_ids)).order_by("name", "pk"))
