"""Reads of what people ask about their data, of their copies, and of what limits the use of it."""

from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from tenants.models import Driver, PersonPackage, PersonRequest, ProcessingLimit

OPEN = PersonRequest.State.OPEN


def waiting() -> QuerySet[PersonRequest]:
    """What has not been answered, to be sorted by the day it is due."""
    return PersonRequest.objects.filter(state=OPEN).select_related("driver")


def closed() -> QuerySet[PersonRequest]:
    """What has been answered, refused or taken back."""
    return PersonRequest.objects.filter(closed_at__isnull=False).select_related("driver")


def listing(*, is_closed: bool, kind: str = "", search: str = "") -> QuerySet[PersonRequest]:
    """What waits, the least days left first; or what is closed, the newest first.

    search: how a driver's customer number begins; names are for those who may see drivers.
    """
    rows = closed().order_by("-closed_at", "-pk") if is_closed else waiting().order_by("due_on", "pk")
    rows = rows.filter(kind=kind) if kind else rows
    return rows.filter(driver__customer_number__istartswith=search.strip()) if search.strip() else rows


def late(today: date) -> int:
    """How many requests should have been answered by now."""
    return waiting().filter(due_on__lt=today).count()


def of_driver(driver: Driver) -> list[PersonRequest]:
    """What the driver has asked, newest first."""
    return list(PersonRequest.objects.filter(driver=driver).order_by("-pk"))


def packages_of(driver: Driver) -> list[PersonPackage]:
    """The copies made for the driver that can still be fetched, or are being made, newest first."""
    rows = PersonPackage.objects.filter(driver=driver).order_by("-pk")
    return [row for row in rows if row.file or row.is_open or row.state == PersonPackage.State.SET_ASIDE]


def package(public_id: UUID) -> PersonPackage | None:
    """One copy."""
    return PersonPackage.objects.select_related("driver", "request").filter(public_id=public_id).first()


def limits_of(driver: Driver) -> list[ProcessingLimit]:
    """What limits the use of the driver's data now. One query."""
    return list(ProcessingLimit.objects.filter(driver=driver, until=None).order_by("pk"))
