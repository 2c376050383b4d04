"""Reading imports: the list, why rows were rejected, and the rejected rows as a file to correct."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Func, QuerySet, Sum

from charging.domain.reasons import SETTLING, Flag, Reject
from charging.models import ChargingSession, FileImport, ImportProfile, RejectedRow
from tenants.models.work import OPEN
from tenants.scoping import tenant_scope
from tenants.spreadsheets import MARK, csv_text

Settled = RejectedRow.Settled
_ROWS_AT_ONCE = 2_000

#: Columns put before the original ones in a file of rejected rows; nobody maps them, so they may stay when it returns.
ADDED_COLUMNS = ("rejected_line", "rejected_because")


@dataclass(frozen=True, slots=True)
class Sums:
    """What imports brought together."""

    imports: int
    accepted: int
    known: int
    rejected: int
    accepted_wh: int


def listing(
    *, search: str = "", state: str = "", since: datetime | None = None, until: datetime | None = None
) -> QuerySet[FileImport]:
    """Return the imports, with who uploaded them, in no order.

    search: part of the file's name. since, until: when it was uploaded.
    """
    given = {"file_name__icontains": search, "state": state, "created_at__gte": since, "created_at__lt": until}
    rows = FileImport.objects.select_related("uploaded_by", "profile")
    return rows.filter(**{name: value for name, value in given.items() if value})


def sums(rows: QuerySet[FileImport]) -> Sums:
    """Return what the imports brought together."""
    names = ("accepted", "known", "rejected", "accepted_wh")
    found = rows.order_by().aggregate(imports=Count("pk"), **{f"{name}_sum": Sum(name) for name in names})
    return Sums(found["imports"], *(int(found[f"{name}_sum"] or 0) for name in names))


def profiles() -> QuerySet[ImportProfile]:
    """The operator's own profiles, by name."""
    return ImportProfile.objects.order_by("name")


def ahead(row: FileImport) -> QuerySet[FileImport]:
    """Imports of the operator that are done before this one: one worker takes its files in the order they came."""
    return FileImport.objects.filter(OPEN, pk__lt=row.pk).order_by("pk")


def earlier(row: FileImport) -> QuerySet[FileImport]:
    """Other imports of exactly the same file that were not undone."""
    same = FileImport.objects.filter(file_sha256=row.file_sha256).exclude(state=FileImport.State.UNDONE)
    return same.exclude(pk=row.pk).order_by("-created_at")


def reasons(row: FileImport) -> list[tuple[Reject, int, int]]:
    """Why rows of an import wait: reason, rows, Wh; most frequent first. A row counts for its gravest."""
    found = (
        RejectedRow.objects.filter(file_import=row, settled=Settled.NO)
        .values_list("reason")
        .annotate(rows=Count("pk"), energy_wh=Sum("energy_wh"))
        .order_by("-rows", "reason")
    )
    return [(Reject(reason), rows, energy_wh or 0) for reason, rows, energy_wh in found]


def flags(row: FileImport) -> list[tuple[Flag, int]]:
    """Why sessions of an import wait for a decision: flag, sessions; most frequent first."""
    found = (
        ChargingSession.objects.filter(file_import=row)
        .exclude(flags__in=[[], [SETTLING]])
        .values_list(Func("flags", function="unnest"))
        .annotate(sessions=Count("pk"))
    )
    return [(Flag(flag), count) for flag, count in Counter(dict(found)).most_common()]


def attempts_in_vain(row: FileImport) -> int:
    """How many sessions of an import were written off as they came: no energy, and over at once."""
    return ChargingSession.objects.filter(file_import=row, flags=[SETTLING]).count()


def rejected_rows(row: FileImport, *, reason: str = "", settled: bool = False) -> QuerySet[RejectedRow]:
    """The rejected rows of an import that are open, or those somebody has settled; all or those with a reason."""
    rows = RejectedRow.objects.filter(file_import=row).order_by("line_number", "pk")
    if settled:
        return rows.exclude(settled=Settled.NO).select_related("settled_by")
    return rows.filter(settled=Settled.NO, **({"reasons__contains": [reason]} if reason else {}))


def settled_counts(row: FileImport) -> dict[str, int]:
    """How many rejected rows of an import were settled in which way."""
    settled = RejectedRow.objects.filter(file_import=row).exclude(settled=Settled.NO)
    return dict(settled.values_list("settled").annotate(Count("pk")).order_by())


def rejected_file(*, operator_id: int, import_id: int) -> Iterator[bytes]:
    """Yield the rejected rows that are open as CSV with the columns of their file, to be corrected and imported again.

    Opens scopes of its own, as a streamed response runs outside the page's.
    """
    with tenant_scope(operator_id):
        row = FileImport.objects.get(pk=import_id)
    delimiter = row.mapping.get("delimiter") or (";" if row.mapping.get("decimal_sign") == "," else ",")
    header = [[*ADDED_COLUMNS, *row.options.get("header", [])]]
    yield (MARK + csv_text(header, delimiter=delimiter)).encode()
    after = (-1, 0)
    while True:
        with tenant_scope(operator_id):
            rows = _next(import_id, after)
            lines = [[one.line_number, " ".join(one.reasons), *one.text] for one in rows]
        if not rows:
            return
        yield csv_text(lines, delimiter=delimiter).encode()
        after = (rows[-1].line_number, rows[-1].pk)


def _next(import_id: int, after: tuple[int, int]) -> list[RejectedRow]:
    line, pk = after
    rows = RejectedRow.objects.filter(file_import_id=import_id, settled=Settled.NO, line_number__gte=line)
    rest = rows.exclude(line_number=line, pk__lte=pk).order_by("line_number", "pk")
    return list(rest[:_ROWS_AT_ONCE])
