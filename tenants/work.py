"""Background work: a row that is claimed, kept alive, finished, tried again and at last set aside.

Work is a row (`tenants.models.work.Work`), a message only hurries it. A kind of work is entered once, in its floor's
`apps.py`, as a `Kind`: its rows, its lane, and the stepped service that does one of them. All else is here:

- `enqueue` marks the operator's turn and sends a message once the row is committed; with the broker away the row
  stays for `sweep`, which looks at every operator each minute and which no single operator or kind can stop.
- a message names a lane and nothing else. `take_turn` works a short stretch for the operator that has waited longest
  in that lane, then hands on to the next one: however much one of them has queued, the others come in between.
- what fails is tried again after a delay that doubles. A row that has failed too often, or whose workers have died
  too often, is set aside with a code, until a person says `try_again`; the rest goes on.

A service that does a piece of work is stepped: it takes the operator's id and the row, opens a scope for each step,
and raises when it fails. What `claim`, `keep`, `finish`, `fail` and `put_back` write belongs to the caller's scope.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, Protocol

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from tenants.actor import acting, acting_for
from tenants.coded import Coded
from tenants.errors import Refused
from tenants.log import audit
from tenants.log.events import Event
from tenants.models import Operator
from tenants.models.work import OPEN, Turn, Work
from tenants.permissions import Permission
from tenants.scoping import current_operator_id, tenant_scope

log = logging.getLogger(__name__)

#: How often a row is tried before it is set aside, and how long it rests after its first failure.
TRIES = 5
FIRST_DELAY = timedelta(minutes=1)
#: How long one turn lasts before the next operator has theirs. A single piece of work may take longer.
STRETCH = timedelta(seconds=5)
#: The most messages that one occasion sends: enough to wake every process of a lane.
MOST_MESSAGES = 8
#: What is said of a row whose workers ended without a word: killed, out of memory, out of time.
WORKER_LOST = "worker_lost"


class Lane(StrEnum):
    """Who is waiting. Each lane has worker processes of its own, so that none is ever behind another."""

    QUICK = "quick"  # seconds, and somebody looks at the page: a preview, a letter
    WAITED = "waited"  # somebody waits: an import, one workbook
    BULK = "bulk"  # a month's work: drafting, pricing, documents, archives


class LostClaim(RuntimeError):
    """The row was taken over by another worker or has been ended meanwhile; what was about to be written is not."""


class Stepped(Protocol):
    """A service that does one piece of work for one operator and opens its own scopes."""

    def __call__(self, operator_id: Any, row: Any, /, *, clock: Callable[[], datetime]) -> object:
        """Do it. Whoever returns without having ended the row has finished it. clock: says what time it is."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of background work.

    name: what the rows' `work_kind` says.
    where: which of the model's rows are of this kind, if several kinds share it.
    lease: a worker that gives no sign of life for this long is taken to be dead.
    permission: who may have a set-aside row tried again; None where no page of an operator shows it.
    prepare: called by the sweep in each operator's scope, to queue what nobody else queues.
    rests: whether nothing is done while the operator is suspended.
    """

    name: str
    model: type[Work]
    lane: Lane
    do: Stepped
    permission: Permission | None = None
    where: Q = field(default_factory=Q)
    lease: timedelta = timedelta(minutes=2)
    prepare: Callable[[datetime], object] | None = None
    rests: bool = True

    @property
    def is_owned(self) -> bool:
        """Whether each row belongs to an operator."""
        return any(each.name == "operator" for each in self.model._meta.concrete_fields)

    def rows(self) -> "QuerySet[Any]":
        """All rows of this kind in the current scope."""
        return self.model._default_manager.filter(self.where)

    def claimable(self, at: datetime) -> "QuerySet[Any]":
        """Rows that wait and may be taken now: nobody is at them, or whoever was is dead."""
        return self.rows().filter(OPEN).filter(Q(leased_until=None) | Q(leased_until__lte=at))


_kinds: dict[str, Kind] = {}
_senders: list[Callable[[Lane], None]] = []


def register(kind: Kind) -> None:
    """Enter a kind of work."""
    _kinds[kind.name] = kind


def kind_named(name: str) -> Kind:
    """Return the kind of work of this name."""
    return _kinds[name]


def kinds() -> list[Kind]:
    """All kinds of work, in the order they were entered."""
    return list(_kinds.values())


def register_sender(send: Callable[[Lane], None]) -> None:
    """Name what sends a message to a lane. The last one named counts."""
    _senders[:] = [send]


# --- asking for work ---


def enqueue(row: Work, *, rows: int = 1) -> None:
    """Have the row, or `rows` rows of its kind, done soon: once the current transaction has committed."""
    kind = _kinds[row.work_kind]
    operator_id = current_operator_id() if kind.is_owned else None
    transaction.on_commit(partial(_hurry, kind, operator_id, rows), robust=True)


def _hurry(kind: Kind, operator_id: int | None, rows: int) -> None:
    _mark(kind, operator_id)
    wake(kind.lane, times=rows)


def _mark(kind: Kind, operator_id: int | None) -> None:
    """Put the operator in the line of the kind's lane, if it does not stand there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_turn (operator_id, kind, lane, wanted_at) VALUES (%s, %s, %s, clock_timestamp())"
            " ON CONFLICT (operator_id, kind) DO UPDATE SET wanted_at = clock_timestamp(), lane = excluded.lane",
            [operator_id, kind.name, kind.lane.value],
        )


