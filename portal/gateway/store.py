"""The connections to PostgreSQL: what arrives together is written in one transaction, and answered after its commit.

Most of what arrives is only to be kept: however much it is, it is one statement an operator, and one journey to the
database for all of it. What has to be looked up takes several journeys, which all acts of a transaction make together:
what each of them asks next goes out at once. That has a connection of its own, so that neither waits for the other. And
who would wait there for a row that another process changes waits on a third, alone: the reader may hold the rows of a
hundred charges for as long as it likes, and nobody else has to wait for it. On a fourth goes what must have the row of
a station's link or of a command: it may wait there for the reader, or for people, and the others of the fourth with it.
Somebody who holds a card to a reader waits for none of these: what is asked of cards has a fifth, and takes two
journeys, one to look and one to keep. Nor does what people ask of stations: that has a sixth, and each of its steps is
one statement, which is one journey, and does nothing where it would have to wait: then it is tried again, or goes on
the fourth.

A journey costs the same however much goes on it. So where several came together, what comes next is gathered for a
moment before it goes out: of what is only kept and of what charges do, not of what somebody waits for in person.

A piece of work belongs to one operator and runs in that operator's scope, which the second wall reads. While the
database is away work waits, and with it the stations: nothing is answered that is not kept. Work that the database
refuses fails alone: the others of its transaction are done again without it.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString, NamedTuple, Protocol

import psycopg
from psycopg.pq import TransactionStatus

log = logging.getLogger(__name__)

#: How many pieces of work wait at most, and how many are done in one transaction.
WAITING, TOGETHER = 5_000, 500
#: What is gathered waits so long.
GATHERED_S = 0.02
#: How long it waits before it tries the database again, at first and at most.
PATIENCE_S, LONGEST_PATIENCE_S = 0.2, 5.0
#: The reader is told at once, and then not oftener: transactions that tell something are committed one by one.
TOLD_S = 0.2
_BEGIN, _TELL = "BEGIN", "NOTIFY stations"
_SCOPE = "SELECT set_config('app.operator_id', %s, true)"
_UNPRIVILEGED = """
    SELECT NOT EXISTS (SELECT 1 FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER')
        AND (r.rolsuper OR r.rolbypassrls))
    AND NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public'
        AND pg_has_role(current_user, tableowner, 'MEMBER'))
"""


class PrivilegedRole(RuntimeError):
    """The process would run with a database role that can look past the walls."""


class Kept(Protocol):
    """How rows of one operator are kept: a statement, what it is given, and which of them are kept by what it says."""

    statement: LiteralString

    def given(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return the parameters of the statement."""

    def are_kept(self, rows: Sequence[Any], said: Sequence[Any]) -> list[bool]:
        """Tell of each row whether it is kept. said: what the statement returned."""


