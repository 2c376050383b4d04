"""Sites: added and changed by people. An import adds the ones it meets by itself."""

from typing import Any

from django.db import transaction

from charging.domain.errors import Code, NetworkRefused
from charging.models import Site
from charging.sight import limited_to, visible_sites


@transaction.atomic
def create(*, name: str, **facts: Any) -> Site:
    """Add a site. `facts`: the other fields of `Site`.

    Raises:
        NetworkRefused: another site has the name, or the person works for some sites only.
    """
    if visible_sites() is not None:
        raise NetworkRefused(Code.SEES_SOME_SITES)
    _check_name(name)
    return Site.objects.create(name=name, **facts)


@transaction.atomic
def change(site: Site, **facts: Any) -> Site:
    """Give the site these facts. A new time zone counts for sessions that are priced from now on.

    Raises:
        NetworkRefused: another site has the new name.
    """
    _check_name(facts.get("name", site.name), but=site)
    for field, value in facts.items():
        setattr(site, field, value)
    site.save()
    return site


def _check_name(name: str, *, but: Site | None = None) -> None:
    others = Site.objects.filter(name=name)
    with limited_to(None):  # a name is taken by a site out of sight, too
        is_taken = (others.exclude(pk=but.pk) if but else others).exists()
    if is_taken:
        raise NetworkRefused(Code.SITE_NAME_TAKEN, name=name)
