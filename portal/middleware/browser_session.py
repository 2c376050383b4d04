"""Tells the session which browser asks, keeps "last seen" true, says why a person has to sign in again.

What they sent when their time was over is kept for them (`portal.gate.kept`).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.gate import kept
from portal.gate.next_page import came_from
from portal.gate.polls import is_poll
from portal.gate.requests import client_address
from portal.web import errors
from tenants.session_times import GONE, IDLE

USER_AGENT_LENGTH = 300
_WAS_OF = "was_of"


class BrowserSessionMiddleware:
    """Stands before the page and outside its transaction: that a person was seen outlives a page that fails.

    A page that asks for itself is no person (`portal.gate.polls`): left alone, it times out like any other.
    Then the whole page is loaded anew, so that what it showed is gone and the reason is read. Where what it asks for
    has moved on, as a start does to the charge that has begun, the browser goes there: a part of that other page
    would be none of this one.
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
            return _led_on(request, self.get_response(request))
        if session.timed_out:
            messages.info(request, why_signed_out(session.timed_out, is_staff=session.is_staff))
            if polled:
                return _anew()
        response = self.get_response(request)
        if polled:  # a page for anybody asks for itself too
            return _anew() if "Location" in response else response
        return _to_sign_in(request, response)


def _anew() -> HttpResponse:
    return HttpResponse(headers={"HX-Refresh": "true"})


def _led_on(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if not is_poll(request) or "Location" not in response:
        return response
    led_on = HttpResponse(headers={"HX-Redirect": response["Location"]})
    led_on.cookies = response.cookies
    return led_on


def _to_sign_in(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let somebody who sent a form too late come back to what they sent, or at least to where the form stands."""
    sign_in = reverse("account:sign_in")
    if request.method != "POST" or response.headers.get("Location", "").partition("?")[0] != sign_in:
        return response
    session: Any = request.session
    was_of = session.was_of or session.get(_WAS_OF)
    if was_of is not None and "HX-Request" in request.headers:
        session[_WAS_OF] = was_of  # a part of the page asked; the form is sent after it
    if was_of is not None and kept.keep(request, person=was_of):
        back = reverse("account:kept")
    elif session.timed_out == GONE and kept.fields_of(request) is not None:
        return errors.too_late(request)
    else:
        back = came_from(request)
    if back:
        response["Location"] = f"{sign_in}?{urlencode({'next': back})}"
    return response


def why_signed_out(reason: str, *, is_staff: bool) -> str:
    """Return the sentence a person reads whose time was over."""
    if reason == GONE:
        return _("You have been signed out: from another browser, or because you were last here long ago.")
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