def wake(lane: Lane, *, times: int = 1) -> None:
    """Send messages to a lane's workers. One that cannot be sent is no loss: the sweep sends again."""
    for _ in range(min(times, MOST_MESSAGES)):
        for send in _senders:
            try:
                send(lane)
            except Exception as error:  # whatever the broker has, the row is kept
                log.warning("No message could be sent to lane %s (%s).", lane, type(error).__name__)
                return


# --- one row ---


def claim(kind: Kind, *, at: datetime, pk: int | None = None) -> Any:
    """Take the oldest row that may be taken, or the one named; None when there is none.

    A row whose workers have died too often is set aside on the way.
    """
    rows = kind.claimable(at).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    while True:
        row = (rows.filter(pk=pk) if pk else rows).first()
        if row is None:
            return None
        if row.attempts < TRIES:
            break
        _set_aside(row, row.error or WORKER_LOST, row.error_facts)
    row.state, row.claimed_at, row.leased_until = Work.State.RUNNING, at, at + kind.lease
    if not row.attempts:  # why it waited is over; why a try failed is told if no other one ends
        row.error, row.error_facts = "", {}
    row.attempts += 1
    told = {"error": row.error, "error_facts": row.error_facts}
    _write(row, state=row.state, claimed_at=at, leased_until=row.leased_until, attempts=row.attempts, **told)
    return row


def keep(row: Work, *, at: datetime, **progress: Any) -> None:
    """Say that the work goes on, and how far it is.

    Raises:
        LostClaim: another worker has taken it over.
    """
    _write_mine(row, leased_until=at + _kinds[row.work_kind].lease, **progress)


def finish(row: Work, **facts: Any) -> None:
    """End the row as done, or in the `state` that says how it ended.

    Raises:
        LostClaim: another worker has taken it over.
    """
    _write_mine(row, **{"state": Work.State.DONE, "leased_until": None, "error": "", "error_facts": {}, **facts})


def fail(row: Work, code: str, facts: dict[str, Any] | None = None, **more: Any) -> None:
    """End the row because it cannot be done as it is, whoever tries: no try will follow.

    code, facts: why; nothing about a person.

    Raises:
        LostClaim: another worker has taken it over.
    """
    _write_mine(row, state=Work.State.FAILED, leased_until=None, error=code, error_facts=facts or {}, **more)


