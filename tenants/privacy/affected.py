"""Whom an incident concerns: a question to the audit log, its answer frozen, and a letter to each of them, once.

Rows of the log are about things: a driver, their identity, an invoice of theirs. Which of them lead to a driver, and
how, the register of personal data knows, so what a floor registers tomorrow is found too. What somebody did with their
own data is no breach. Acts about many at once (a list was taken out) lead to nobody; they are counted by event, so that
whoever reads the answer sees that it may be more, and can freeze everybody.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Count, Max, Min

from tenants import work
from tenants.breach import Clock
from tenants.errors import Code, Refused
from tenants.log import audit, reading
from tenants.log.events import Event
from tenants.models import (
    Driver,
    Incident,
    IncidentAffected,
    IncidentLetter,
    IncidentLetters,
    IncidentList,
    IncidentReport,
    Operator,
    User,
)
from tenants.models.work import OPEN
from tenants.privacy import own_rows, sources
from tenants.scoping import tenant_scope
from tenants.selectors import incidents as selector
from tenants.services import mail
from tenants.services.mail import Letter

AT_ONCE = 2000
LETTERS_A_STEP = 50


@dataclass(slots=True)
class Seen:
    """How often somebody's data was seen or changed, first and last."""

    times: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def add(self, times: int, first: datetime, last: datetime) -> None:
        """Count more of it."""
        self.times += times
        self.first = min(first, self.first or first)
        self.last = max(last, self.last or last)


def ask(incident: Incident, *, by: User, at: datetime, since: datetime, until: datetime, **who: Any) -> IncidentList:
    """Have the log asked, and the answer frozen. who: `person_id`, `key_id`, `address`, or `is_everybody`.

    Raises:
        Refused: the time ends before it begins, or begins in the future.
    """
    if until <= since:
        raise Refused(Code.INCIDENT_BACKWARDS)
    if since > at:
        raise Refused(Code.INCIDENT_AHEAD)
    row = IncidentList.objects.create(
        incident=incident, since=since, until=until, asked_by_person_id=by.pk, queued_at=at, **who
    )
    work.enqueue(row)
    return row


def freeze(operator_id: int, row: IncidentList, *, clock: Callable[[], datetime]) -> None:
    """Answer the question of a claimed row, and keep the answer: all of it or nothing."""
    with tenant_scope(operator_id):
        work.keep(row, at=clock())
    with tenant_scope(operator_id):
        found, others = _everybody(row) if row.is_everybody else find(row)
        digest = hashlib.sha256()
        for some in _stretches(sorted(found.items())):
            IncidentAffected.objects.bulk_create(
                IncidentAffected(list=row, driver_id=pk, times=seen.times, first_at=seen.first, last_at=seen.last)
                for pk, seen in some
            )
            digest.update("".join(_line(pk, seen) for pk, seen in some).encode())
        facts = {"count": len(found), "sha256": digest.hexdigest()}
        work.finish(row, **facts, others=others, frozen_at=clock(), done=len(found), total=len(found))
        audit.record(Event.INCIDENT_FROZEN, about=row.incident, **facts)


def _stretches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        yield some


def _line(pk: int, seen: Seen) -> str:
    """A line as it is hashed: the driver's number, how often, first and last."""
    moments = [moment.isoformat() if moment else "" for moment in (seen.first, seen.last)]
    return f"{pk},{seen.times},{','.join(moments)}\n"


def find(question: IncidentList) -> tuple[dict[int, Seen], dict[str, int]]:
    """The drivers whose data was seen or changed, and how often what was about nobody alone, by event."""
    entries = reading.entries(
        who=_who(question), address=question.address or "", since=question.since, until=question.until
    )
    groups = entries.order_by().values_list("content_type_id", "object_id", "actor_id", "event")
    counted = groups.annotate(times=Count("pk"), first=Min("timestamp"), last=Max("timestamp"))
    found: dict[int, Seen] = {}
    others: Counter[str] = Counter()
    for some in _stretches(counted.iterator(chunk_size=AT_ONCE)):
        drivers = _drivers({(kind, number) for kind, number, *_ in some if number is not None})
        for kind, number, actor, event, times, first, last in some:
            driver = drivers.get((kind, number))
            if driver is None:
                others.update({event: times} if event else {})
            elif actor is None or driver.user_id != actor:
                found.setdefault(driver.pk, Seen()).add(times, first, last)
    return found, dict(others)


def _who(question: IncidentList) -> reading.Who | None:
    if question.person_id is not None:
        return reading.Who(person=question.person_id)
    return reading.Who(key=question.key_id) if question.key_id is not None else None


