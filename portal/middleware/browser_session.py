"""Tells the session which browser asks, keeps "last seen" true, and says why a person has to sign in again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.gate.polls import is_poll
from portal.middleware.actor import client_address
from tenants.session_times import IDLE

USER_AGENT_LENGTH = 300


class BrowserSessionMiddleware:
    """Stands before the page and outside its transaction: that a person was seen outlives a page that fails.

    A page that asks for itself is no person (`portal.gate.polls`): left alone, it times out like any other.
    Then the whole page is loaded anew, so that what it showed is gone and the reason is read.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session: Any = request.session
        session.address = client_address(request)
        session.user_agent = request.headers.get("User-Agent", "")[:USER_AGENT_LENGTH]
        polled = is_poll(request)
        if request.user.is_authenticated:
            if not polled:
                session.seen()
            return self.get_response(request)
        if session.timed_out:
            messages.info(request, why_signed_out(session.timed_out, is_staff=session.is_staff))
        return HttpResponse(headers={"HX-Refresh": "true"}) if polled else self.get_response(request)


def why_signed_out(reason: str, *, is_staff: bool) -> str:
    """Return the sentence a person reads whose time was over."""
    if reason == IDLE:
        time = settings.STAFF_SESSION_IDLE if is_staff else settings.DRIVER_SESSION_IDLE
        return _("You were signed out after %(time)s without activity.") % {"time": in_words(time)}
    time = settings.STAFF_SESSION_LONGEST if is_staff else settings.DRIVER_SESSION_LONGEST
    return _("You were signed out: one sign-in lasts %(time)s at most.") % {"time": in_words(time)}


def in_words(time: timedelta) -> str:
    """Return a length of time in whole days, hours or minutes."""
    if time.days and not time.seconds:
        return ngettext("%(n)d day", "%(n)d days", time.days) % {"n": time.days}
    minutes = int(time.total_seconds() // 60)
    if minutes == 60:
        return _("an hour")
    if minutes % 60 == 0:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
