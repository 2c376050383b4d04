"""A ZIP as an answer."""

import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from portal.files import streamed
from tenants.models import Operator

_PIECE = 1 << 18
#: What a file is called in an archive, when it was made, and its content.
Entry = tuple[str, datetime, IO[bytes]]


def zip_file(name: str, content: bytes) -> HttpResponse:
    """Answer with a ZIP that is saved under the name."""
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{name}.zip") or ""
    return response


def zip_of_files(name: str, entries: Iterable[Entry], *, operator: Operator) -> StreamingHttpResponse:
    """Answer with these files as they are in one archive, which is written while it is sent. The files are closed."""
    return streamed.sent(f"{name}.zip", lambda: _pieces(entries), operator=operator, content_type="application/zip")


class _Sink:
    """Holds what was written until it is sent. It cannot be sought in, and `zipfile` sees that."""

    def __init__(self) -> None:
        self.held: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self.held.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def taken(self) -> bytes:
        piece, self.held = b"".join(self.held), []
        return piece


def _pieces(entries: Iterable[Entry]) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]  # see _Sink
        for name, at, file in entries:
            entry = zipfile.ZipInfo(name, at.timetuple()[:6])
            entry.external_attr = 0o644 << 16
            with file, archive.open(entry, "w", force_zip64=True) as written:
                while piece := file.read(_PIECE):
                    written.write(piece)
                    yield sink.taken()
    yield sink.taken()
