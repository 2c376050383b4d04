"""How large what somebody sends may be: judged by the request's first lines, before any of it is read or stored."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.utils.translation import gettext as _

MEGABYTE = 1024 * 1024
#: The largest form without a file, and what may come along with a file.
LARGEST_FORM = 2 * MEGABYTE

View = TypeVar("View", bound=Callable[..., Any])


class TooLarge(SuspiciousOperation):
    """A request is larger than what is taken there. Its message may be shown."""


def takes_files(view: View) -> View:
    """Declare a page to which a person who holds its permission may send a file."""
    view.takes_files = True  # type: ignore[attr-defined]  # read by `portal.middleware.bodies`
    return view


def too_large(size: int) -> str:
    """Say how large a file is, how large it may be, and what to do."""
    facts = {"size": -(-size // MEGABYTE), "limit": settings.UPLOAD_LIMIT_MB}
    return _("The file has %(size)d MB; at most %(limit)d are taken. Compress it (gzip), or split it.") % facts


def is_too_large(size: int) -> bool:
    """Tell whether a file is larger than what is taken."""
    return size > settings.UPLOAD_LIMIT_MB * MEGABYTE
