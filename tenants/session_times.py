"""When a browser's session is over: after a time without activity, and after a time at most.

Pure: it knows a session only by three facts, so that the engine, the pages and the sweep can all ask.
"""

from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings

IDLE, TOO_LONG = "idle", "too long"
#: Its row is gone: ended in another browser, or over for more than a day.
GONE = "gone"


class Lasting(Protocol):
    """What of a session decides its end. user_id: None until somebody signs in."""

    @property
    def user_id(self) -> int | None:
        """Whose it is."""

    @property
    def created_at(self) -> datetime:
        """When its person signed in."""

    @property
    def last_seen_at(self) -> datetime:
        """When the person was last active."""


def ends_at(session: Lasting, *, is_staff: bool) -> datetime:
    """Return when the session is over if nobody is seen again."""
    idle, longest = _times(session, is_staff=is_staff)
    return min(session.last_seen_at + idle, session.created_at + longest)


def why_over(session: Lasting, *, is_staff: bool, at: datetime) -> str:
    """Tell why the session is over: `IDLE`, `TOO_LONG`, or empty while it is not."""
    idle, longest = _times(session, is_staff=is_staff)
    if at >= session.created_at + longest:
        return TOO_LONG
    return IDLE if at >= session.last_seen_at + idle else ""


def _times(session: Lasting, *, is_staff: bool) -> tuple[timedelta, timedelta]:
    if session.user_id is None:
        return settings.STRANGERS_SESSION, settings.STRANGERS_SESSION
    if is_staff:
        return settings.STAFF_SESSION_IDLE, settings.STAFF_SESSION_LONGEST
    return settings.DRIVER_SESSION_IDLE, settings.DRIVER_SESSION_LONGEST
