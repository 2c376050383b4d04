"""Groups of drivers who share a tariff: added and renamed."""

from contextlib import AbstractContextManager

from django.db import transaction

from tenants.conflicts import refused_as
from tenants.errors import Code, Refused
from tenants.models import DriverGroup


@transaction.atomic
def create(*, name: str) -> DriverGroup:
    """Add a group. Raises `Refused` when there is one with that name."""
    with _name_once(name):
        return DriverGroup.objects.create(name=name)


@transaction.atomic
def rename(group: DriverGroup, *, name: str) -> DriverGroup:
    """Give the group another name. Raises `Refused` when another group has it."""
    if name != group.name:
        group.name = name
        with _name_once(name):
            group.save(update_fields=["name"])
    return group


def _name_once(name: str) -> AbstractContextManager[None]:
    return refused_as(Refused(Code.GROUP_NAME_TAKEN, name=name), constraint="driver_group_name_once")
