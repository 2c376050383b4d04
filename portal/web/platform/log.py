"""The platform's log: how its people sign in and prove themselves, and who became a member or is one no more."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.gate.access import SignedInRequest
from portal.gate.platform_access import platform_view
from portal.web import lists
from portal.words import browsers as browser_words
from portal.words.log.events import EVENTS
from portal.words.log.fields import name_of
from portal.words.log.values import written
from tenants.models import PlatformEvent, User
from tenants.selectors import people, platform
from tenants.services.platform import members as platform_members

OWN_EVENTS: dict[str, str | Promise] = {
    platform_members.ADDED: gettext_lazy("Became a member of the platform"),
    platform_members.TAKEN_OFF: gettext_lazy("Was taken off the platform"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One event in words. by: who did it, when it was not the person themselves."""

    at: datetime
    person: str
    by: str
    sentence: str
    facts: str
    address: str
    browser: str


@platform_view()
def event_list(request: SignedInRequest) -> HttpResponse:
    """List the events, newest first."""
    page = lists.page(platform.events(), request, by="at")
    numbers = {number for event in page for number in (event.user_id, event.actor_id) if number}
    names = people.named(numbers)
    context = {"nav": "log", "page": page, "lines": [_line(event, names) for event in page]}
    return render(request, "platform/log.html", context)


def _line(event: PlatformEvent, names: dict[int, User]) -> Line:
    return Line(
        at=event.at,
        person=_name(event.user_id, names),
        by=_by(event, names),
        sentence=str(OWN_EVENTS.get(event.event) or EVENTS.get(event.event, event.event)),
        facts=", ".join(
            f"{name_of(key)}: {written(key, value, event.event)}" for key, value in (event.facts or {}).items()
        ),
        address=event.address or "",
        browser=browser_words.of(event.user_agent) if event.user_agent else "",
    )


def _by(event: PlatformEvent, names: dict[int, User]) -> str:
    if event.actor_id is not None:
        return _name(event.actor_id, names) if event.actor_id != event.user_id else ""
    return _("the command %(name)s") % {"name": event.task} if event.task else ""


def _name(number: int, names: dict[int, User]) -> str:
    return str(names.get(number) or _("person %(number)s") % {"number": number})
