"""One connection to PostgreSQL: what arrives together is written in one transaction, and answered after its commit.

Most of what arrives is only to be kept: that of one operator is one statement, however much it is.

A piece of work belongs to one operator and runs in that operator's scope, which the second wall reads. While the
database is away work waits, and with it the stations: nothing is answered that is not kept. Work that the database
refuses fails alone: the others of its transaction are done again without it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

log = logging.getLogger(__name__)

Cursor = psycopg.AsyncCursor[Any]
Act = Callable[[Cursor], Awaitable[Any]]
#: Keeps rows of one operator, and tells of each whether it is kept.
Keep = Callable[[Cursor, Sequence[Any]], Awaitable[list[bool]]]
#: How many pieces of work wait at most, and how many are done in one transaction.
WAITING, TOGETHER = 5_000, 500
#: How long it waits before it tries the database again, at first and at most.
PATIENCE_S, LONGEST_PATIENCE_S = 0.2, 5.0
_TELL = "NOTIFY stations"
_SCOPE = "SELECT set_config('app.operator_id', %s, true)"
_UNPRIVILEGED = """
    SELECT NOT EXISTS (SELECT 1 FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER')
        AND (r.rolsuper OR r.rolbypassrls))
    AND NOT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = 'public'
        AND pg_has_role(current_user, tableowner, 'MEMBER'))
"""


class PrivilegedRole(RuntimeError):
    """The process would run with a database role that can look past the walls."""


@dataclass(slots=True)
class Work:
    """Something to do in an operator's scope; `done` gets what it returns. Operator 0: in nobody's.

    is_told: the reader of stations is told that there is something to read. row: what is only to be kept, instead of
    an act: `done` gets whether it was.
    """

    operator_id: int
    act: Act | None = None
    is_told: bool = False
    row: Any = None
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Store:
    """Does work one transaction after the other, many pieces in each."""

    def __init__(self, address: str, keep: Keep) -> None:
        self._address, self._keep = address, keep
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._waiting: asyncio.Queue[Work] = asyncio.Queue(WAITING)

    async def do(self, operator_id: int, act: Act, *, is_told: bool = False) -> Any:
        """Return what the act returned, once it is committed. Raises `psycopg.Error` when the database refuses it."""
        work = Work(operator_id, act, is_told)
        await self._waiting.put(work)
        return await work.done

    async def keep(self, operator_id: int, row: Any) -> bool:
        """Return whether the row is kept, once it is committed. Raises as `do`."""
        work = Work(operator_id, is_told=True, row=row)
        await self._waiting.put(work)
        return bool(await work.done)

    async def run(self) -> None:
        """Do what comes, until cancelled."""
        await self._refuse_privileges()
        while True:
            await self._do_together(await self._next())

    async def _refuse_privileges(self) -> None:
        async def ask(cursor: Cursor) -> bool:
            await cursor.execute(_UNPRIVILEGED)
            (is_fit,) = await cursor.fetchone() or (False,)
            return bool(is_fit)

        first = Work(0, ask)
        await self._do_together([first])
        if not await first.done:
            raise PrivilegedRole("DATABASE_GATEWAY_URL names a role that can look past row security.")

    async def _next(self) -> list[Work]:
        together = [await self._waiting.get()]
        while len(together) < TOGETHER and not self._waiting.empty():
            together.append(self._waiting.get_nowait())
        return together

    async def _do_together(self, together: list[Work]) -> None:
        patience_s = PATIENCE_S
        while True:
            try:
                results = await self._transact(together)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                log.warning("PostgreSQL does not answer (%s); %d wait", type(error).__name__, self._waiting.qsize())
                await self._drop()
                await asyncio.sleep(patience_s)
                patience_s = min(2 * patience_s, LONGEST_PATIENCE_S)
            except Exception as error:  # whatever one piece of work raises must not stop the others
                return await self._do_alone(together, error)
            else:
                for work, result in zip(together, results, strict=True):
                    _settle(work, result)
                return None

    async def _do_alone(self, together: list[Work], error: Exception) -> None:
        if len(together) > 1:
            for work in together:
                await self._do_together([work])
        elif not together[0].done.cancelled():
            log.error("A message could not be kept: %s", type(error).__name__)
            together[0].done.set_exception(error)

    async def _transact(self, together: list[Work]) -> list[Any]:
        connection = await self._connected()
        results: dict[int, Any] = {}
        async with connection.transaction(), connection.cursor() as cursor:
            for operator_id, works in _by_operator(together).items():
                await cursor.execute(_SCOPE, [str(operator_id)])
                kept = [work for work in works if work.act is None]
                if kept:
                    found = await self._keep(cursor, [work.row for work in kept])
                    results |= {id(work): is_kept for work, is_kept in zip(kept, found, strict=True)}
                for work in works:
                    if work.act is not None:
                        results[id(work)] = await work.act(cursor)
            if any(work.is_told for work in together):
                await cursor.execute(_TELL)
        return [results[id(work)] for work in together]

    async def _connected(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(self._address, autocommit=True, connect_timeout=5)
        return self._connection

    async def _drop(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        self._connection = None


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)  # noqa: TID251  # Django's needs its settings, which this process has not


def _by_operator(together: Sequence[Work]) -> dict[int, list[Work]]:
    """In the order of arrival.

    Of one connection there is one message among them at most, and a question that has its answer already: so it does
    not matter that rows are kept before acts are done.
    """
    found: dict[int, list[Work]] = {}
    for work in together:
        found.setdefault(work.operator_id, []).append(work)
    return found


def _settle(work: Work, result: Any) -> None:
    if not work.done.done():  # whoever asked may have gone
        work.done.set_result(result)
