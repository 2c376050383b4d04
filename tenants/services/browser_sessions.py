"""Browser sessions: ended before their time."""

from tenants.models import BrowserSession, User


def end_all(user: User, *, but: str | None = None) -> int:
    """End every browser session of the person at once; return how many there were.

    but: the key of the one session that goes on.
    """
    sessions = BrowserSession.objects.filter(user=user)
    ended, _by_model = (sessions.exclude(session_key=but) if but else sessions).delete()
    return ended