class Cursor:
    """What one act asks the database, as of a cursor of psycopg: it is answered when the others have asked, too."""

    def __init__(self, journeys: "_Journeys") -> None:
        self._journeys, self.rowcount = journeys, -1
        self._rows: list[Any] = []

    async def execute(self, statement: LiteralString, given: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        """Have it done; then `rowcount` tells how many rows it was about."""
        self.rowcount, self._rows = await self._journeys.ask(statement, given)

    async def keep(self, row: Any) -> bool:
        """Keep a row; return whether it is kept."""
        return await self._journeys.keep(row)

    async def fetchone(self) -> Any:
        """Return the next row that was found, None after the last."""
        return self._rows.pop(0) if self._rows else None

    async def fetchall(self) -> list[Any]:
        """Return the rows that were found."""
        rows, self._rows = self._rows, []
        return rows


#: Asks nothing but its cursor, and waits for nothing else.
Act = Callable[[Cursor], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True)
class Later:
    """What an act returns that has done nothing, as it would have had to wait for a row. act: done instead, alone."""

    act: Act


class Step(NamedTuple):
    """One statement, which is a whole transaction, and what it is given."""

    statement: LiteralString
    given: Mapping[str, Any]


class Look(NamedTuple):
    """What is looked up by one statement that finds one row, and the row to keep that is made of it; None for none."""

    step: Step
    made: Callable[[Any], Any]


@dataclass(slots=True)
class Work:
    """Something to do in an operator's scope; `done` gets what it returns. Operator 0: in nobody's.

    What is only to be kept is a row instead of an act; then `done` gets whether it was. A `Step` stands as a row, too;
    then `done` gets what it found. look: its row is made of what is found; `done` gets both. is_told: the reader of
    stations is told that there is something to read.
    """

    operator_id: int
    act: Act | None = None
    is_told: bool = False
    row: Any = None
    look: Look | None = None
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Store:
    """Keeps rows and does acts, many in each transaction, as they come."""

    def __init__(self, address: str, kept: Kept) -> None:
        self._has_news = asyncio.Event()
        self._rows = _Rows(address, self._has_news, kept)
        self._alone = _Lane(address, self._has_news, kept, together=1)
        self._acts = _Acts(address, self._has_news, kept, self._alone)
        self._patient = _Lane(address, self._has_news, kept)
        self._asked = _Asked(address, self._has_news, kept)
        self._steps = _Steps(address, self._has_news, kept)

    async def do(self, operator_id: int, act: Act, *, is_told: bool = False, may_wait: bool = False) -> Any:
        """Return what the act returned, once it is committed. Raises `psycopg.Error` when the database refuses it.

        An act that returns `Later` has another one done, in a transaction of its own. may_wait: for a row that another
        process holds, among others that may.
        """
        work = Work(operator_id, act, is_told)
        await (self._patient if may_wait else self._acts).take(work)
        return await work.done

    async def keep(self, operator_id: int, row: Any) -> bool:
        """Return whether the row is kept, once it is committed. Raises as `do`."""
        work = Work(operator_id, is_told=True, row=row)
        await self._rows.take(work)
        return bool(await work.done)

    async def look_and_keep(self, operator_id: int, look: Look) -> tuple[Any, bool]:
        """Return the row that was made of what was found, once it is committed, and whether it was kept.

        look: changes nothing in the database. Raises as `do`.
        """
        work = Work(operator_id, is_told=True, look=look)
        await self._asked.take(work)
        row, is_kept = await work.done
        return row, bool(is_kept)

    async def step(self, operator_id: int, step: Step, *, is_told: bool = False) -> list[Any]:
        """Return what the statement found, once it is committed, beside no act of another. Raises as `do`."""
        work = Work(operator_id, is_told=is_told, row=step)
        await self._steps.take(work)
        found: list[Any] = await work.done
        return found

    async def run(self) -> None:
        """Do what comes, until cancelled."""
        await self._refuse_privileges()
        async with asyncio.TaskGroup() as running:
            running.create_task(self._rows.run())
            running.create_task(self._acts.run())
            running.create_task(self._alone.run())
            running.create_task(self._patient.run())
            running.create_task(self._asked.run())
            running.create_task(self._steps.run())
            running.create_task(self._tell())

    async def _refuse_privileges(self) -> None:
        async def ask(cursor: Cursor) -> bool:
            await cursor.execute(_UNPRIVILEGED)
            (is_fit,) = await cursor.fetchone() or (False,)
            return bool(is_fit)

        first = Work(0, ask)
        await self._acts.do_together([first])
        if not await first.done:
            raise PrivilegedRole("DATABASE_GATEWAY_URL names a role that can look past row security.")

    async def _tell(self) -> None:
        """Tell the reader, now and then, that there is something to read."""

        async def tell(cursor: Cursor) -> None:
            await cursor.execute(_TELL)

        while True:
            await self._has_news.wait()
            self._has_news.clear()
            await self.do(0, tell)
            await asyncio.sleep(TOLD_S)


class _Journeys:
    """Those of the acts of one transaction: what they ask next goes out together, as soon as each has asked."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], kept: Kept, operator_id: int) -> None:
        self._connection, self._kept, self._acting = connection, kept, 0
        self._operator_id = operator_id
        # On the first journey the transaction begins, unless it has, and is the operator's before all else is asked.
        loop = asyncio.get_running_loop()
        self._asked: list[tuple[asyncio.Future[tuple[int, list[Any]]], LiteralString, Any]] = [
            (loop.create_future(), statement, given)
            for statement, given in ((_BEGIN, ()), (_SCOPE, [str(operator_id)]))
            if statement != _BEGIN or connection.info.transaction_status == TransactionStatus.IDLE
        ]
        self._rows: list[tuple[asyncio.Future[bool], Any]] = []
        self._have_all_asked = asyncio.Event()

    async def do(self, acts: Iterable[Act]) -> list[Any]:
        """Return what each returned. Raises what one of them, or the database, raises: then all is to be undone."""
        tasks = [asyncio.create_task(act(Cursor(self))) for act in acts]
        self._acting = len(tasks)
        for task in tasks:
            task.add_done_callback(self._is_done)
        try:
            while self._acting:
                await self._have_all_asked.wait()
                self._have_all_asked.clear()
                await self._travel()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [task.result() for task in tasks]

    def _is_done(self, _: asyncio.Task[Any]) -> None:
        self._acting -= 1
        self._look()

    def _look(self) -> None:
        if len(self._asked) + len(self._rows) >= self._acting:
            self._have_all_asked.set()

    async def ask(self, statement: LiteralString, given: Any) -> tuple[int, list[Any]]:
        """Return how many rows it was about, and those that were found."""
        answered: asyncio.Future[tuple[int, list[Any]]] = asyncio.get_running_loop().create_future()
        self._asked.append((answered, statement, given))
        self._look()
        return await answered

    async def keep(self, row: Any) -> bool:
        """Return whether it is kept."""
        answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._rows.append((answered, row))
        self._look()
        return await answered

    async def _travel(self) -> None:
        asked, self._asked = self._asked, []
        rows, self._rows = self._rows, []
        if len(asked) == 1:
            ((answered, statement, given),) = asked
            answered.set_result(await _found(await self._connection.execute(statement, given)))
        elif asked:
            # Several statements in one text, which PostgreSQL takes without parameters alone: psycopg writes them in.
            writer = psycopg.AsyncClientCursor(self._connection)
            await writer.execute(";".join(writer.mogrify(statement, given) for _, statement, given in asked).encode())
            for answered, _, _ in asked:
                answered.set_result(await _found(writer))
                writer.nextset()
        if rows:
            kept = [row for _, row in rows]
            cursor = await self._connection.execute(self._kept.statement, self._kept.given(kept))
            for (told, _), is_kept in zip(rows, self._kept.are_kept(kept, await cursor.fetchall()), strict=True):
                told.set_result(is_kept)


async def _found(cursor: psycopg.AsyncCursor[Any]) -> tuple[int, list[Any]]:
    return cursor.rowcount, await cursor.fetchall() if cursor.description else []


_Cursors = tuple[list[Work], psycopg.AsyncCursor[Any]]
_Ask = Callable[[psycopg.AsyncConnection[Any], list[Work]], Coroutine[Any, Any, list[_Cursors]]]


class _Lane:
    """One connection, on which acts are done: so many in one transaction at most, one transaction after the other."""

    gathers = False

    def __init__(self, address: str, has_news: asyncio.Event, kept: Kept, together: int = TOGETHER) -> None:
        self._address, self._has_news, self._kept, self._together = address, has_news, kept, together
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._waiting: asyncio.Queue[Work] = asyncio.Queue(WAITING)

    async def take(self, work: Work) -> None:
        """Do it when its turn comes."""
        await self._waiting.put(work)

    async def run(self) -> None:
        """Do what comes, until cancelled."""
        several = False
        while True:
            together = [await self._waiting.get()]
            if self.gathers and several:
                await asyncio.sleep(GATHERED_S)
            while len(together) < self._together and not self._waiting.empty():
                together.append(self._waiting.get_nowait())
            several = len(together) > 1
            await self.do_together(together)

    async def do_together(self, together: list[Work]) -> None:
        """Do the work in one transaction; again when the database was away, each alone when it refuses any of it."""
        patience_s = PATIENCE_S
        while True:
            try:
                results = await self._transact(await self._connected(), together)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                log.warning("PostgreSQL does not answer (%s); %d wait", type(error).__name__, self._waiting.qsize())
                await self._drop()
                await asyncio.sleep(patience_s)
                patience_s = min(2 * patience_s, LONGEST_PATIENCE_S)
            except Exception as error:  # whatever one piece of work raises must not stop the others
                return await self._do_alone(together, error)
            else:
                if any(work.is_told for work in together):
                    self._has_news.set()
                for work, result in zip(together, results, strict=True):
                    await self._settle(work, result)
                return None

    async def _do_alone(self, together: list[Work], error: Exception) -> None:
        if len(together) > 1:
            for work in together:
                await self.do_together([work])
        elif not together[0].done.cancelled():
            log.error("A message could not be kept: %s", type(error).__name__)
            together[0].done.set_exception(error)

    async def _transact(self, connection: psycopg.AsyncConnection[Any], together: list[Work]) -> list[Any]:
        """Do all of the work in one transaction, and return what became of each piece."""
        results: dict[int, Any] = {}
        try:
            for operator_id, works in _by_operator(together).items():
                journeys = _Journeys(connection, self._kept, operator_id)
                found = await journeys.do(work.act for work in works if work.act)
                results |= {id(work): result for work, result in zip(works, found, strict=True)}
            await connection.commit()
        except BaseException:
            await connection.rollback()
            raise
        return [results[id(work)] for work in together]

    async def _settle(self, work: Work, result: Any) -> None:
        if not work.done.done():  # whoever asked may have gone
            work.done.set_result(result)

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(self._address, autocommit=True, connect_timeout=5)
        return self._connection

    async def _drop(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        self._connection = None


class _Acts(_Lane):
    """Acts that wait for nobody: one that would goes to another lane."""

    gathers = True

    def __init__(self, address: str, has_news: asyncio.Event, kept: Kept, alone: _Lane) -> None:
        super().__init__(address, has_news, kept)
        self._alone = alone

    async def _settle(self, work: Work, result: Any) -> None:
        if isinstance(result, Later):
            work.act = result.act
            await self._alone.take(work)
        else:
            await super()._settle(work, result)


class _Sent(_Lane):
    """Statements instead of acts: all go out in one journey, which is one transaction without being told so."""

    async def _send(self, connection: psycopg.AsyncConnection[Any], together: list[Work], ask: _Ask) -> list[_Cursors]:
        """Return what was asked for which of the works. ask: for works of one operator."""
        asked: list[_Cursors] = []
        async with connection.pipeline():
            try:
                for operator_id, works in _by_operator(together).items():
                    await connection.execute(_SCOPE, [str(operator_id)])
                    asked.extend(await ask(connection, works))
            except BaseException:
                await self._drop()  # the end of the pipeline would commit what went out before
                raise
        return asked

    async def _rows_at_once(self, connection: psycopg.AsyncConnection[Any], works: list[Work]) -> list[_Cursors]:
        given = self._kept.given([work.row for work in works])
        return [(works, await connection.execute(self._kept.statement, given))]

    async def _each(self, connection: psycopg.AsyncConnection[Any], works: list[Work]) -> list[_Cursors]:
        steps = [(work, work.look.step if work.look else work.row) for work in works]
        return [([work], await connection.execute(step.statement, step.given)) for work, step in steps]


class _Rows(_Sent):
    """Rows that are only to be kept: one statement an operator."""

    gathers = True

    async def _transact(self, connection: psycopg.AsyncConnection[Any], together: list[Work]) -> list[Any]:
        return await self._keep(connection, together)

    async def _keep(self, connection: psycopg.AsyncConnection[Any], together: list[Work]) -> list[bool]:
        asked = await self._send(connection, together, self._rows_at_once)
        results: dict[int, bool] = {}
        for works, cursor in asked:
            found = self._kept.are_kept([work.row for work in works], await cursor.fetchall())
            results |= {id(work): is_kept for work, is_kept in zip(works, found, strict=True)}
        return [results[id(work)] for work in together]


class _Steps(_Sent):
    """Steps: a statement each, and those that came together in one transaction, of which none gives another's back."""

    async def _transact(self, connection: psycopg.AsyncConnection[Any], together: list[Work]) -> list[Any]:
        asked = await self._send(connection, together, self._each)
        found = {id(work): await cursor.fetchall() for (work,), cursor in asked}
        return [found[id(work)] for work in together]


class _Asked(_Rows):
    """What is asked of cards: the looks of all make a journey, then all that is kept makes one.

    Until that is committed nothing has been done, so that all of it can be done again.
    """

    gathers = False

    async def _transact(self, connection: psycopg.AsyncConnection[Any], together: list[Work]) -> list[Any]:
        for (work,), cursor in await self._send(connection, together, self._each):
            work.row = work.look.made(await cursor.fetchone()) if work.look else None
        made = [work for work in together if work.row is not None]
        kept = {id(work): is_kept for work, is_kept in zip(made, await self._keep(connection, made), strict=True)}
        return [(work.row, kept.get(id(work), False)) for work in together]


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)  # noqa: TID251  # Django's needs its settings, which this process has not


def _by_operator(together: Sequence[Work]) -> dict[int, list[Work]]:
    """In the order of arrival."""
    found: dict[int, list[Work]] = {}
    for work in together:
        found.setdefault(work.operator_id, []).append(work)
    return found
