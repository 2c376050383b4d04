"""Groups of drivers who share a tariff: added and renamed."""

from django.db import transaction

from tenants.errors import Code, Refused
from tenants.models import DriverGroup


@transaction.atomic
def create(*, name: str) -> DriverGroup:
    """Add a group. Raises `Refused` when there is one with that name."""
    _check_name(name)
    return DriverGroup.objects.create(name=name)


@transaction.atomic
def rename(group: DriverGroup, *, name: str) -> DriverGroup:
    """Give the group another name. Raises `Refused` when another group has it."""
    if name != group.name:
        _check_name(name)
        group.name = name
        group.save(update_fields=["name"])
    return group


def _check_name(name: str) -> None:
    if DriverGroup.objects.filter(name=name).exists():
        raise Refused(Code.GROUP_NAME_TAKEN, name=name)