def put_back(row: Work, *, until: datetime | None = None, why: str = "", facts: dict[str, Any] | None = None) -> None:
    """Let the row wait for the operator's next turn: a stretch of it is done, and there is more.

    until: it is left alone so long, as there is nothing to do before. why, facts: a code, where that is worth telling.

    Raises:
        LostClaim: another worker has taken it over.
    """
    _write_mine(row, state=Work.State.WAITING, leased_until=until, attempts=0, error=why, error_facts=facts or {})


@transaction.atomic
def try_again(row: Work, *, at: datetime) -> bool:
    """Let a row that was set aside be tried anew, from now on; return whether it was."""
    found = type(row)._default_manager.select_for_update(of=("self",)).filter(pk=row.pk).first()
    if found is None or found.state != Work.State.SET_ASIDE:
        return False
    try:
        with transaction.atomic():
            _write(found, state=Work.State.WAITING, leased_until=None, attempts=0, queued_at=at)
    except IntegrityError:
        return False  # the same has been asked for meanwhile, and waits
    audit.record(Event.WORK_TRIED_AGAIN, about=found, kind=found.work_kind, code=found.error)
    enqueue(found)
    return True


def _write(row: Work, **values: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)


def _write_mine(row: Work, **values: Any) -> None:
    """Write if the row is still the caller's."""
    mine = type(row)._default_manager.filter(pk=row.pk, state=Work.State.RUNNING, claimed_at=row.claimed_at)
    if not mine.update(**values):
        raise LostClaim(f"{row.work_kind} {row.pk}")
    for name, value in values.items():
        setattr(row, name, value)


def _set_aside(row: Work, code: str, facts: dict[str, Any]) -> None:
    _write(row, state=Work.State.SET_ASIDE, leased_until=None, error=code, error_facts=facts)
    log.error("%s %s was set aside: %s %s.", row.work_kind, row.pk, code, facts)
    if hasattr(row, "operator_id"):
        audit.record(Event.WORK_SET_ASIDE, about=row, kind=row.work_kind, code=code)


# --- a worker's turn ---


def take_turn(lane: Lane, *, clock: Callable[[], datetime], request_id: str = "") -> bool:
    """Work a stretch for the operator whose turn it is in this lane; return whether there was one.

    When more is wanted in the lane afterwards, another message is sent for it.
    """
    turn = _next_turn(lane)
    if turn is None:
        return False
    kind, operator_id, wanted_at = turn
    until = clock() + STRETCH
    with acting(task=kind.name, request_id=request_id):
        while do_next(kind, operator_id, clock=clock):
            if clock() >= until:
                break
        else:
            _nothing_left(kind, operator_id, wanted_at)
    if _is_wanted(lane):
        wake(lane)
    return True


def do_next(kind: Kind, operator_id: int | None, *, clock: Callable[[], datetime]) -> bool:
    """Claim one row of the operator and do it; return whether there was one. Never raises for what the work does."""
    with _scope(operator_id):
        row = claim(kind, at=clock())
        asked_by_id = row.asked_by_id if row else None
    if row is None:
        return False
    with acting_for(asked_by_id):
        _do(kind, operator_id, row, clock=clock)
    return True


def _do(kind: Kind, operator_id: int | None, row: Work, *, clock: Callable[[], datetime]) -> None:
    """Do a claimed row and end it one way or the other."""
    try:
        kind.do(operator_id, row, clock=clock)
        if row.state == Work.State.RUNNING:
            with _scope(operator_id):
                finish(row)
    except LostClaim:
        log.warning("%s %s was taken over by another worker.", kind.name, row.pk)
    except Exception as error:  # one row's failure stops no other
        _failed(kind, operator_id, row, error, at=clock())


def _failed(kind: Kind, operator_id: int | None, row: Work, error: Exception, *, at: datetime) -> None:
    """Note a failure: another try after a while, or set aside after too many."""
    code, facts = reason(error)
    report(f"{kind.name} {row.pk} failed, try {row.attempts}", error)
    with suppress(LostClaim), _scope(operator_id):
        delay = FIRST_DELAY * 2 ** (row.attempts - 1)
        _write_mine(row, state=Work.State.WAITING, leased_until=at + delay, error=code, error_facts=facts)
        if row.attempts >= TRIES:
            _set_aside(row, code, facts)


