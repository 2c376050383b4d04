"""Drivers and their personal data: created, changed by adding a version, linked to a sign-in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from tenants.conflicts import refused_as
from tenants.errors import Code, Refused
from tenants.models import (
    Account,
    Driver,
    DriverGroup,
    DriverIdentity,
    EarlierGroup,
    Membership,
    Operator,
    User,
)
from tenants.scoping import current_operator_id
from tenants.sealed_fields import Person
from tenants.services import person_keys
from tenants.services.people import memberships

TRIES = 5
PERSONAL_FIELDS = ("name", "email", "phone", "street", "postal_code", "city", "country")
#: All that an identity says; what a driver's form does not show is kept as it was.
PARTICULARS = (
    *PERSONAL_FIELDS,
    *("organisation_number", "vat_number", "gln", "buyer_reference", "order_number"),
    *("delivery_street", "delivery_postal_code", "delivery_city"),
)


@transaction.atomic
def create(*, customer_number: str = "", group: DriverGroup | None = None, **personal: Any) -> Driver:
    """Create a driver with a first version of their personal data.

    personal: any of `PARTICULARS`. Without a customer number the next free one is given.

    Raises:
        Refused: another driver has the customer number.
    """
    driver = _added(customer_number, group) if customer_number else _added_with_next_number(group)
    return change_identity(driver, **personal)


@transaction.atomic
def change(
    driver: Driver,
    *,
    customer_number: str,
    group: DriverGroup | None,
    is_active: bool,
    group_since: datetime | None = None,
    **personal: Any,
) -> Driver:
    """Give the driver these facts; personal data that differs becomes a new version.

    group_since: from when on the driver is of the group; what was before it stays. None: from now on.

    Raises:
        Refused: another driver has the customer number.
    """
    driver.customer_number = customer_number or driver.customer_number
    driver.is_active = is_active
    _regroup(driver, group, group_since or now())
    with number_once(driver.customer_number):
        driver.save(update_fields=["customer_number", "group", "group_since", "is_active"])
    before = driver.identity
    if before is None or any(getattr(before, field) != value for field, value in personal.items()):
        change_identity(driver, **personal)
    return driver


def _regroup(driver: Driver, group: DriverGroup | None, since: datetime) -> None:
    """Let the driver be of the group from then on, and of what they were of before up to it."""
    known = Driver.objects.select_for_update().only("group_id", "group_since").get(pk=driver.pk)
    later = list(EarlierGroup.objects.filter(driver=driver, until__gt=since).order_by("until"))
    before = later[0].group_id if later else known.group_id
    EarlierGroup.objects.filter(pk__in=[row.pk for row in later]).delete()
    rows = EarlierGroup.objects.filter(driver=driver).order_by("until")
    if before != (group.pk if group else None) and not rows.filter(until=since).exists():
        EarlierGroup.objects.create(driver=driver, group_id=before, until=since)
    last = rows.last()
    driver.group, driver.group_since = group, last.until if last else None


def choose_letters(driver: Driver, *, about_late_charges: bool) -> None:
    """Send the driver letters about charges that come in late, or none."""
    driver.mails_late = about_late_charges
    driver.save(update_fields=["mails_late"])


@transaction.atomic
def create_many(names: Sequence[str]) -> list[Driver]:
    """Create a driver for each name at once, with the next free customer numbers, in the order of the names.

    Bulk work: the caller records one event about all of them.
    """
    one_at_a_time()
    first = int(next_customer_number())
    drivers = Driver.objects.bulk_create(
        Driver(customer_number=str(number)) for number in range(first, first + len(names))
    )
    person_keys.make([Person.of(driver.pk, None) for driver in drivers])
    identities = DriverIdentity.objects.bulk_create(
        DriverIdentity(driver=driver, name=name) for driver, name in zip(drivers, names, strict=True)
    )
    for driver, identity in zip(drivers, identities, strict=True):
        driver.identity = identity
    Driver.objects.bulk_update(drivers, ["identity"], batch_size=2000)
    return drivers


@transaction.atomic
def change_identity(driver: Driver, **personal: Any) -> Driver:
    """Add a version of the driver's personal data: the present one with these fields changed."""
    Driver.objects.select_for_update().only("pk").get(pk=driver.pk)  # not while they are erased
    before = driver.identity
    facts = {field: getattr(before, field) for field in PARTICULARS} if before else {}
    driver.identity = DriverIdentity.objects.create(driver=driver, **{**facts, **personal})
    driver.save(update_fields=["identity"])
    return driver


@transaction.atomic
def link_user(driver: Driver, *, user: User) -> Driver:
    """Let the person see the driver's own pages."""
    driver.user = user
    with refused_as(Refused(Code.ANOTHER_DRIVER), constraint="driver_user_once"):
        driver.save(update_fields=["user"])
    memberships.add(user, operator=Operator.objects.get(pk=driver.operator_id), role=Membership.Role.DRIVER)
    return driver


def _added(number: str, group: DriverGroup | None) -> Driver:
    with number_once(number):
        return Driver.objects.create(customer_number=number, group=group)


def _added_with_next_number(group: DriverGroup | None) -> Driver:
    """Numbers are given one at a time; one that somebody types at the same moment is passed over."""
    one_at_a_time()
    for _ in range(TRIES):
        with suppress(Refused):
            return _added(next_customer_number(), group)
    return _added(next_customer_number(), group)


def one_at_a_time() -> None:
    """Let nobody else give a customer number before this transaction has ended."""
    # Not FOR UPDATE: that would wait for every import, as each row it writes refers to the operator.
    Operator.objects.select_for_update(no_key=True).only("pk").get(pk=current_operator_id())


@contextmanager
def number_once(number: str) -> Iterator[None]:
    """Refuse a customer number that a driver or another account has."""
    taken = Refused(Code.CUSTOMER_NUMBER_TAKEN, number=number)
    with (
        refused_as(taken, constraint="driver_customer_number_once"),
        refused_as(taken, constraint="account_customer_number_once"),
    ):
        yield


def next_customer_number() -> str:
    """Return a customer number that is free: one above the highest, counting from 1001."""
    numbers = Account.objects.filter(operator_id=current_operator_id(), customer_number__regex=r"^\d{1,9}$")
    highest = max((int(number) for number in numbers.values_list("customer_number", flat=True)), default=1000)
    return str(highest + 1)
