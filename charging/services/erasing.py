"""What the erasure of a driver means on this floor, besides the rows of the register.

Cards are refused from now on. What files said of them goes wherever it is kept word for word: uploaded files, looks at
them, and rejected rows, whose cells become empty while the row still counts. So do views of lists that somebody kept
a search for them in, and settings of stations that hold a number of their card.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import orjson
from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from charging.domain import card_numbers
from charging.models import (
    ChargingSession,
    FileImport,
    ImportLook,
    RejectedRow,
    SettingTemplate,
    StationCommand,
    StationSetting,
    Token,
)
from charging.models.file_import import of_import
from charging.selectors import station_words
from tenants import sealed_fields
from tenants.models import Driver, SavedView
from tenants.privacy import erasure, retention
from tenants.sealed_fields import Sealed
from tenants.search import subjects
from tenants.selectors.search import among
from tenants.services import indexing

#: A shorter text is no card or name to look for: it would stand in anybody's row.
_SHORTEST = 5
_AT_ONCE = 2_000
#: The parameter of lists that people write into.
_SEARCH = "q"
_NUMBERS = ("uid", "visual_number")
#: What of a rejected row's fields lies sealed.
_SAID = ("cells", "mended", "facts")
_ENDED = (FileImport.State.DONE, FileImport.State.FAILED, FileImport.State.UNDONE)


def register() -> None:
    """Enter this floor's part."""
    erasure.register_part(_erase)


def _erase(driver: Driver, at: datetime) -> dict[str, int]:
    texts, marks, known_by = _texts(driver), _marks(driver), _marks(driver, of_all=True)
    numbers = _numbers(driver)
    cards = Token.objects.filter(driver=driver)
    cards.filter(is_blocked=False).update(is_blocked=True, blocked_at=at)
    nothing: Any = Concat(Value("X-"), Cast("pk", CharField()))  # stands for one card, and for no UID
    cards.update(merge=None, lost_at=None, number_mark="", uid_mark="", uid_exact=nothing)
    station_words.charges_of(driver).update(said=nothing)  # which card it was stands in it as a mark
    _forget_merged(driver)
    rows = _rejected(texts, marks)
    sessions = ChargingSession.objects.filter(driver=driver)
    sessions.exclude(review_note="").update(review_note="")
    told = {*sessions.values_list("file_import", flat=True).distinct(), *(row.file_import_id for row in rows)}
    imports = FileImport.objects.filter(pk__in=told - {None}, state__in=_ENDED)
    looks, _by_model = ImportLook.objects.filter(file_import__in=imports).delete()
    files = list(imports.exclude(file=""))
    return {
        "uploads": retention.forget_files(files) if files else 0,
        "looks": looks,
        "rejected_rows": _empty(rows, at=at),
        "views": _forget_searches(driver, texts),
        "settings": _forget_settings(driver, numbers, known_by, at=at),
    }


def _forget_merged(driver: Driver) -> None:
    """Empty the cards that turned out to be one of the driver's: nobody has them, so no key of a person opens them."""
    merged = list(Token.objects.filter(merged_into__driver=driver))
    for subject in subjects.subjects():
        if subject.model is Token:
            indexing.forget(subject, merged)
    for card in merged:
        gone = {"uid": "", "uid_mark": "", "uid_exact": f"X-{card.pk}", "visual_number": "", "number_mark": ""}
        Token.objects.filter(pk=card.pk).update(**gone)


def _cards(driver: Driver) -> QuerySet[Token]:
    return Token.objects.filter(Q(driver=driver) | Q(merged_into__driver=driver))


def _numbers(driver: Driver) -> list[str]:
    """The numbers of the driver's cards that are long enough to look for."""
    every = {text for card in _cards(driver) for text in sealed_fields.those_that_open(card, _NUMBERS)}
    return [text for text in every if len(text) >= _SHORTEST]


def _texts(driver: Driver) -> list[str]:
    """What in a file would be the driver's: their cards' numbers, names, addresses of e-mail, customer number."""
    people = [sealed_fields.those_that_open(each, ("name", "email", "phone")) for each in driver.identities.all()]
    every = {*_numbers(driver), *(text for row in people for text in row), driver.customer_number}
    return [text for text in every if len(text) >= _SHORTEST]


def _marks(driver: Driver, *, of_all: bool = False) -> set[str]:
    """By what cards are known whose numbers do not open, as after a restore with a later part of keys; or all cards."""
    cards = _cards(driver)
    shut = [card for card in cards if of_all or len(sealed_fields.those_that_open(card, _NUMBERS)) < len(_NUMBERS)]
    return {mark for card in shut for mark in (card.uid_mark, card.number_mark)} - {""}


