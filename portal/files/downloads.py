"""Files that are written while they are sent, so that a million lines need no more memory than one.

A streamed body is produced after the page has returned and its scope is closed, so it opens the
operator's scope again: outside of one it would find no rows. The limit to some sites goes with it.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice

from django.http import StreamingHttpResponse

from charging.sight import limited_to, visible_sites
from tenants.models import Operator
from tenants.scoping import tenant_scope

LINES_A_PIECE = 1000
#: Spreadsheets read a text file as UTF-8 only when it begins with this mark.
MARK = "\ufeff"
#: A cell that begins so would be run as a formula by a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Line = Sequence[object]
Sites = frozenset[int] | None


def csv_file(
    name: str, *, header: Line, lines: Callable[[], Iterable[Line]], operator: Operator
) -> StreamingHttpResponse:
    """Answer with a CSV file. `lines` is called, and read, inside the operator's scope."""
    return _attached(name, _pieces(header, lines, operator, visible_sites()), "text/csv; charset=utf-8")


def lines_file(
    name: str, *, lines: Callable[[], Iterable[str]], operator: Operator, content_type: str
) -> StreamingHttpResponse:
    """Answer with a file of these lines. `lines` is called, and read, inside the operator's scope."""
    return _attached(name, _text_pieces(lines, operator, visible_sites()), content_type)


def _attached(name: str, body: Iterator[str], content_type: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _text_pieces(lines: Callable[[], Iterable[str]], operator: Operator, sites: Sites) -> Iterator[str]:
    with tenant_scope(operator.pk), limited_to(sites):
        rest = iter(lines())
        while piece := list(islice(rest, LINES_A_PIECE)):
            yield "".join(f"{line}\n" for line in piece)


def _pieces(header: Line, lines: Callable[[], Iterable[Line]], operator: Operator, sites: Sites) -> Iterator[str]:
    with tenant_scope(operator.pk), limited_to(sites):
        yield MARK
        rest = chain([header], lines())
        while piece := list(islice(rest, LINES_A_PIECE)):
            yield _written(piece)


def _written(lines: Iterable[Line]) -> str:
    text = StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in line] for line in lines)
    return text.getvalue()


def harmless(cell: object) -> object:
    """Return the cell; a text that a spreadsheet would run gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
