"""Downloads of a month: asked for, made in the background (`export_steps`), kept as files for a while."""

from datetime import date, datetime, timedelta
from typing import IO

from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.exports.formats import FORMATS
from billing.models import Export, ExportTaken
from tenants import work
from tenants.log import audit
from tenants.models import User
from tenants.models.work import OPEN
from tenants.privacy import retention
from tenants.privacy.retention import DataClass

#: How many files one person, and one operator, may be waiting for, and may ask for within an hour.
OPEN_OF_PERSON, OPEN_OF_OPERATOR = 10, 20
HOURLY_OF_PERSON, HOURLY_OF_OPERATOR = 60, 120


class TooManyExports(BillingError):
    """So many files are being made, or were asked for within the hour, that another one has to wait."""


@transaction.atomic
def request(
    *,
    kind: str,
    month: date,
    by: User | None,
    at: datetime,
    days: tuple[date, date] | None = None,
    by_day: bool = False,
    again: bool = False,
    payments: bool = False,
) -> Export:
    """Ask for a download and return its row; one of the same kind and days that is not ready yet serves again.

    days: of vouchers, instead of the month's; `by_day`, `again` and `payments` as the row has them.

    Raises:
        ValueError: there is no such kind.
        TooManyExports: the person or the operator has asked for too many.
    """
    first_day, last_day = days or (None, None)
    what = {"kind": Export.Kind(kind), "month": (first_day or month).replace(day=1)}
    what |= {"first_day": first_day, "last_day": last_day}
    unfinished = Export.objects.filter(OPEN, **what)
    found = unfinished.first()
    if found is not None:
        return found
    _check_quota(by, at)
    try:
        with transaction.atomic():
            how = {"by_day": by_day, "again": again, "payments": payments}
            export = Export.objects.create(**what, **how, requested_by=by, queued_at=at)
    except IntegrityError:
        return unfinished.get()  # somebody asked at the same moment
    audit.record(Event.EXPORT_REQUESTED, about=export, kind=export.kind, month=f"{export.month:%Y-%m}")
    work.enqueue(export)
    return export


def _check_quota(by: User | None, at: datetime) -> None:
    lately = Export.objects.filter(created_at__gt=at - timedelta(hours=1))
    unfinished = Export.objects.filter(OPEN)
    own = {"requested_by": by}
    if (
        unfinished.count() >= OPEN_OF_OPERATOR
        or lately.count() >= HOURLY_OF_OPERATOR
        or unfinished.filter(**own).count() >= OPEN_OF_PERSON
        or lately.filter(**own).count() >= HOURLY_OF_PERSON
    ):
        raise TooManyExports(Code.TOO_MANY_EXPORTS)


def file_name(export: Export) -> str:
    """What the file is called when it is saved: `invoices-2026-10.xlsx`."""
    form = FORMATS[export.kind]
    days = f"{export.first_day}-{export.last_day}" if export.first_day else f"{export.month:%Y-%m}"
    return f"{form.stem}-{days}.{form.suffix}"


@transaction.atomic
def took(*, kind: str, month: date, by: User | None, at: datetime) -> None:
    """Keep who took which file of a month, for the page where the next one asks."""
    ExportTaken.objects.create(kind=kind, month=month.replace(day=1), taken_by=by, taken_at=at)


def opened(export: Export, *, by: User | None, at: datetime) -> IO[bytes]:
    """Open a finished export's file, and keep that it was taken.

    Raises:
        FileNotFoundError: it is not finished, or the file is gone.
    """
    if export.state != Export.State.DONE or not export.file:
        raise FileNotFoundError(f"Export {export.public_id} has no file.")
    audit.record(Event.EXPORT_DOWNLOADED, about=export, sha256=export.sha256)
    took(kind=export.kind, month=export.month, by=by, at=at)
    return default_storage.open(str(export.file.name), "rb")


def old(before: datetime) -> QuerySet[Export]:
    """Exports that were finished by this moment and still have their file."""
    return Export.objects.filter(state=Export.State.DONE, finished_at__lte=before).exclude(file="").order_by("pk")


def kept_days() -> int:
    """For how many days the operator keeps a file that was made."""
    return retention.days_of(CLASS)


#: A file can be made anew at any time, so it is kept only as long as somebody may still want to fetch it.
CLASS = DataClass("exports", 14, 1, 90, old, retention.forget_files)
