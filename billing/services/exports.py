"""What accounting takes out: asked for, made in the background (`export_steps`), kept as files for a while."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import IO, Any

from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from billing.domain.errors import BillingError, Code
from billing.events import Event
from billing.exports import formats
from billing.models import Export, ExportTaken, ExportTimetable
from billing.selectors import invoices
from billing.sql.documents import month as whole_month
from tenants import work
from tenants.log import audit
from tenants.models import Operator, User
from tenants.models.work import OPEN
from tenants.privacy import retention
from tenants.privacy.retention import DataClass
from tenants.scoping import current_operator_id

#: How many files one person, and one operator, may be waiting for, and may ask for within an hour.
OPEN_OF_PERSON, OPEN_OF_OPERATOR = 10, 20
HOURLY_OF_PERSON, HOURLY_OF_OPERATOR = 60, 120


#: What is asked of a kind beside its days.
OPTIONS = ("by_day", "again", "payments", "options")


class TooManyExports(BillingError):
    """So many files are being made, or were asked for within the hour, that another one has to wait."""


@dataclass(frozen=True, slots=True)
class How:
    """What is asked of a kind beside its days, as the row has it."""

    by_day: bool = False
    again: bool = False
    payments: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    timetable: ExportTimetable | None = None


@transaction.atomic
def request(
    *,
    kind: str,
    month: date,
    by: User | None,
    at: datetime,
    form: str = "",
    days: tuple[date, date] | None = None,
    dated_by: str = Export.DatedBy.ISSUED,
    how: How = How(),  # it cannot be changed
) -> Export:
    """Ask for a file and return its row; one of the same kind and days that is not ready yet serves again.

    form: of a table. days: instead of the month's; by months of charging, and of returns, they are widened to whole
        months.

    Raises:
        ValueError: there is no such kind, it is not written so, or does not go by such days.
        BillingError: what the kind needs is missing.
        TooManyExports: the person or the operator has asked for too many.
    """
    written = formats.of(kind, form)
    if dated_by not in written.base.within:
        raise ValueError(f"{kind} does not go by {dated_by}.")
    if days and (written.months or dated_by == Export.DatedBy.CHARGED):
        days = days[0].replace(day=1), whole_month(days[1])[1]
    written.check(_operator(), days or whole_month(month))
    first_day, last_day = days or (None, None)
    what = {
        "kind": kind,
        "form": form,
        "month": (first_day or month).replace(day=1),
        "first_day": first_day,
        "last_day": last_day,
        "dated_by": dated_by,
        "timetable": how.timetable,
        "repeats": None,
    }
    # A clock that is ahead must not leave out what it has issued.
    kept = {"as_of": max(at, invoices.last_issued() or at), "language": _language(by)}
    kept |= {name: getattr(how, name) for name in OPTIONS}
    kept["options"] = {**written.options, **how.options}
    return _asked(what, kept, by=by, at=at)


@transaction.atomic
def repeat(export: Export, *, by: User | None, at: datetime) -> Export:
    """Ask for the same file once more: what happened since is not in it, and vouchers are those that it took.

    Raises:
        TooManyExports: the person or the operator has asked for too many.
    """
    first = export.repeats or export
    same = ("kind", "form", "month", "first_day", "last_day", "dated_by")
    kept = ("language", *OPTIONS)
    return _asked(
        {name: getattr(first, name) for name in same} | {"timetable": None, "repeats": first},
        {name: getattr(first, name) for name in kept} | {"as_of": first.as_of or first.created_at},
        by=by,
        at=at,
    )


def _language(by: User | None) -> str:
    """The language in which the file is written."""
    return (by.language if by else "") or _operator().language


def _operator() -> Operator:
    return Operator.objects.get(pk=current_operator_id())


def _asked(what: dict[str, Any], kept: dict[str, Any], *, by: User | None, at: datetime) -> Export:
    unfinished = Export.objects.filter(OPEN, **what)
    found = unfinished.first()
    if found is not None:
        return found
    _check_quota(by, at)
    try:
        with transaction.atomic():
            export = Export.objects.create(**what, **kept, requested_by=by, queued_at=at)
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
    """What the file is called when it is saved: `invoices-2026-10.xlsx`, `lines-booked-2026-10-01-2026-10-31.csv`."""
    form = formats.of(export.kind, export.form)
    days = f"{export.first_day}-{export.last_day}" if export.first_day else f"{export.month:%Y-%m}"
    by = "" if export.dated_by == Export.DatedBy.ISSUED else f"{export.dated_by}-"
    return f"{form.stem}-{by}{days}.{form.suffix}"


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
