"""Files that are written while they are sent, so that a million lines need no more memory than one.

A streamed body is produced after the page has returned and its scope is closed. So what belongs to the request goes
along: the operator's scope and the limit to some sites, who acts, and the language. How lines become CSV is said in
`tenants.spreadsheets`; that no cache keeps a file, by `SecurityHeadersMiddleware`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, TypeVar

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, override

from charging.site_scope import limited_to, visible_sites
from tenants.actor import acting_more, current_actor
from tenants.log import audit
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.spreadsheets import MARK, csv_text

LINES_A_PIECE = 1000
CSV, JSON_LINES = "text/csv; charset=utf-8", "application/x-ndjson"

Line = Sequence[object]
L = TypeVar("L")


@dataclass(slots=True)
class Noted:
    """An event for the operator's log when the last line was sent: how many lines there were, and their SHA-256."""

    event: str
    facts: dict[str, Any] = field(default_factory=dict)
    count: int = 0


def csv_file(
    name: str,
    *,
    header: Line,
    lines: Callable[[], Iterable[Line]],
    operator: Operator,
    noted: Noted | None = None,
    delimiter: str = ",",
) -> StreamingHttpResponse:
    """Answer with a CSV file. `lines` is called, and read, inside the operator's scope."""

    def pieces() -> Iterator[bytes]:
        yield (MARK + csv_text([header], delimiter=delimiter)).encode()
        for some in _in_scope(lines, operator, noted):
            yield csv_text(some, delimiter=delimiter).encode()

    return sent(name, pieces, content_type=CSV, operator=operator, noted=noted)


def lines_file(
    name: str,
    *,
    lines: Callable[[], Iterable[str]],
    operator: Operator,
    content_type: str = JSON_LINES,
    noted: Noted | None = None,
) -> StreamingHttpResponse:
    """Answer with a file of these lines. `lines` is called, and read, inside the operator's scope."""

    def pieces() -> Iterator[bytes]:
        for some in _in_scope(lines, operator, noted):
            yield "".join(f"{line}\n" for line in some).encode()

    return sent(name, pieces, content_type=content_type, operator=operator, noted=noted)


def sent(
    name: str,
    pieces: Callable[[], Iterable[bytes]],
    *,
    operator: Operator,
    content_type: str = CSV,
    noted: Noted | None = None,
) -> StreamingHttpResponse:
    """Answer with a file made of these pieces, which open the operator's scope themselves."""
    body = _as_asked(pieces, operator, noted)
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


def _as_asked(pieces: Callable[[], Iterable[bytes]], operator: Operator, noted: Noted | None) -> Iterator[bytes]:
    """Take along what the request knew. Not a generator itself: it must look now, not when it is read."""
    actor, language, sites = current_actor(), get_language() or operator.language, visible_sites()

    def body() -> Iterator[bytes]:
        digest = hashlib.sha256()
        with acting_more(**asdict(actor)), override(language), limited_to(sites):
            for piece in pieces():
                digest.update(piece)
                yield piece
            if noted is not None:
                with tenant_scope(operator.pk):
                    audit.record(noted.event, **noted.facts, count=noted.count, sha256=digest.hexdigest())

    return body()


def _in_scope(lines: Callable[[], Iterable[L]], operator: Operator, noted: Noted | None) -> Iterator[list[L]]:
    with tenant_scope(operator.pk):
        rest = iter(lines())
        while some := list(islice(rest, LINES_A_PIECE)):
            if noted is not None:
                noted.count += len(some)
            yield some
