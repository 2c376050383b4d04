"""A copy of all that is held about a driver (GDPR art. 15(3), 20): a ZIP of JSON, CSV and a page to read.

Made in the background, a model of the register at a time, each in a scope of its own; a floor that holds more about a
person than its rows say adds a part (`register_part`). The file is encrypted (`tenants.crypto`) with the request's
name as what it is about, so that who takes the disk has nothing, and a file laid in another's place does not open.
It lies there for two weeks, and is opened only for whoever has just proved who they are.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder

from tenants import crypto, work
from tenants.log import audit, reading
from tenants.log.events import Event
from tenants.models import AuditEntry, Driver, Operator, PersonPackage, PersonRequest, User
from tenants.models.work import OPEN
from tenants.privacy import own_rows, retention, sources
from tenants.scoping import tenant_scope
from tenants.services.people import person_requests
from tenants.spreadsheets import MARK, csv_text

#: How long a copy can be fetched. Another one can be asked for at any time.
KEPT: Final = timedelta(days=14)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """What one table, or one part, holds about the person. name: `charging.chargingsession`, or the part's own."""

    name: str
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Contents:
    """All of a copy. looks: when somebody looked at the person's data, newest first."""

    operator: Operator
    driver: Driver
    sections: list[Section]
    looks: list[AuditEntry]
    made_at: datetime
    language: str


#: Puts a copy in words: the page to read, as HTML.
Writer = Callable[[Contents], str]
#: More that a floor holds about a driver than the register's rows say, a row at a time.
Part = Callable[[Driver], Iterable[Row]]
_writers: list[Writer] = []
_parts: dict[str, Part] = {}


def register_writer(write: Writer) -> None:
    """Name what puts a copy in words. The last one named counts."""
    _writers[:] = [write]


def register_part(name: str, part: Part) -> None:
    """Enter what a floor adds to every copy."""
    _parts[name] = part


def section_names() -> list[str]:
    """Everything that can stand in a copy."""
    return [name for name, _read in _readers()]


def ask(request: PersonRequest, *, language: str, by: User, at: datetime) -> PersonPackage:
    """Have a copy made for whoever asked; one that is being made already serves."""
    Driver.objects.select_for_update().only("pk").get(pk=request.driver_id)
    unfinished = PersonPackage.objects.filter(OPEN, driver=request.driver_id).first()
    if unfinished is not None:
        return unfinished
    row = PersonPackage.objects.create(
        driver=request.driver,
        request=request,
        language=language,
        requested_by_id=by.pk,
        queued_at=at,
        total=len(section_names()),
    )
    work.enqueue(row)
    return row


def make(operator_id: int, row: PersonPackage, *, clock: Callable[[], datetime]) -> None:
    """Make the copy of a claimed row, a section a scope, and close the request it answers."""
    sections = []
    for name, read in _readers():
        with tenant_scope(operator_id):
            driver = Driver.objects.select_related("user", "identity").get(pk=row.driver_id)
            sections.append(Section(name, list(read(driver))))
            work.keep(row, at=clock(), done=len(sections))
    with tenant_scope(operator_id):
        driver = Driver.objects.select_related("user", "identity").get(pk=row.driver_id)
        operator, looks = Operator.objects.get(pk=operator_id), list(reading.looks(driver).order_by("-timestamp"))
        (write,) = _writers
        contents = Contents(operator, driver, sections, looks, clock(), row.language)
        content = _zipped(contents, write(contents))
    _store(operator_id, row, content, at=clock())


def _readers() -> list[tuple[str, Part]]:
    found: list[tuple[str, Part]] = []
    for source in sources.all_sources():
        if own_rows.fields(source):
            found.append((source.model._meta.label_lower, partial(own_rows.read, source)))
    return [*found, *_parts.items()]


def _zipped(contents: Contents, page: str) -> bytes:
    """The ZIP: everything as JSON in one file, a CSV for each section that has rows, and the page."""
    whole = {
        "made_at": contents.made_at,
        "controller": contents.operator.legal_name or contents.operator.name,
        "customer_number": contents.driver.customer_number,
        "data": {section.name: section.rows for section in contents.sections if section.rows},
        "looked_at": [{"at": look.timestamp, "what": look.event} for look in contents.looks],
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("index.html", page)
        file.writestr("data.json", json.dumps(whole, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        for section in contents.sections:
            if section.rows:
                lines: list[list[object]] = [list(section.rows[0])]
                lines += [[_cell(value) for value in row.values()] for row in section.rows]
                file.writestr(f"csv/{section.name}.csv", MARK + csv_text(lines))
    return buffer.getvalue()


def _cell(value: Any) -> object:
    if isinstance(value, list | dict):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _store(operator_id: int, row: PersonPackage, content: bytes, *, at: datetime) -> None:
    digest = hashlib.sha256(content).hexdigest()
    sealed = crypto.encrypt(content, about=_about(row))
    name = default_storage.save(f"operators/{operator_id}/packages/{row.public_id}.sealed", ContentFile(sealed))
    with tenant_scope(operator_id):
        work.finish(row, file=name, sha256=digest, size=len(content), made_at=at, expires_at=at + KEPT)
        audit.record(Event.PACKAGE_MADE, about=row.request, sha256=digest)
        person_requests.fulfil(row.request, at=at)


def opened(row: PersonPackage, *, at: datetime) -> bytes:
    """Return the ZIP, and record that it was fetched.

    Raises:
        FileNotFoundError: it is not made, its time is over, or the file is gone.
    """
    if not row.file or row.expires_at is None or row.expires_at <= at:
        raise FileNotFoundError(f"Package {row.public_id} has no file.")
    with default_storage.open(str(row.file.name), "rb") as file:
        content = crypto.decrypt(file.read(), about=_about(row))
    PersonPackage.objects.filter(pk=row.pk).update(fetched_at=at)
    audit.record(Event.PACKAGE_FETCHED, about=row.request, sha256=row.sha256)
    return content


def remove_old(*, at: datetime) -> int:
    """Remove the files whose time is over; return how many. That they were made stays known."""
    return retention.forget_files(list(PersonPackage.objects.filter(expires_at__lte=at).exclude(file="")))


def _about(row: PersonPackage) -> str:
    return f"package:{row.public_id}"
