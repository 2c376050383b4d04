"""What people ask of stations: taken from the rows that wait, sent one after the other, and what became of it noted.

A row is taken and noted as sent by one statement, and sent after its commit: killed before that, it waits again; killed
after it, nobody knows whether it arrived (`door`). A station is asked one thing at a time, since many lose their place
otherwise. Neither what is taken nor what is answered shares a transaction with anything else that stations say, but for
an answer whose command somebody else has at that moment: it is kept where it may wait.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from charging.domain import card_numbers
from charging.domain.ocpp import commands, frames, keeping, secrecy, unasked, v201
from charging.domain.ocpp.admission import Boot
from charging.domain.ocpp.commands import Kind, State
from charging.domain.ocpp.frames import Answer
from portal.gateway.cards import card_keys
from portal.gateway.door import PROTOCOLS, Guest
from portal.gateway.listening import heard_on
from portal.gateway.store import Cursor, Step, Store, now

#: A station is asked nothing before it has booted, or has been connected for so long: some break otherwise.
BOOT_S = 60
#: So many questions in a row without an answer, and the connection is only half alive: it is ended.
MOST_UNANSWERED = 3
#: A notification that is lost costs so long.
LOOK_S = 2.0
#: Somebody changes the station's row at this moment: it is looked at again after so long, then after twice as long up
#: to a bound, and nobody else waits.
BUSY_S, LONGEST_BUSY_S = 0.02, 0.5
_NO_CARDS: dict[str, str] = {}
#: The next thing that waits, noted as sent by the connection that holds, whose row is locked first: a newer connection
#: waits for it and then finds that it was sent, or this one finds that it holds no more. One that somebody else has
#: locked is not waited for, as others would wait too; then it `is_busy`.
_TAKE: LiteralString = """
    WITH held AS MATERIALIZED (
        SELECT boot FROM charging_stationlink WHERE station_id = %(station)s AND epoch = %(epoch)s
        FOR SHARE SKIP LOCKED
    ), due AS MATERIALIZED (
        SELECT waiting.id, waiting.hidden FROM held CROSS JOIN LATERAL (
            SELECT id, hidden FROM charging_stationcommand
            WHERE station_id = %(station)s AND state = 'queued' AND not_after > %(at)s
                AND (held.boot = %(accepted)s OR (held.boot <> %(rejected)s AND kind <> ALL(%(charging)s)))
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
        ) AS waiting
    ), taken AS (
        UPDATE charging_stationcommand AS command
        SET state = 'sent', epoch = %(epoch)s, claimed_at = %(at)s, sent_at = %(at)s, hidden = NULL
        FROM due WHERE command.id = due.id
        RETURNING command.id, public_id, kind, wanted, value, due.hidden, id_tag, coalesce((
            SELECT c.said FROM charging_stationcharge c
            WHERE c.station_id = %(station)s AND c.number = (wanted ->> 'number')::int), '')
    )
    SELECT NOT EXISTS (SELECT FROM held) AND EXISTS (
            SELECT FROM charging_stationlink WHERE station_id = %(station)s AND epoch = %(epoch)s) AS is_busy, taken.*
    FROM (SELECT 1) AS asked LEFT JOIN taken ON true
"""
_NOT_ANSWERED = """
    UPDATE charging_stationcommand SET state = 'timed_out', done_at = %(at)s
    WHERE id = %(id)s AND epoch = %(epoch)s AND state = 'sent'
    RETURNING id
"""
#: What is hidden in it was sealed for another process, or for this one before it was started again; or its card with a
#: key that this process was not given.
_NOT_OPENED = """
    UPDATE charging_stationcommand SET state = 'expired', sent_at = NULL, done_at = %(at)s
    WHERE id = %(id)s AND epoch = %(epoch)s AND state = 'sent'
    RETURNING id