def is_of_the_machine(error: BaseException) -> bool:
    """Whether what failed is the machine and not what was worked on, so that leaving out a part would not help."""
    return isinstance(error, OperationalError | InterfaceError | OSError | MemoryError | LostClaim)


def reason(error: BaseException) -> tuple[str, dict[str, Any]]:
    """Return why something failed as a code and facts: of the house's own errors theirs, of others their kind.

    Never the exception's text, which may hold anything of the data at hand.
    """
    if isinstance(error, Refused):  # its facts may name a person
        return error.code[:60], {}
    if isinstance(error, Coded):
        return error.code[:60], error.facts
    state = getattr(error.__cause__ or error, "sqlstate", None)
    return "unexpected", {"error": type(error).__name__, **({"sqlstate": state} if state else {})}


def report(what: str, error: BaseException) -> None:
    """Log a failure with the places it came from, without its text."""
    code, facts = reason(error)
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    calls = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    log.error("%s: %s %s at %s", what, code, facts, calls)


# Whose turn it is: the operator that was served longest ago, and of its kinds the one that was.
_NEXT = """
UPDATE tenants_turn SET taken_at = clock_timestamp() WHERE id = (
    SELECT t.id FROM tenants_turn t
    WHERE t.lane = %(lane)s AND t.wanted_at IS NOT NULL AND t.kind = ANY(%(kinds)s)
      AND (t.operator_id IS NULL OR t.kind = ANY(%(restless)s)
           OR EXISTS (SELECT FROM tenants_operator o WHERE o.id = t.operator_id AND o.state = 'active'))
    ORDER BY (SELECT max(s.taken_at) FROM tenants_turn s
              WHERE s.lane = t.lane AND s.operator_id IS NOT DISTINCT FROM t.operator_id) NULLS FIRST,
             t.taken_at NULLS FIRST, t.id
    LIMIT 1 FOR UPDATE OF t
) RETURNING kind, operator_id, wanted_at
"""


def _next_turn(lane: Lane) -> tuple[Kind, int | None, datetime] | None:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, _of_lane(lane))
        found = cursor.fetchone()
    return (_kinds[found[0]], found[1], found[2]) if found else None


def _is_wanted(lane: Lane) -> bool:
    resting = ~Q(operator=None) & ~Q(operator__state=Operator.State.ACTIVE) & ~Q(kind__in=_restless())
    return Turn.objects.filter(lane=lane, wanted_at__isnull=False, kind__in=_kinds).exclude(resting).exists()


def _nothing_left(kind: Kind, operator_id: int | None, wanted_at: datetime) -> None:
    """Take the operator out of the line, unless it was put there again meanwhile."""
    Turn.objects.filter(operator=operator_id, kind=kind.name, wanted_at=wanted_at).update(wanted_at=None)


def _of_lane(lane: Lane) -> dict[str, Any]:
    return {"lane": lane.value, "kinds": list(_kinds), "restless": _restless()}


def _restless() -> list[str]:
    return [kind.name for kind in _kinds.values() if not kind.rests]


# --- the sweep ---


def sweep(*, at: datetime) -> None:
    """Find rows that nobody hurries: their message was lost, their worker died, their time has come."""
    each_operator(lambda operator_id: _look(operator_id, at), active=False)
    _look(None, at)
    for lane in Lane:
        if _is_wanted(lane) and not _is_awake(lane, at):
            wake(lane, times=MOST_MESSAGES)


def each_operator(work: Callable[[int], object], *, active: bool = True) -> None:
    """Do something for each operator, outside of any scope; what fails at one is logged and stops no other.

    active: only for those that may work; else also for suspended and closed ones.
    """
    operators = Operator.objects.order_by("pk")
    if active:
        operators = operators.filter(state=Operator.State.ACTIVE)
    for operator_id in operators.values_list("pk", flat=True):
        try:
            work(operator_id)
        except Exception as error:
            report(f"{getattr(work, '__qualname__', 'work')} at operator {operator_id} failed", error)


