"""Reading imports: the list, why rows were rejected, and the rejected rows as a file to correct."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count, Func, QuerySet, Sum

from charging.domain.reasons import Flag, Reject
from charging.models import ChargingSession, FileImport, ImportProfile, RejectedRow
from tenants.scoping import tenant_scope
from tenants.spreadsheets import MARK, csv_text

_ROWS_AT_ONCE = 2_000

#: Columns put before the original ones in a file of rejected rows; nobody maps them, so they may stay when it returns.
ADDED_COLUMNS = ("rejected_line", "rejected_because")


def listing() -> QuerySet[FileImport]:
    """All imports, newest first."""
    return FileImport.objects.select_related("uploaded_by", "profile").order_by("-created_at", "-pk")


def profiles() -> QuerySet[ImportProfile]:
    """The operator's own profiles, by name."""
    return ImportProfile.objects.order_by("name")


def earlier(row: FileImport) -> QuerySet[FileImport]:
    """Other imports of exactly the same file that were not undone."""
    same = FileImport.objects.filter(file_sha256=row.file_sha256).exclude(state=FileImport.State.UNDONE)
    return same.exclude(pk=row.pk).order_by("-created_at")


def reasons(row: FileImport) -> list[tuple[Reject, int, int]]:
    """Why rows of an import were rejected: reason, rows, Wh; most frequent first. A row counts for its gravest."""
    found = (
        RejectedRow.objects.filter(file_import=row)
        .values_list("reason")
        .annotate(rows=Count("pk"), energy_wh=Sum("energy_wh"))
        .order_by("-rows", "reason")
    )
    return [(Reject(reason), rows, energy_wh or 0) for reason, rows, energy_wh in found]


def flags(row: FileImport) -> list[tuple[Flag, int]]:
    """Why sessions of an import wait for a decision: flag, sessions; most frequent first."""
    found = (
        ChargingSession.objects.filter(file_import=row)
        .exclude(flags=[])
        .values_list(Func("flags", function="unnest"))
        .annotate(sessions=Count("pk"))
    )
    return [(Flag(flag), count) for flag, count in Counter(dict(found)).most_common()]


def rejected_rows(row: FileImport, *, reason: str = "") -> QuerySet[RejectedRow]:
    """The rejected rows of an import in the order of the file, all or those with a reason."""
    rows = RejectedRow.objects.filter(file_import=row).order_by("line_number", "pk")
    return rows.filter(reasons__contains=[reason]) if reason else rows


def rejected_file(*, operator_id: int, import_id: int) -> Iterator[bytes]:
    """Yield the rejected rows as CSV with the columns of the original file, to be corrected and imported again.

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
        if not rows:
            return
        lines = ([one.line_number, " ".join(one.reasons), *one.cells] for one in rows)
        yield csv_text(lines, delimiter=delimiter).encode()
        after = (rows[-1].line_number, rows[-1].pk)


def _next(import_id: int, after: tuple[int, int]) -> list[RejectedRow]:
    line, pk = after
    rows = RejectedRow.objects.filter(file_import_id=import_id, line_number__gte=line)
    rest = rows.exclude(line_number=line, pk__lte=pk).order_by("line_number", "pk")
    return list(rest[:_ROWS_AT_ONCE])