"""
_KIND = "SELECT id, kind FROM charging_stationcommand WHERE public_id = %s AND station_id = %s AND state = ANY(%s)"
_ANSWERED = "UPDATE charging_stationcommand SET state = %s, status = %s, answer = %s, done_at = %s WHERE id = %s"
_WAITING = """
    SELECT DISTINCT station_id FROM charging_stationcommand
    WHERE state = 'queued' AND station_id = ANY(%(stations)s) AND not_after > %(at)s
"""


class Line:
    """One connection, and what is asked over it. While nothing waits it is nothing but these few fields."""

    def __init__(self, store: Store, guest: Guest, connection: ServerConnection, key: secrecy.Key) -> None:
        self.guest, self.connection, self._key = guest, connection, key
        #: Cards that were let in when nobody could be asked: as what kind, and until when.
        self._let_in: dict[str, tuple[str, float]] = {}
        #: How many frames were answered and are not kept yet.
        self.unkept = 0
        #: What its station was told as it started; one that has not is known.
        self.boot: str = Boot.ACCEPTED
        self._store, self._since = store, time.monotonic()
        self._is_up, self._has_more, self._unanswered, self._busy_s = asyncio.Event(), False, 0, BUSY_S
        self._talk: asyncio.Task[None] | None = None
        self._asked: tuple[str, Kind, asyncio.Future[None]] | None = None

    def let_in(self, tag: str, kind: str) -> None:
        """The card was let in when nobody could be asked."""
        self._let_in[card_numbers.spelled(tag)] = kind, time.monotonic() + unasked.HOLDS_S

    @property
    def unasked(self) -> dict[str, str]:
        """The cards that were let in so lately, as what kind."""
        if not self._let_in:
            return _NO_CARDS
        now_s = time.monotonic()
        self._let_in = {tag: (kind, until) for tag, (kind, until) in self._let_in.items() if until > now_s}
        return {tag: kind for tag, (kind, _) in self._let_in.items()}

    def is_up(self) -> None:
        """The station has booted: it can be asked."""
        self._is_up.set()

    def look(self) -> None:
        """Something may wait for the station."""
        self._has_more = True
        if self._talk is None or self._talk.done():
            self._talk = asyncio.create_task(self._ask_all())

    def asks(self, answer: Answer) -> Kind | None:
        """Return what it was asked that it answers now; None for what was given up, or nobody asked."""
        if self._asked and self._asked[0] == answer.message_id and not self._asked[2].done():
            return self._asked[1]
        return None

    def heard(self, answer: Answer) -> None:
        """An answer came, and is kept. One to a question that was given up, or that nobody asked, changes nothing."""
        if self._asked and self.asks(answer) is not None:
            self._asked[2].set_result(None)

    def end(self) -> None:
        """The connection is over."""
        if self._talk is not None:
            self._talk.cancel()

    async def _ask_all(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._boot_left_s()):
                await self._is_up.wait()
        with contextlib.suppress(ConnectionClosed, psycopg.Error):  # given back as the connection ends, or looked for
            while self._has_more:
                self._has_more = False
                while await self._ask_next():
                    pass

    def _boot_left_s(self) -> float:
        return max(0.0, BOOT_S - (time.monotonic() - self._since))

    async def _ask_next(self) -> bool:
        """Ask the next thing that waits and wait for the answer; False when nothing waits."""
        at = now()
        ((is_busy, row, *taken),) = await self._store.step(self.guest.operator_id, Step(_TAKE, self._facts(at)))
        if is_busy:
            await asyncio.sleep(self._busy_s)
            self._busy_s = min(2 * self._busy_s, LONGEST_BUSY_S)
            return True
        self._busy_s = BUSY_S
        if row is None:
            return False
        if (frame := self._frame(*taken)) is None:
            await self._note(_NOT_OPENED, row)
            return True
        public_id, kind, *_ = taken
        answered = asyncio.get_running_loop().create_future()
        self._asked = str(public_id), Kind(kind), answered
        await self.connection.send(frame)
        try:
            async with asyncio.timeout(commands.ANSWER_S):
                await answered
        except TimeoutError:
            await self._note(_NOT_ANSWERED, row)
            self._unanswered += 1
        else:
            self._unanswered = 0
        if self._unanswered >= MOST_UNANSWERED:
            await self.connection.close(1001, "Nothing that was asked was answered.")
        return True

    def _facts(self, at: datetime) -> dict[str, Any]:
        facts = {"station": self.guest.station_id, "epoch": self.guest.epoch, "at": at}
        charging = [str(kind) for kind in commands.CHARGING]
        return facts | {"accepted": str(Boot.ACCEPTED), "rejected": str(Boot.REJECTED), "charging": charging}

    def _frame(self, public_id: UUID, *taken: Any) -> str | None:
        """Return what is sent; None where what belongs to it cannot be read."""
        kind, wanted, value, hidden, box, name = taken
        try:
            if kind == Kind.CHANGE_SETTING:
                wanted["value"] = keeping.unseal(bytes(value), keeping.SET_TO, self.guest.operator_id, card_keys())
            wanted |= self._key.open(bytes(hidden)) if hidden else {}
            id_tag = keeping.unseal(bytes(box), keeping.ASKED_WITH, self.guest.operator_id, card_keys())
        except (secrecy.Unreadable, keeping.Unreadable):
            return None
        request = PROTOCOLS[self.guest.protocol].request(Kind(kind), wanted, id_tag, v201.name_in(name))
        return frames.call(str(public_id), *request)

    async def _note(self, statement: LiteralString, row: int) -> None:
        given = {"id": row, "epoch": self.guest.epoch, "at": now()}

        async def note(cursor: Cursor) -> None:
            await cursor.execute(statement, given)

        await self._store.do(self.guest.operator_id, note, may_wait=True)  # as people and the reader may have the row


async def keep_answer(cursor: Cursor, guest: Guest, answer: Answer, sealed: bytes, at: datetime) -> str:
    """Keep what the station answered; return the name of the message it answers, empty when nobody asked it.

    sealed: the answer as it is kept.
    """
    try:
        public_id = UUID(answer.message_id)
    except ValueError:
        return ""
    await cursor.execute(_KIND, [public_id, guest.station_id, [str(state) for state in commands.UNANSWERED]])
    found = await cursor.fetchone()
    if found is None:
        return ""
    row, kind = found[0], Kind(found[1])
    state, status = became(guest, kind, answer)
    await cursor.execute(_ANSWERED, [str(state), status, sealed, at, row])
    return str(PROTOCOLS[guest.protocol].MESSAGES[kind])


def became(guest: Guest, kind: Kind, answer: Answer) -> tuple[State, str]:
    """Return what the answer makes of a command of that kind, and the station's word for it."""
    spoken = PROTOCOLS[guest.protocol]
    is_granted, status = (False, answer.error) if answer.payload is None else spoken.granted(kind, answer.payload)
    return State.ANSWERED if is_granted else State.REFUSED, status


class Bell:
    """Listens for what people ask, on a connection of its own, and looks now and then whether a call was missed.

    rung: told the number of a station for which something waits. here: who is connected now.
    """

    def __init__(
        self, address: str, store: Store, rung: Callable[[int], None], here: Callable[[], Iterable[Guest]]
    ) -> None:
        self._address, self._store, self._rung, self._here = address, store, rung, here

    async def run(self) -> None:
        """Listen, and look, until cancelled."""
        async with asyncio.TaskGroup() as running:
            running.create_task(self._listen())
            running.create_task(self._look_now_and_then())

    async def _listen(self) -> None:
        async for _, station in heard_on(self._address, "commands"):
            if station:
                self._rung(station)

    async def _look_now_and_then(self) -> None:
        while True:
            with contextlib.suppress(psycopg.Error):
                await self._look()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        of_operators: dict[int, list[int]] = {}
        for guest in self._here():
            of_operators.setdefault(guest.operator_id, []).append(guest.station_id)
        for operator_id, stations in of_operators.items():
            look = Step(_WAITING, {"stations": stations, "at": now()})
            for (station,) in await self._store.step(operator_id, look):
                self._rung(int(station))
