"""What people ask of stations: taken from the rows that wait, sent one after the other, and what became of it noted.

A row is taken and noted as sent in one transaction, and sent after it: killed before its commit, it waits again; killed
after it, nobody knows whether it arrived (`door`). A station is asked one thing at a time, since
many lose their place otherwise.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
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
from portal.gateway.store import Cursor, Store, now
from portal.gateway.unasked import Unasked

log = logging.getLogger(__name__)

#: A station is asked nothing before it has booted, or has been connected for so long: some break otherwise.
BOOT_S = 60
#: So many questions in a row without an answer, and the connection is only half alive: it is ended.
MOST_UNANSWERED = 3
#: A notification that is lost costs so long.
LOOK_S = 2.0
#: It was taken, and what is hidden in it cannot be read.
_UNREADABLE = object()
_NO_CARDS: dict[str, str] = {}
_HOLDS = "SELECT boot FROM charging_stationlink WHERE station_id = %s AND epoch = %s FOR SHARE"
_TAKE = """
    UPDATE charging_stationcommand SET state = 'claimed', epoch = %(epoch)s, claimed_at = %(at)s
    WHERE id = (
        SELECT id FROM charging_stationcommand
        WHERE station_id = %(station)s AND state = 'queued' AND not_after > %(at)s AND kind <> ALL(%(never)s)
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, public_id, kind, wanted, value, hidden, id_tag, coalesce((
        SELECT c.said FROM charging_stationcharge c
        WHERE c.station_id = %(station)s AND c.number = (wanted ->> 'number')::int), '')
"""
_SENT = """
    UPDATE charging_stationcommand SET state = 'sent', sent_at = %(at)s, hidden = NULL
    WHERE id = %(id)s AND epoch = %(epoch)s AND state = 'claimed' RETURNING id
"""
_NOT_ANSWERED = """
    UPDATE charging_stationcommand SET state = 'timed_out', done_at = %(at)s
    WHERE id = %(id)s AND epoch = %(epoch)s AND state = 'sent'
"""
#: What is hidden in it was sealed for another process, or for this one before it was started again; or its card with a
#: key that this process was not given.
_NOT_OPENED = """
    UPDATE charging_stationcommand SET state = 'expired', hidden = NULL, done_at = %(at)s
    WHERE id = %(id)s AND epoch = %(epoch)s AND state = 'claimed'
"""
_KIND = "SELECT id, kind FROM charging_stationcommand WHERE public_id = %s AND station_id = %s AND state = ANY(%s)"
_ANSWERED = "UPDATE charging_stationcommand SET state = %s, status = %s, answer = %s, done_at = %s WHERE id = %s"
_WAITING = """
    SELECT DISTINCT station_id FROM charging_stationcommand
    WHERE state = 'queued' AND station_id = ANY(%s) AND not_after > %s
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
        self._is_up, self._has_more, self._unanswered = asyncio.Event(), False, 0
        self._talk: asyncio.Task[None] | None = None
        self._asked: tuple[str, asyncio.Future[None]] | None = None

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

    def heard(self, answer: Answer) -> None:
        """An answer came, and is kept. One to a question that was given up, or that nobody asked, changes nothing."""
        if self._asked and self._asked[0] == answer.message_id and not self._asked[1].done():
            self._asked[1].set_result(None)

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
        taken = await self._do(self._take)
        if taken is None:
            return False
        if taken is _UNREADABLE:
            return True
        row, public_id, kind, wanted, id_tag, name = taken
        message_id, answered = str(public_id), asyncio.get_running_loop().create_future()
        self._asked = message_id, answered
        spoken = PROTOCOLS[self.guest.protocol]
        frame = frames.call(message_id, *spoken.request(Kind(kind), wanted, id_tag, v201.name_in(name)))
        await self.connection.send(frame)
        try:
            async with asyncio.timeout(commands.ANSWER_S):
                await answered
        except TimeoutError:
            await self._do(lambda cursor: self._note(cursor, _NOT_ANSWERED, row))
            self._unanswered += 1
        else:
            self._unanswered = 0
        if self._unanswered >= MOST_UNANSWERED:
            await self.connection.close(1001, "Nothing that was asked was answered.")
        return True

    async def _do(self, act: Callable[[Cursor], Any]) -> Any:
        return await self._store.do(self.guest.operator_id, act, may_wait=True)

    async def _take(self, cursor: Cursor) -> Any:
        # Locked until it is committed: a newer connection either finds it taken, or this one finds that it is older.
        await cursor.execute(_HOLDS, [self.guest.station_id, self.guest.epoch])
        found = await cursor.fetchone()
        if found is None or found[0] == Boot.REJECTED:
            return None
        never = [] if found[0] == Boot.ACCEPTED else [str(kind) for kind in commands.CHARGING]
        facts = {"station": self.guest.station_id, "epoch": self.guest.epoch, "at": now(), "never": never}
        await cursor.execute(_TAKE, facts)
        taken = await cursor.fetchone()
        if taken is None:
            return None
        row, public_id, kind, wanted, value, hidden, box, name = taken
        try:
            if kind == Kind.CHANGE_SETTING:
                wanted["value"] = keeping.unseal(bytes(value), keeping.SET_TO, self.guest.operator_id, card_keys())
            wanted |= self._key.open(bytes(hidden)) if hidden else {}
            id_tag = keeping.unseal(bytes(box), keeping.ASKED_WITH, self.guest.operator_id, card_keys())
        except (secrecy.Unreadable, keeping.Unreadable):
            await self._note(cursor, _NOT_OPENED, row)
            return _UNREADABLE
        # One that comes meanwhile, in this very transaction, may have given it back: then it is not this one's to send.
        if not await self._note(cursor, _SENT, row):
            return None
        return row, public_id, kind, wanted, id_tag, name

    async def _note(self, cursor: Cursor, statement: str, row: int) -> bool:
        await cursor.execute(statement, {"id": row, "epoch": self.guest.epoch, "at": now()})
        return cursor.rowcount > 0


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
    spoken = PROTOCOLS[guest.protocol]
    is_granted, status = (False, answer.error) if answer.payload is None else spoken.granted(kind, answer.payload)
    state = State.ANSWERED if is_granted else State.REFUSED
    await cursor.execute(_ANSWERED, [str(state), status, sealed, at, row])
    return str(spoken.MESSAGES[kind])


class Bell:
    """Listens for what people ask, on a connection of its own, and looks now and then whether a call was missed.

    Over the same connection it learns what has to be known about cards when nobody can be asked. rung: told the number
    of a station for which something waits.
    """

    def __init__(self, address: str, store: Store, rung: Callable[[int], None], cards: Unasked) -> None:
        self._address, self._store, self._rung, self._cards = address, store, rung, cards
        self._looked_at = float("-inf")

    async def run(self, here: Callable[[], Iterable[Guest]]) -> None:
        """Listen until cancelled. here: who is connected now."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._address, autocommit=True, connect_timeout=5
                ) as connection:
                    await connection.execute("LISTEN commands")
                    await connection.execute("LISTEN cards")
                    self._looked_at = float("-inf")
                    while True:
                        await self._look_now_and_then(here())
                        await self._cards.learn(connection, {guest.operator_id for guest in here()})
                        async for note in connection.notifies(timeout=LOOK_S, stop_after=1):
                            self._ring(note)
            except psycopg.Error as error:
                log.warning("Nobody listens for commands (%s)", type(error).__name__)
                await asyncio.sleep(LOOK_S)

    def _ring(self, note: psycopg.Notify) -> None:
        number = note.payload.rpartition(":")[2]
        if number.isdecimal():
            (self._cards.forget if note.channel == "cards" else self._rung)(int(number))

    async def _look_now_and_then(self, guests: Iterable[Guest]) -> None:
        if time.monotonic() - self._looked_at > LOOK_S:
            await self._look(guests)
            self._looked_at = time.monotonic()

    async def _look(self, guests: Iterable[Guest]) -> None:
        of_operators: dict[int, list[int]] = {}
        for guest in guests:
            of_operators.setdefault(guest.operator_id, []).append(guest.station_id)
        for operator_id, stations in of_operators.items():

            async def ask(cursor: Cursor, stations: list[int] = stations) -> list[int]:
                await cursor.execute(_WAITING, [stations, now()])
                return [int(station) for (station,) in await cursor.fetchall()]

            for station in await self._store.do(operator_id, ask):
                self._rung(station)
