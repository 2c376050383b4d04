"""Drivers with their personal data, for the download of all of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from tenants.models import Driver

PERSONAL = ("name", "email", "phone", "street", "postal_code", "city", "country")
COLUMNS = ("customer_number", *PERSONAL, "group", "is_active", "customer_since")
BATCH = 1000


def ids(*, former: bool) -> list[tuple[int, Any]]:
    """The drivers as (number, public id), by customer number. Former ones too if asked for."""
    rows = Driver.objects.all() if former else Driver.objects.filter(is_active=True)
    return list(rows.order_by("customer_number", "pk").values_list("pk", "public_id"))


def count(*, former: bool) -> int:
    """How many drivers the download holds."""
    return (Driver.objects.all() if former else Driver.objects.filter(is_active=True)).count()


def rows(numbers: Sequence[int]) -> Iterator[tuple[object, ...]]:
    """The personal data of exactly these drivers, in this order and in the order of `COLUMNS`."""
    for start in range(0, len(numbers), BATCH):
        wanted = numbers[start : start + BATCH]
        found = Driver.objects.select_related("identity", "group").in_bulk(list(wanted))
        for number in wanted:
            if number in found:
                yield _row(found[number])


def _row(driver: Driver) -> tuple[object, ...]:
    who = driver.identity
    personal = [getattr(who, name, "") for name in PERSONAL]
    since = driver.created_at.date().isoformat()
    return (driver.customer_number, *personal, driver.group.name if driver.group else "", driver.is_active, since)
