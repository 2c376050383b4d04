"""What ends by itself: classes of data, for how long each is kept, and the night's work that removes the rest.

GDPR art. 5(1)(e) lets data be kept no longer than its purpose needs. A floor enters each class with its usual time and
the bounds the law sets; an operator's rule moves the time within them. The timetable queues one piece of work a night
and operator; it removes in batches, each a transaction of its own, so a worker that dies goes on where it was. Which
rows may go is looked up before, without a lock; a batch looks again at its own, and is as large as the one before it
shows that nobody notices waiting for (`Pace`). What cannot be removed stops no other class. A legal hold wins over
every rule.

Accounting records are in no class: they are kept through the seventh year after the calendar year in which the
financial year ended (BFL 7 kap. 2 §). What they were read from may go before, as its contents are carried over in full
(BFL 7 kap. 6 §).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet

from tenants import work
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import LegalHold, Operator, ProcessingLimit, RetentionNight, RetentionRule, User
from tenants.models.driver import Driver
from tenants.scoping import current_operator_id, tenant_scope

#: From this hour of the operator's night on.
HOUR: Final = 2
#: So many rows are looked up at a time, and so many go in one batch: at first and at least, and at most. A batch has
#: costs of its own, so that a busy machine would never come to an end with fewer.
LOOKED_UP: Final = 10_000
LEAST, TOGETHER = 100, 1000
#: For how long a batch is to lock its rows, in seconds. One that takes this long was too large for what else is done
#: then, and so many after it find their size in small steps.
AIM_S, SLOW_S, SMALL_STEPS = 0.045, 0.1, 10
#: A preview counts no further.
MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class DataClass:
    """One class of data.

    days: how long it is kept unless the operator says otherwise; least, most: what the operator may say.
    due: the rows that are older than a moment, those under a hold left out.
    remove: takes some of them away, and says how many; what cannot go stays for the next night.
    again: where `due` takes long, those of these numbers of rows that `remove` is given; it looks again itself which
    may still go. after: done once what was looked up is through, in transactions of its own until it
    says that nothing is left.
    """

    code: str
    days: int
    least: int
    most: int
    due: Callable[[datetime], "QuerySet[Any]"]
    remove: Callable[[Sequence[Any]], int]
    again: "Callable[[Sequence[int]], QuerySet[Any]] | None" = None
    after: Callable[[], object] | None = None

    def rows(self, before: datetime, some: Sequence[int]) -> "QuerySet[Any]":
        """Those of these rows that may go as far as is known now."""
        return self.again(some) if self.again else self.due(before).filter(pk__in=some)

    @property
    def is_chosen(self) -> bool:
        """Whether an operator may say for how long."""
        return self.least < self.most


@dataclass(frozen=True, slots=True)
class Standing:
    """A class as it stands at an operator: for how long it is kept there, and how many would go.

    due: counted to `MOST_COUNTED`; what comes to that is at least as many.
    """

    of: DataClass
    days: int
    due: int


_classes: dict[str, DataClass] = {}


def register(each: DataClass) -> None:
    """Enter a class of data."""
    _classes[each.code] = each


def classes() -> list[DataClass]:
    """Every class, lower floors first."""
    return list(_classes.values())


def named(code: str) -> DataClass:
    """The class of this code."""
    return _classes[code]


def days_of(each: DataClass) -> int:
    """For how many days the operator keeps the class: by its rule, as far as the bounds let it."""
    rule = RetentionRule.objects.filter(code=each.code).first()
    return min(max(rule.days, each.least), each.most) if rule else each.days


def held_drivers() -> "QuerySet[Driver]":
    """The drivers about whom nothing may go."""
    return Driver.objects.filter(pk__in=LegalHold.objects.filter(until=None, driver__isnull=False).values("driver"))


def kept_drivers() -> "QuerySet[Driver]":
    """Those about whom nothing goes by itself: held, or as they asked that it be kept and not used.

    GDPR art. 18(1)(b) and (c): somebody may want a restriction instead of an erasure, for claims of their own.
    """
    limits = ProcessingLimit.objects.filter(until=None, kind=ProcessingLimit.Kind.RESTRICTION).values("driver")
    return Driver.objects.filter(Q(pk__in=held_drivers()) | Q(pk__in=limits))


def is_all_held() -> bool:
    """Whether nothing at all may go."""
    return LegalHold.objects.filter(until=None, driver=None).exists()


def standings(rules: dict[str, int] | None = None, *, at: datetime) -> list[Standing]:
    """What a night's work at this moment would remove, by the rules in force or by these. Two queries a class."""
    is_held = is_all_held()
    found = []
    for each in classes():
        days = (rules or {}).get(each.code) or days_of(each)
        due = 0 if is_held else each.due(at - timedelta(days=days))[:MOST_COUNTED].count()
        found.append(Standing(each, days, due))
    return found


