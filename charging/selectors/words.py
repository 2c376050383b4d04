"""What somebody types, as conditions: part of an id or a card's number, words of a name, a station, a site.

The pages' filters and the one search mean the same by the same words. Each function looks the words up when it is
called, in the open scope, and returns a condition that indexes answer.
"""

from collections.abc import Callable

from django.db.models import Q

from charging.models import Station, Token
from charging.selectors import numbers
from tenants.models import Driver, DriverIdentity
from tenants.selectors import names
from tenants.selectors.search import after_all, among


def of_site(text: str) -> Q:
    """Sites whose name, street or city holds the text."""
    return Q(name__icontains=text) | Q(city__icontains=text) | Q(street__icontains=text)


def of_station(text: str) -> Q:
    """Stations whose identifier or name holds the text, now or before, or whose site's name does."""
    own = Q(identifier__icontains=text) | Q(name__icontains=text)
    return own | _stands_for(Station, own) | Q(site__name__icontains=text)


def of_driver(text: str) -> Q:
    """Drivers whose name or e-mail has each of the words, or whose customer number begins with the text."""
    identities = names.like(text)
    people = DriverIdentity.objects.filter(among("pk", identities), driver__isnull=False)
    owners = set(people.values_list("driver_id", flat=True))
    numbered = Q(customer_number__gte=text, customer_number__lt=after_all(text))
    # By the drivers' own numbers, for which there is an index; then whether that is still their name.
    return numbered | (among("pk", owners) & among("identity", identities))


def of_driver_or_card(text: str) -> Q:
    """The same, and drivers who have a card with the text in a number."""
    owners = Token.objects.filter(numbered(text), driver__isnull=False).values_list("driver_id", flat=True)
    return of_driver(text) | among("pk", set(owners[: names.MOST]))


def of_card(text: str) -> Q:
    """Cards with the text in a number, or of a driver whom the words mean."""
    return numbered(text) | among("driver", _ids(Driver, of_driver(text)))


def numbered(text: str) -> Q:
    """Cards with the text in a number, also in that of a card that was merged into them."""
    own = numbers.of_card(text)
    return own | _stands_for(Token, own)


def sessions_at(text: str) -> Q:
    """Sessions at the stations that the words mean."""
    return among("station", _ids(Station, of_station(text)))


def sessions_of(text: str) -> Q:
    """Sessions of the drivers whom the words mean."""
    return among("driver", _ids(Driver, of_driver(text)))


def sessions_with(text: str) -> Q:
    """Sessions charged with the cards that the words mean."""
    return among("token", _ids(Token, numbered(text)))


def sessions(text: str, *, people: bool) -> Q:
    """Sessions by any of it: part of their id, the station; drivers and cards for those who may see people."""
    ways: list[Callable[[str], Q]] = [numbers.of_session, sessions_at]
    if people:
        ways += [sessions_of, sessions_with]
    found = Q()
    for way in ways:
        found |= way(text)
    return found


def _stands_for(model: type[Station] | type[Token], own: Q) -> Q:
    """Those that such a one was merged into."""
    rows = model._default_manager.filter(own, merged_into__isnull=False)
    return among("pk", set(rows.values_list("merged_into_id", flat=True)[: names.MOST]))


def _ids(model: type[Driver] | type[Station] | type[Token], condition: Q) -> list[int]:
    rows = model._default_manager.filter(condition).order_by("-pk")
    return list(rows.values_list("pk", flat=True)[: names.MOST])
