"""Session ids looked up by any part of them, in any case; numbers of cards by what they begin or end with.

UIDs and printed numbers lie sealed: they are found by marks (`tenants.search.terms`), the whole by one of its own.
"""

from django.db.models import Q

from charging.domain import card_numbers
from charging.models import ChargingSession, Token
from tenants.scoping import current_operator_id
from tenants.search import subjects, terms
from tenants.search.subjects import Subject
from tenants.selectors import search

#: So many are looked up before a list is made of them. Where more match, the list is walked instead: it is full soon.
FEW = 5_000
#: So many cards are looked up by how a number begins or ends; where more do, these are the newest.
MOST = 20_000
#: So many of the newest rows that may hold a text are compared with it before a search gives up.
_LOOKED_THROUGH = FEW
#: The first few mostly suffice.
_AT_ONCE = (250, 1_000, _LOOKED_THROUGH)

_SESSIONS = Subject("sessions", ChargingSession, ("external_id",), terms.parts_of, behind=8_000)
_WHOSE = ("driver_id", "public_id")
_UIDS, _PRINTED = (
    Subject(name, Token, (field,), terms.numbers_of, behind=500, whose=_WHOSE)
    for name, field in (("cards", "uid"), ("printed numbers", "visual_number"))
)


def register() -> None:
    """Enter them among what is searched."""
    subjects.register(_SESSIONS)
    subjects.register(_UIDS)
    subjects.register(_PRINTED)


def newest_sessions(part: str, *, most: int) -> list[int]:
    """Return the newest sessions whose id holds the part."""
    return _newest(_SESSIONS, part, Q(external_id__icontains=part), most, walk="-started_at")


def newest_cards(part: str, *, most: int, which: Q | None = None) -> list[int]:
    """Return the newest cards that have a number which begins or ends so; of those that meet the condition."""
    found = _numbered(part)
    if which and found:
        rows = Token.objects.filter(which, search.among("pk", found)).order_by("-pk")
        found = list(rows.values_list("pk", flat=True)[:most])
    return found[:most]


def of_session(part: str) -> Q:
    """The condition that the session's id holds the part. Asks the index when it is made."""
    return _narrowed(_SESSIONS, part, Q(external_id__icontains=part))


def of_card(part: str) -> Q:
    """The condition that the card has a number which begins or ends so. Asks the index when it is made."""
    return search.among("pk", _numbered(part))


def of_whole_card(number: str) -> Q:
    """The condition that this, however it is written, is the card's UID or printed on it."""
    return of_uid(number) | printed_as(number)


def of_uid(uid: str) -> Q:
    """The condition that this, however it is written, is the card's UID."""
    return Q(uid_mark__in=Token.uid_marks(uid, current_operator_id()))


def printed_as(number: str) -> Q:
    """The condition that this, however it is written, is printed on the card."""
    return Q(number_mark__in=Token.marks(number, current_operator_id()))


def _numbered(part: str) -> list[int]:
    """The newest cards with a number that has each word of the text as a beginning, or as its end."""
    if card_numbers.HIDDEN in part:
        return _masked(part)
    wanted = terms.words(_bare(part))
    return sorted({*_found(_UIDS, wanted), *_found(_PRINTED, wanted)}, reverse=True)[:MOST] if wanted else []


def _masked(shown: str) -> list[int]:
    """The newest cards that are shown so, as pages and the log mask a UID."""
    shown = "".join(shown.upper().split())
    wanted = terms.words(shown.partition(card_numbers.HIDDEN)[0])
    found = search.among("pk", _found(_UIDS, wanted)[:MOST]) if wanted else Q(pk__in=[])
    rows = Token.objects.filter(found).only("uid", *_WHOSE).order_by("-pk")
    return [card.pk for card in rows if card.masked_uid.upper() == shown]


def _found(subject: Subject, wanted: list[str]) -> list[int]:
    found = search.find(subject, terms.numbered(" ".join(wanted)), most=MOST)
    fresh = _having(subject, Q(pk__gt=found.up_to), wanted)
    if all(len(word) <= terms.LONGEST for word in wanted):
        return [*fresh, *found.ids]
    return [*fresh, *_having(subject, search.among("pk", found.ids), wanted)]


def _having(subject: Subject, which: Q, wanted: list[str]) -> list[int]:
    """Open the numbers of these cards and compare them."""
    (name,) = subject.fields
    rows = Token.objects.filter(which).only(name, *_WHOSE)
    return [card.pk for card in rows if terms.have_parts(getattr(card, name), wanted)]


def _bare(card: str) -> str:
    """The log writes a card as an ellipsis and the end of its printed number."""
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
