"""Session ids and card numbers looked up by any part of them, in any case."""

from django.db.models import Q

from charging.models import ChargingSession, Token
from tenants.search import subjects, terms
from tenants.search.subjects import Subject
from tenants.selectors import search

#: So many are looked up before a list is made of them. Where more match, the list is walked instead: it is full soon.
FEW = 5_000
#: So many of the newest rows that may hold a text are compared with it before a search gives up.
_LOOKED_THROUGH = FEW
#: The first few mostly suffice.
_AT_ONCE = (250, 1_000, _LOOKED_THROUGH)

_SESSIONS = Subject("sessions", ChargingSession, ("external_id",), terms.parts_of, behind=8_000)
_CARDS = Subject("cards", Token, ("uid", "visual_number"), terms.parts_of, behind=500)


def register() -> None:
    """Enter both among what is searched."""
    subjects.register(_SESSIONS)
    subjects.register(_CARDS)


def newest_sessions(part: str, *, most: int) -> list[int]:
    """Return the newest sessions whose id holds the part."""
    return _newest(_SESSIONS, part, Q(external_id__icontains=part), most, walk="-started_at")


def newest_cards(part: str, *, most: int, which: Q | None = None) -> list[int]:
    """Return the newest cards whose UID or printed number holds the part; of those that meet the condition."""
    text = _bare(part)
    holds = Q(uid__icontains=text) | Q(visual_number__icontains=text)
    return _newest(_CARDS, text, holds & which if which else holds, most, walk="uid")


def of_session(part: str) -> Q:
    """The condition that the session's id holds the part. Asks the index when it is made."""
    return _narrowed(_SESSIONS, part, Q(external_id__icontains=part))


def of_card(part: str) -> Q:
    """The condition that the card's UID or printed number holds the part. Asks the index when it is made."""
    text = _bare(part)
    if not text:
        return Q(pk__in=())
    return _narrowed(_CARDS, text, Q(uid__icontains=text) | Q(visual_number__icontains=text))


def _bare(card: str) -> str:
    """Lists write a card without a printed number as an ellipsis and the end of its UID."""
    return card.lstrip("….")


def _newest(subject: Subject, text: str, holds: Q, most: int, *, walk: str = "-pk") -> list[int]:
    """Look through what is new and what the index knows, from the newest on, until `most` hold the text.

    walk: the order that an index of the operator's rows has, for a text that nearly all of them hold.
    """
    wanted = terms.part(text)
    if not wanted:
        return []
    rows = subject.model._default_manager.filter(holds).order_by("-pk").values_list("pk", flat=True)
    found = search.find(subject, wanted, most=_LOOKED_THROUGH)
    if not found.ids and not found.is_all:
        return list(rows.order_by(walk)[:most])
    ids = list(rows.filter(pk__gt=found.up_to)[:most])
    start = 0
    for size in _AT_ONCE:
        some = found.ids[start : start + size]
        if len(ids) >= most or not some:
            break
        ids += rows.filter(search.among("pk", some))[:most]
        start += size
    return ids[:most]


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
