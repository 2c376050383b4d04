"""What an accountant gets of a month: the files that hold what is booked in it, asked for together and taken as one.

Each part is an export like any other, made in the background, kept with its SHA-256 and listed among the downloads; the
package is the newest of each that was asked for like this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any, Final

from django.db import transaction

from billing.domain.errors import BillingError
from billing.exports import sie
from billing.models import Export
from billing.selectors import exports as selector
from billing.services import exports
from billing.services.exports import How
from tenants.models import User

Kind, XLSX = Export.Kind, Export.Form.XLSX
#: Kinds of files, and how each is written, in the order in which they stand in the archive.
PARTS: Final = (
    (Kind.SIE, ""),
    (Kind.VAT_RETURN, ""),
    (Kind.VAT, XLSX),
    (Kind.INVOICES, XLSX),
    (Kind.PAYMENTS, XLSX),
    (Kind.PDF_ZIP, ""),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the package: what it is, and the newest one that was asked for; None when none was."""

    kind: str
    form: str
    export: Export | None

    @property
    def is_ready(self) -> bool:
        """Whether it can be taken."""
        return bool(self.export and self.export.state == Export.State.DONE and self.export.file)


@dataclass(frozen=True, slots=True)
class Package:
    """The files of a month, as far as they are."""

    month: date
    parts: Sequence[Part]

    @property
    def is_asked(self) -> bool:
        """Whether any was asked for."""
        return any(part.export for part in self.parts)

    @property
    def is_working(self) -> bool:
        """Whether any is being made."""
        return any(part.export and part.export.is_open for part in self.parts)

    @property
    def ready(self) -> list[Export]:
        """Those that can be taken."""
        return [part.export for part in self.parts if part.export and part.is_ready]


def of(month: date) -> Package:
    """The package of a month, by its first day. One query."""
    newest: dict[tuple[str, str], Export] = {}
    for export in selector.of_month(month, dated_by=Export.DatedBy.BOOKED):
        newest.setdefault((export.kind, export.form), export)
    return Package(month, [Part(kind, form, newest.get((kind, form))) for kind, form in PARTS])


@transaction.atomic
def ask(month: date, *, by: User | None, at: datetime) -> list[BillingError]:
    """Have every part of a month made; return why some cannot be, as when the operator has no VAT number.

    Vouchers are written as those before them were; a document that stands in an earlier file is in no other.

    Raises:
        TooManyExports: the person or the operator has asked for too many.
    """
    said, refused = selector.voucher_options(), []
    program = {"program": next(iter(sie.PROFILES)), "year_begins": 1, **said}
    how: dict[str, Any] = {Kind.SIE: How(payments=True, options=program)}
    for kind, form in PARTS:
        asked: dict[str, Any] = {"kind": kind, "form": form, "dated_by": Export.DatedBy.BOOKED}
        try:
            exports.request(**asked, month=month, by=by, at=at, how=how.get(kind, How()))
        except exports.TooManyExports:
            raise
        except BillingError as problem:
            refused.append(problem)
    return refused


def opened(package: Package, *, by: User | None, at: datetime) -> list[tuple[str, datetime, IO[bytes]]]:
    """Open the files that are ready, each with its name and when it was made, and keep that they were taken.

    Raises:
        FileNotFoundError: there is none, or a file is gone.
    """
    if not package.ready:
        raise FileNotFoundError(f"The package of {package.month} has no file.")
    return [
        (exports.file_name(export), export.finished_at or at, exports.opened(export, by=by, at=at))
        for export in package.ready
    ]