def _look(operator_id: int | None, at: datetime) -> None:
    active = operator_id is None or Operator.objects.filter(pk=operator_id, state=Operator.State.ACTIVE).exists()
    for kind in kinds():
        if kind.is_owned == (operator_id is not None) and (active or not kind.rests):
            try:
                _look_for(kind, operator_id, at)
            except Exception as error:
                report(f"Looking for {kind.name} at operator {operator_id} failed", error)


def _look_for(kind: Kind, operator_id: int | None, at: datetime) -> None:
    with acting(task=kind.name), _scope(operator_id):
        if kind.prepare is not None:
            kind.prepare(at)
        is_wanted = kind.claimable(at).exists()
    if is_wanted:
        _mark(kind, operator_id)


def _is_awake(lane: Lane, at: datetime) -> bool:
    """Whether messages are about, so that the sweep need not add to them: a turn was taken a moment ago."""
    return Turn.objects.filter(lane=lane, taken_at__gt=at - timedelta(seconds=20)).exists()


@contextmanager
def _scope(operator_id: int | None) -> Iterator[None]:
    """The operator's scope, or a plain transaction for work that belongs to none."""
    if operator_id is None:
        with transaction.atomic():
            yield
    else:
        with tenant_scope(operator_id):
            yield


# --- how it stands ---


@dataclass(frozen=True, slots=True)
class Standing:
    """How much work of one kind is set aside at one operator, and how much stands still although it could be done."""

    kind: str
    set_aside: int
    overdue: int


#: Work that could have been taken this long ago and was not stands still.
OVERDUE = timedelta(minutes=5)


def set_aside(asked: Iterable[Kind]) -> dict[str, int]:
    """How many rows of these kinds are set aside in the current scope, of kinds that have any. One query."""
    kinds_asked = tuple(asked)
    if not kinds_asked:
        return {}
    sql, parameters = _asking(kinds_asked, current_operator_id())
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {kind: count for kind, count in cursor.fetchall() if count}


@lru_cache(maxsize=1024)
def _asking(asked: tuple[Kind, ...], _operator_id: int) -> tuple[str, tuple[Any, ...]]:
    """What counts these kinds at the current operator: as the query of so many tables takes longer to say than to ask.

    Each of its parts names the operator.
    """
    query = _counts({kind: kind.rows().filter(state=Work.State.SET_ASIDE) for kind in asked}).query
    sql, parameters = query.sql_with_params()
    return sql, tuple(parameters)


def _counted(rows: "Mapping[Kind, QuerySet[Any]]") -> dict[str, int]:
    return {row["of_kind"]: row["count"] for row in _counts(rows) if row["count"]} if rows else {}


def _counts(rows: "Mapping[Kind, QuerySet[Any]]") -> "QuerySet[Any]":
    """By kind how many; of at least one kind."""
    counts = [
        some.order_by().annotate(of_kind=Value(kind.name)).values("of_kind").annotate(count=Count("pk"))
        for kind, some in rows.items()
    ]
    found: QuerySet[Any] = counts[0].union(*counts[1:], all=True)
    return found


def standing(*, at: datetime) -> list[Standing]:
    """How the current operator's work stands, the kinds with something amiss only."""
    owned = [kind for kind in kinds() if kind.is_owned]
    stopped = set_aside(owned)
    waiting = {kind: kind.rows().filter(OPEN).alias(ready_at=Coalesce("leased_until", "queued_at")) for kind in owned}
    overdue = _counted({kind: rows.filter(ready_at__lte=at - OVERDUE) for kind, rows in waiting.items()})
    return [
        Standing(kind.name, stopped.get(kind.name, 0), overdue.get(kind.name, 0))
        for kind in owned
        if kind.name in stopped or kind.name in overdue
    ]
