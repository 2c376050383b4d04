"""How large a file may be that somebody sends: known from the request's first lines, before any of it is read."""

from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

MEGABYTE = 1024 * 1024
# The other fields of a form come along with the file.
_BESIDE_THE_FILE = MEGABYTE


class UploadTooLarge(SuspiciousOperation):
    """A request is larger than the largest file that is taken. Its message may be shown."""


class LimitedSize(FileUploadHandler):
    """Refuses the whole request; a file of an allowed size it leaves to the handlers after it."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],  # noqa: N803  # as Django calls it
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        if content_length > settings.UPLOAD_LIMIT_MB * MEGABYTE + _BESIDE_THE_FILE:
            raise UploadTooLarge(too_large(content_length))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        return None


def too_large(size: int) -> str:
    """Say how large a file is, how large it may be, and what to do."""
    facts = {"size": -(-size // MEGABYTE), "limit": settings.UPLOAD_LIMIT_MB}
    return _("The file has %(size)d MB; at most %(limit)d are taken. Compress it (gzip), or split it.") % facts


def is_too_large(size: int) -> bool:
    """Tell whether a file is larger than what is taken."""
    return size > settings.UPLOAD_LIMIT_MB * MEGABYTE