def say(rules: dict[str, int]) -> None:
    """Keep the operator's times; one that is the usual time needs no rule. Bounds are the caller's to have checked."""
    for code, days in rules.items():
        row = RetentionRule.objects.filter(code=code).first()
        if row is None and days != _classes[code].days:
            RetentionRule.objects.create(code=code, days=days)
        elif row is not None and row.days != days:
            row.days = days
            row.save(update_fields=["days"])


def hold(*, driver: Driver | None, reason: str, by: User, at: datetime) -> LegalHold:
    """Let nothing about the driver go, or nothing at all, until it is lifted."""
    row = LegalHold.objects.create(driver=driver, reason=reason, since=at, made_by_id=by.pk)
    audit.record(Event.HOLD_BEGAN, about=row)
    return row


def lift(row: LegalHold, *, at: datetime) -> None:
    """Let the rules hold again."""
    if row.until is None:
        row.until = at
        row.save(update_fields=["until"])
        audit.record(Event.HOLD_ENDED, about=row)


def next_night(at: datetime, zone: ZoneInfo) -> datetime:
    """When the rules are carried out next."""
    local = at.astimezone(zone)
    night = local.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return night if night > local else night + timedelta(days=1)


def ask_tonight(at: datetime) -> None:
    """Queue the night's work, once a night; called by the sweep in each operator's scope."""
    local = at.astimezone(Operator.objects.get(pk=current_operator_id()).zone)
    if local.hour >= HOUR and not RetentionNight.objects.filter(night=local.date()).exists():
        RetentionNight.objects.create(night=local.date(), at=at, queued_at=at)


def carry_out(operator_id: int, row: RetentionNight, *, clock: Callable[[], datetime]) -> None:
    """Remove what was kept long enough by this night, a batch a transaction; an event says how many of each went.

    Raises what the first class failed with, once every other one is through: the rest is tried again.
    """
    failed: Exception | None = None
    for each in classes():
        try:
            for _gone in batches(operator_id, each, row, clock=clock):
                pass
        except work.LostClaim:
            raise
        except Exception as error:  # one class stops no other
            work.report(f"Removing {each.code} at operator {operator_id} failed", error)
            failed = failed or error
    if failed:
        raise failed
    with tenant_scope(operator_id):
        work.finish(row)
        audit.record(Event.RETENTION_DONE, **{each.code: row.counts.get(each.code, 0) for each in classes()})


def forget_files(rows: Sequence[Any]) -> int:
    """Remove the `file` of these rows of one model; return how many went. What a row says of its file stays."""
    gone = []
    for row in rows:
        try:
            default_storage.delete(str(row.file.name))
        except OSError as error:  # the others go all the same
            work.report(f"Removing the file of {row._meta.label} {row.pk}", error)
        else:
            gone.append(row.pk)
    if gone:
        type(rows[0])._default_manager.filter(pk__in=gone).update(file="")
    return len(gone)


class Pace:
    """How many rows go together: as many as the batch before shows to take `AIM_S`, at most twice its number.

    After a slow one the next ones are at most a tenth larger each: what slowed it down is seldom over at once.
    """

    def __init__(self) -> None:
        self.size = min(LEAST, TOGETHER)
        self._small_steps = 0

    def took(self, rows: int, seconds: float) -> None:
        """Learn from a batch."""
        fitting = round(rows * AIM_S / max(seconds, 0.001))
        self._small_steps = SMALL_STEPS if seconds > SLOW_S else max(0, self._small_steps - 1)
        most = self.size + self.size // 10 if self._small_steps else 2 * self.size
        self.size = max(min(LEAST, TOGETHER), min(fitting, most, TOGETHER))


def batches(operator_id: int, each: DataClass, row: RetentionNight, *, clock: Callable[[], datetime]) -> Iterator[int]:
    """Remove what may go of a class, a batch a transaction; yields after each how many went."""
    pace, is_left = Pace(), True
    while is_left:
        with tenant_scope(operator_id):
            before = row.at - timedelta(days=days_of(each))
            found = [] if is_all_held() else list(each.due(before).values_list("pk", flat=True)[:LOOKED_UP])
        gone, at = 0, 0
        while at < len(found):
            some = found[at : at + pace.size]
            with tenant_scope(operator_id):
                rows = [] if is_all_held() else list(each.rows(before, some))  # a hold that began meanwhile is seen
                begun = time.perf_counter()
                removed = _remove_some(each, row, rows, at=clock())
            # What waits for its rows waits until it is committed.
            pace.took(len(some), time.perf_counter() - begun)
            gone, at = gone + removed, at + len(some)
            yield removed
        is_more = gone > 0 and each.after is not None
        while is_more and each.after:
            with tenant_scope(operator_id):
                is_more = bool(each.after())
        is_left = gone > 0 and len(found) == LOOKED_UP


def _remove_some(each: DataClass, row: RetentionNight, rows: Sequence[Any], *, at: datetime) -> int:
    gone = each.remove(rows) if rows else 0
    if gone:
        counts = {**row.counts, each.code: row.counts.get(each.code, 0) + gone}
        work.keep(row, at=at, counts=counts, done=row.done + gone)
    return gone
