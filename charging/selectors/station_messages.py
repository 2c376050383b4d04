"""What a station said, searched: its frames lie sealed, so that those are opened which are looked into."""

from django.db.models import Q

from charging.models import Station, StationMessage, Token
from tenants.selectors.search import among

#: So many of a station's newest frames are looked into: opening them takes a tenth of a second for every ten thousand.
LOOKED_INTO = 20_000


def saying(station: Station, text: str) -> Q:
    """Return the condition that a frame of the station says this, of the newest; or names this card, of all."""
    rows = StationMessage.objects.filter(station=station).order_by("-pk").values_list("pk", "raw")
    wanted = text.casefold()
    found = [pk for pk, raw in rows[:LOOKED_INTO].iterator() if wanted in str(raw).casefold()]
    return among("id", found) | Q(card_mark__in=Token.uid_marks(text, station.operator_id))
