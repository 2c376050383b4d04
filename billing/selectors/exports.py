"""Downloads that were asked for."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet

from billing.models import Export, ExportTaken, ExportTimetable


def listing() -> QuerySet[Export]:
    """All downloads, newest first, with who asked."""
    return Export.objects.select_related("requested_by", "repeats").order_by("-created_at", "-pk")


def of_month(month: date, *, dated_by: str) -> QuerySet[Export]:
    """Downloads of a month as such, no timetable's, the newest first. month: its first day."""
    return listing().filter(month=month, first_day=None, dated_by=dated_by, timetable=None)


def timetables() -> QuerySet[Any]:
    """The timetables that go on, with who asked for them, and when a file of theirs was last handed over."""
    rows = ExportTimetable.objects.filter(ended_at=None).select_related("asked_by")
    return rows.annotate(last_sent=Max("exports__deliveries__sent_at")).order_by("pk")


def newest_of(timetables: Iterable[ExportTimetable]) -> dict[int, Export]:
    """The newest file of each timetable that has made one, by the timetable's id, with its deliveries."""
    rows = Export.objects.filter(timetable__in=[row.pk for row in timetables])
    newest = rows.order_by("timetable", "-pk").distinct("timetable").prefetch_related("deliveries")
    return {export.timetable_id: export for export in newest if export.timetable_id is not None}


def voucher_options() -> dict[str, Any]:
    """What was asked of the last file of vouchers beside its days; nothing as long as there is none."""
    rows = Export.objects.filter(kind=Export.Kind.SIE).order_by("-created_at")
    return rows.values_list("options", flat=True).first() or {}


def one(public_id: UUID) -> Export | None:
    """A download; None when there is no such one."""
    return Export.objects.select_related("requested_by", "repeats").filter(public_id=public_id).first()


def taken(*, kind: str = "", since: datetime | None = None, until: datetime | None = None) -> QuerySet[ExportTaken]:
    """Who took what, the newest first: one kind of file or all, between two instants."""
    rows = ExportTaken.objects.select_related("taken_by").order_by("-taken_at", "-pk")
    asked = {"kind": kind, "taken_at__gte": since, "taken_at__lt": until}
    return rows.filter(**{name: value for name, value in asked.items() if value})
