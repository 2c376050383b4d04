"""Session ids and card numbers looked up by any part of them, in any case."""

from django.db.models import Q

from charging.models import ChargingSession, Token
from tenants.search import subjects, terms
from tenants.search.subjects import Subject
from tenants.selectors import search

#: So many are looked up before a list is made of them. Where more match, the list is walked instead: it is full soon.
FEW = 5_000

_SESSIONS = Subject("sessions", ChargingSession, ("external_id",), terms.parts_of, behind=8_000)
_CARDS = Subject("cards", Token, ("uid", "visual_number"), terms.parts_of, behind=500)


def register() -> None:
    """Enter both among what is searched."""
    subjects.register(_SESSIONS)
    subjects.register(_CARDS)


def of_session(part: str) -> Q:
    """The condition that the session's id holds the part. Asks the index when it is made."""
    return _narrowed(_SESSIONS, part, Q(external_id__icontains=part))


def of_card(part: str) -> Q:
    """The condition that the card's UID or printed number holds the part. Asks the index when it is made."""
    # Lists write a card without a printed number as an ellipsis and the end of its UID.
    text = part.lstrip("….")
    if not text:
        return Q(pk__in=())
    return _narrowed(_CARDS, text, Q(uid__icontains=text) | Q(visual_number__icontains=text))


def _narrowed(subject: Subject, text: str, holds: Q) -> Q:
    wanted = terms.part(text)
    if not wanted:
        return holds
    found = search.find(subject, wanted, most=FEW)
    if not found.is_all:
        return holds
    fresh = subject.model._default_manager.filter(holds, pk__gt=found.up_to)
    ids = [*fresh.order_by("-pk").values_list("pk", flat=True)[: FEW + 1], *found.ids]
    return holds & search.among("pk", ids) if len(ids) <= 2 * FEW else holds