def _rejected(texts: Sequence[str], marks: Collection[str]) -> list[RejectedRow]:
    """The rejected rows that say any of this. Each is opened, as no database can look into what is sealed."""
    wanted = [orjson.dumps(text)[1:-1].decode().lower() for text in texts]
    if marks:
        rows = RejectedRow.objects.iterator(chunk_size=_AT_ONCE)
        return [row for row in rows if _says(row.file_import_id, _sealed_of(row), wanted) or _names(row, marks)]
    if not wanted:
        return []
    said = RejectedRow.objects.values_list("pk", "file_import", *_SAID).iterator(chunk_size=_AT_ONCE)
    return list(RejectedRow.objects.filter(among("pk", [pk for pk, of, *every in said if _says(of, every, wanted)])))


def _sealed_of(row: RejectedRow) -> list[Any]:
    return [row.__dict__[name] for name in _SAID]


def _says(file_import: int, every: Sequence[Any], wanted: Sequence[str]) -> bool:
    """Whether what a row's fields seal says any of this."""
    of = of_import(file_import)
    told = [orjson.loads(one.open(of=of)) for one in every if isinstance(one, Sealed)]
    said = orjson.dumps(told).decode().lower()  # written anew: JSON may spell the same word in several ways
    return any(text in said for text in wanted)


def _names(row: RejectedRow, marks: Collection[str]) -> bool:
    """Whether a cell is the number of one of these cards."""
    said = {str(text) for text in (*row.cells, *(row.mended or ()), *(row.facts or {}).values()) if text}
    of = row.operator_id
    return any(mark in marks for text in said for mark in (*Token.uid_marks(text, of), *Token.marks(text, of)))


def _forget_searches(driver: Driver, texts: Sequence[str]) -> int:
    """Remove the views that were kept of a list under one of these, or with a search for it or for a part of it.

    Where nobody can say any more what the driver was called, as after a restore with a later part of keys, all go.
    """
    names = driver.identities.values_list("name", flat=True)
    if any(isinstance(name, Sealed) and not name.opens for name in names):
        return SavedView.objects.all().delete()[0]
    wanted = {form for text in texts for form in (text.lower(), card_numbers.spelled(text).lower())}
    gone = [view.pk for view in SavedView.objects.iterator() if _searches(view, wanted)]
    return SavedView.objects.filter(pk__in=gone).delete()[0]


def _searches(view: SavedView, wanted: Collection[str]) -> bool:
    """Whether the view says one of these, or asks for a part of one: a surname, how an address or a number begins."""
    said = f"{view.name} {unquote_plus(view.query)}".lower()
    asked = [text.lower() for text in parse_qs(view.query).get(_SEARCH, ())]
    parts = {form for text in asked for form in (text, card_numbers.spelled(text).lower()) if len(form) >= _SHORTEST}
    return any(text in said or any(part in text for part in parts) for text in wanted)


def _forget_settings(driver: Driver, numbers: Sequence[str], marks: Collection[str], *, at: datetime) -> int:
    """Empty the settings, and what asked for them, that hold a number of one of the driver's cards, however spelled.

    What has not been sent yet is sent no more: a station would be told to forget all that the setting holds.
    """
    wanted = [number.lower() for number in numbers]
    if not wanted and not marks:
        return 0

    def says(text: str) -> bool:
        return any(number in text.lower() for number in wanted) or _is_said(text, marks, driver)

    told = [row.pk for row in StationSetting.objects.iterator(chunk_size=_AT_ONCE) if says(row.value)]
    asked = StationCommand.objects.filter(kind=StationCommand.Kind.CHANGE_SETTING).only("operator", "value")
    sent = [row.pk for row in asked.iterator(chunk_size=_AT_ONCE) if says(row.value)]
    StationSetting.objects.filter(pk__in=told).update(value="")
    StationCommand.objects.filter(pk__in=sent).update(value="")
    waiting = StationCommand.objects.filter(pk__in=sent, state=StationCommand.State.QUEUED)
    waiting.update(state=StationCommand.State.EXPIRED, done_at=at)
    templates = [row for row in SettingTemplate.objects.all() if any(map(says, row.wanted.values()))]
    for row in templates:
        row.wanted = {name: value for name, value in row.wanted.items() if not says(value)}
        row.save(update_fields=["wanted"])
    return len(told) + len(sent) + len(templates)


def _is_said(text: str, marks: Collection[str], driver: Driver) -> bool:
    """Whether a word of the text is the number of a card with one of these marks."""
    of = driver.operator_id
    words = [word for word in re.findall(r"[\w:-]+", text) if len(word) >= _SHORTEST]
    return any(mark in marks for word in words for mark in (*Token.uid_marks(word, of), *Token.marks(word, of)))


def _empty(rows: list[RejectedRow], *, at: datetime) -> int:
    """Empty the cells. A row nobody had decided about is left out: nothing can be made of it any more."""
    for row in rows:
        row.cells, row.mended, row.facts, row.marks = [""] * len(row.cells), None, None, []
        row.settled = row.settled or RejectedRow.Settled.LEFT
        row.settled_at = row.settled_at or at
    sealed_fields.bulk_update(rows, ["cells", "mended", "facts", "marks", "settled", "settled_at"])
    return len(rows)
