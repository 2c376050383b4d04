"""Browser sessions: ended before their time, and cleared away after it."""

from datetime import datetime, timedelta

from tenants.models import BrowserSession, User

# A session whose time is over opens nothing. It stays a day, so that the person who comes back reads why.
KEPT_AFTER_END = timedelta(days=1)
BATCH = 5000


def end(session: BrowserSession) -> None:
    """End one browser session at once. Ending it again changes nothing."""
    BrowserSession.objects.filter(pk=session.pk).delete()


def end_all(user: User, *, but: str | None = None) -> int:
    """End every browser session of the person at once; return how many there were.

    but: the key of the one session that goes on.
    """
    sessions = BrowserSession.objects.filter(user=user)
    ended, _by_model = (sessions.exclude(session_key=but) if but else sessions).delete()
    return ended


def sweep(*, at: datetime) -> int:
    """Delete the rows of sessions that ended a day ago or earlier, some at a time; return how many."""
    ended = BrowserSession.objects.filter(expire_date__lt=at - KEPT_AFTER_END).order_by("expire_date")
    swept = 0
    while keys := list(ended.values_list("pk", flat=True)[:BATCH]):
        BrowserSession.objects.filter(pk__in=keys).delete()
        swept += len(keys)
    return swept
