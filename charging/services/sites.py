"""Sites: added and changed by people. An import adds the ones it meets by itself."""

from contextlib import AbstractContextManager
from typing import Any

from django.db import transaction

from charging.domain.errors import Code, NetworkRefused
from charging.models import Site
from charging.site_scope import visible_sites
from tenants.conflicts import refused_as


@transaction.atomic
def create(*, name: str, **facts: Any) -> Site:
    """Add a site. `facts`: the other fields of `Site`.

    Raises:
        NetworkRefused: another site has the name, or the person works for some sites only.
    """
    if visible_sites() is not None:
        raise NetworkRefused(Code.SEES_SOME_SITES)
    with _name_once(name):
        return Site.objects.create(name=name, **facts)


@transaction.atomic
def change(site: Site, **facts: Any) -> Site:
    """Give the site these facts. A new time zone counts for sessions that are priced from now on.

    Raises:
        NetworkRefused: another site has the new name, or it gets one from a person who works for some sites only:
            whether a name is taken would tell them of sites they do not see.
    """
    name = facts.get("name", site.name)
    if visible_sites() is not None and name != site.name:
        raise NetworkRefused(Code.SITE_IN_SIGHT_OF_SOME)
    for field, value in facts.items():
        setattr(site, field, value)
    with _name_once(name):
        site.save()
    return site


def _name_once(name: str) -> AbstractContextManager[None]:
    return refused_as(NetworkRefused(Code.SITE_NAME_TAKEN, name=name), constraint="site_name_once")
