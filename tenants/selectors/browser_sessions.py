"""Reads of browser sessions: where a person is signed in."""

from datetime import datetime

from tenants.models import BrowserSession, User
from tenants.selectors import people
from tenants.session_times import why_over


def live(user: User, *, at: datetime) -> list[BrowserSession]:
    """The person's sessions whose time is not over, the one seen last first."""
    is_staff = people.is_staff_anywhere(user) or hasattr(user, "platform_member")
    rows = BrowserSession.objects.filter(user=user).order_by("-last_seen_at", "-created_at")
    return [row for row in rows if not why_over(row, is_staff=is_staff, at=at)]