def _everybody(question: IncidentList) -> tuple[dict[int, Seen], dict[str, int]]:
    there = Driver.objects.filter(created_at__lt=question.until).values_list("pk", flat=True)
    return {pk: Seen() for pk in there.iterator(chunk_size=AT_ONCE)}, {}


def _drivers(rows: set[tuple[int, int]]) -> dict[tuple[int, int], Driver]:
    """The drivers that these rows, as kind and number, are about. A query or two a kind."""
    leading: dict[tuple[int, int], int] = {}
    for kind, model, path in _ways():
        numbers = [number for each, number in rows if each == kind]
        if numbers:
            leading |= {(kind, number): driver for number, driver in _led(model, path, numbers) if driver is not None}
    known = Driver.objects.only("pk", "user_id").in_bulk(set(leading.values()))
    return {row: known[driver] for row, driver in leading.items() if driver in known}


def _led(model: type[models.Model], path: str, numbers: list[int]) -> Iterator[tuple[int, int | None]]:
    if model is Driver:
        yield from ((number, number) for number in numbers)
    elif model is User:
        yield from Driver.objects.filter(user__in=numbers).values_list("user", "pk")
    else:
        yield from model._default_manager.filter(pk__in=numbers).values_list("pk", path)


def _ways() -> Iterable[tuple[int, type[models.Model], str]]:
    """Each kind of row that leads to a driver, and the path."""
    for source in sources.all_sources():
        if source.model is User or (source.person != sources.BY_CARD and own_rows.person_model(source) is Driver):
            path = "pk" if source.person == "self" else source.person
            yield ContentType.objects.get_for_model(source.model).pk, source.model, path


# --- letters ---


def write_to(incident: Incident, words: Mapping[str, str], *, by: User, at: datetime) -> IncidentLetters:
    """Write to everybody affected who has not been written to (GDPR art. 34(1), (2)). words: by language.

    Raises:
        Refused: there is nobody, or letters are on their way.
    """
    Incident.objects.select_for_update().get(pk=incident.pk)
    if IncidentLetters.objects.filter(OPEN, incident=incident).exists():
        raise Refused(Code.INCIDENT_LETTERS_RUN)
    count = selector.to_be_written(incident).count()
    if not count:
        raise Refused(Code.INCIDENT_NOBODY)
    row = IncidentLetters.objects.create(
        incident=incident, words=dict(words), started_by_id=by.pk, total=count, queued_at=at
    )
    work.enqueue(row)
    return row


def send_letters(operator_id: int, row: IncidentLetters, *, clock: Callable[[], datetime]) -> None:
    """Write to the affected, a stretch in a transaction. Who is noted gets no other: a letter leaves with its note."""
    is_left = True
    while is_left:
        with tenant_scope(operator_id):
            is_left = _write_some(Operator.objects.get(pk=operator_id), row, at=clock())
    with tenant_scope(operator_id):
        work.finish(row)
        facts = {"count": row.done, "sha256": hashlib.sha256(repr(sorted(row.words.items())).encode()).hexdigest()}
        audit.record(Event.INCIDENT_WRITTEN, about=row.incident, **facts)
        told = {"told_at": clock(), "recorded_at": clock(), "recorded_by_id": row.started_by_id}
        IncidentReport.objects.get_or_create(incident=row.incident, clock=Clock.PEOPLE.value, defaults=told)


def _write_some(operator: Operator, row: IncidentLetters, *, at: datetime) -> bool:
    some = list(selector.to_be_written(row.incident).select_related("user", "identity")[:LETTERS_A_STEP])
    letters = [
        IncidentLetter(incident=row.incident, driver=driver, written_at=at, has_address=_write(driver, operator, row))
        for driver in some
    ]
    IncidentLetter.objects.bulk_create(letters)
    if some:
        work.keep(row, at=at, done=row.done + len(some))
    return len(some) == LETTERS_A_STEP


def _write(driver: Driver, operator: Operator, row: IncidentLetters) -> bool:
    """Write to one of them; whether there is an address and a server to write by."""
    contact = operator.privacy_contact or operator.email
    if driver.user is not None:
        return mail.send(driver.user, Letter.INCIDENT, operator=operator, told=row.words, contact=contact)
    if driver.identity and driver.identity.email:
        known_as = f"driver {driver.pk}"
        return mail.send_to_address(
            driver.identity.email,
            Letter.INCIDENT,
            operator=operator,
            known_as=known_as,
            told=row.words,
            contact=contact,
        )
    return False
