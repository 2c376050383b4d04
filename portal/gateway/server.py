"""The sockets: one connection a station, its frames one after the other, and the bounds of it all."""

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from datetime import datetime
from http import HTTPStatus
from weakref import WeakKeyDictionary

import psycopg
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from charging.domain import card_numbers
from charging.domain.journeys import Guesses
from charging.domain.ocpp import frames, partners, secrecy, unasked, v16
from charging.domain.ocpp.admission import Boot, Verdict
from charging.domain.ocpp.frames import Answer, Call
from charging.domain.ocpp.unasked import Kind
from portal.gateway import answers, door
from portal.gateway.answers import Heard, Superseded
from portal.gateway.commands import Line
from portal.gateway.door import Guest, Refusal
from portal.gateway.memory import APART
from portal.gateway.partners import Partners, Question
from portal.gateway.store import Cursor, Store, now
from portal.gateway.unasked import Unasked

log = logging.getLogger(__name__)

#: A day of readings in one StopTransaction takes 400 KiB.
LARGEST_FRAME = 2**20
#: So much of a socket is read at once. asyncio makes room for 256 KiB each time, of which a frame keeps its own length:
#: between such rooms the memory of the process falls apart. Room for so much lies apart (`memory.APART`).
READ_AT_ONCE = APART
#: Frames of one connection that wait unread; then its socket is no longer read.
FRAMES_WAITING = 8
#: Frames a second of one station in the long run, and so many at once, as after days without a connection.
RATE, BURST = 20, 200
#: Connections taken a second, and of one address; the others are told to come again. Stations of a whole network may
#: come from one address, but a stranger there must not take every place.
ACCEPTED, OF_ONE_ADDRESS, COME_AGAIN_S = 50, 35, 5
#: Refused names and addresses that are not looked up again for so long, and how many are remembered.
REST_S, RESTING = 5, 10_000
#: Without a sign for so long the station is asked for one, and so long it may take.
SILENCE_S, SIGN_S = 3 * v16.HEARTBEAT_S, 30
#: How long one who guesses cards waits for an answer, and of how many stations unknown cards are remembered.
GUESS_S, GUESSED_AT = 1.0, 10_000
#: So many answers of a station's may wait to be kept while the database is away.
MOST_UNKEPT = 5
#: How often it is written that a station was heard of, and how long it is gathered of many.
NOTED_S, GATHERED_S = 30, 2
_NEWER = "A newer connection of this station holds."
_HEADERS = Headers({"Content-Type": "text/plain", "Cache-Control": "no-store"})


class Gateway:
    """All connections of this process.

    proxies: how many proxies in front add an address to X-Forwarded-For. certificates: the header in which the proxy
    that ends TLS says which certificate the station has proved to hold; empty where none does.
    """

    def __init__(self, store: Store, *, proxies: int = 0, certificates: str = "") -> None:
        self._store, self._proxies, self._key = store, proxies, secrecy.Key()
        self._certificates = certificates if proxies else ""
        # Those that were let in and are not served yet; one whose handshake fails is forgotten with its connection.
        self._guests: WeakKeyDictionary[ServerConnection, Guest] = WeakKeyDictionary()
        self._closing: set[asyncio.Task[None]] = set()
        self._keeping: set[asyncio.Task[str]] = set()  # answered, and not kept yet
        self.cards = Unasked()
        self._partners = Partners(store)
        self._seen: dict[Guest, datetime] = {}  # who was heard of, and it is not written yet
        self._noting: asyncio.Task[None] | None = None
        self._lines: dict[int, Line] = {}  # the newest of each station
        self._resting: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._guesses: OrderedDict[int, Guesses] = OrderedDict()
        self._accepts = _Bucket(ACCEPTED, ACCEPTED)
        self._accepts_of: OrderedDict[str, _Bucket] = OrderedDict()

    async def open(self, host: str, port: int) -> Server:
        """Listen."""
        return await serve(
            self._serve,
            host,
            port,
            subprotocols=[Subprotocol(name) for name in door.PROTOCOLS],
            process_request=self._ask_who,
            compression=None,  # OCPP 1.6 advises against it, and it takes 50 KiB a connection
            max_size=LARGEST_FRAME,
            max_queue=FRAMES_WAITING,
            ping_interval=60,
            ping_timeout=None,  # some stations never answer one; `_next` asks those that are silent
            close_timeout=5,
            server_header=None,
        )

    async def _ask_who(self, connection: ServerConnection, request: Request) -> Response | None:
        """Let the station in, or answer before the upgrade why not."""
        if request.path == "/healthz":
            return await self._health()
        headers, address = request.headers, self._address(connection, request)
        who = door.visitor(
            request.path,
            headers.get("Authorization", ""),
            ", ".join(headers.get_all("Sec-WebSocket-Protocol")),
            address,
            self._certificate(headers),
        )
        if who is None:
            return _answer(HTTPStatus.NOT_FOUND)
        if self._rests(who) or not self._may_come(address):
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE, Retry_After=str(COME_AGAIN_S))
        found = await door.let_in(self._store, who, now(), key=self._key.public)
        if isinstance(found, Refusal):
            self._let_rest(who)
            return _answer(found.status, **_CHALLENGE if found.status is HTTPStatus.UNAUTHORIZED else {})
        self._guests[connection] = found
        connection.transport.max_size = READ_AT_ONCE  # type: ignore[attr-defined]  # of asyncio's own transports
        return None

    async def _health(self) -> Response:
        async def ask(cursor: Cursor) -> None:
            await cursor.execute("SELECT 1")

        try:
            await asyncio.wait_for(self._store.do(0, ask), timeout=5)
        except TimeoutError:
            return _answer(HTTPStatus.SERVICE_UNAVAILABLE)
        return _answer(HTTPStatus.OK)

    def _certificate(self, headers: Headers) -> str:
        """What the proxy says. Twice the header, and a stranger has written one of them."""
        said = headers.get_all(self._certificates) if self._certificates else []
        return said[0] if len(said) == 1 else ""

    def _address(self, connection: ServerConnection, request: Request) -> str:
        said = ",".join(request.headers.get_all("X-Forwarded-For")).split(",")
        if self._proxies and len(said) >= self._proxies and said[-self._proxies].strip():
            return said[-self._proxies].strip()[:45]
        peer = connection.remote_address
        return str(peer[0])[:45] if peer else ""

    def _may_come(self, address: str) -> bool:
        """Whether one more may be let in now from this address, and at all."""
        own = self._accepts_of.setdefault(address, _Bucket(OF_ONE_ADDRESS, OF_ONE_ADDRESS))
        self._accepts_of.move_to_end(address)
        while len(self._accepts_of) > RESTING:
            self._accepts_of.popitem(last=False)
        return own.take() and self._accepts.take()

    def _rests(self, who: door.Visitor) -> bool:
        return self._resting.get((who.operator, who.identity), 0) > time.monotonic()

    def _let_rest(self, who: door.Visitor) -> None:
        self._resting[who.operator, who.identity] = time.monotonic() + REST_S
        self._resting.move_to_end((who.operator, who.identity))
        while len(self._resting) > RESTING:
            self._resting.popitem(last=False)

    def look(self, station_id: int) -> None:
        """Something waits for the station, which may be connected here."""
        if line := self._lines.get(station_id):
            line.look()

    def here(self) -> list[Guest]:
        """Return who is connected here."""
        return [line.guest for line in self._lines.values()]

    async def _serve(self, connection: ServerConnection) -> None:
        line = Line(self._store, self._guests.pop(connection), connection, self._key)
        station_id = line.guest.station_id
        older = self._lines.get(station_id)
        self._lines[station_id] = line
        if older is not None:
            self._close(older.connection)
        try:
            await self._converse(line)
        except ConnectionClosed as closed:
            if closed.sent is not None and closed.sent.code == CloseCode.MESSAGE_TOO_BIG:
                with contextlib.suppress(psycopg.Error):
                    await answers.note(self._store, line.guest, answers.TOO_LARGE, now())
        except Superseded:
            await connection.close(1000, _NEWER)
        finally:
            line.end()
            if self._lines.get(station_id) is line:
                del self._lines[station_id]
            with contextlib.suppress(psycopg.Error):
                await door.gone(self._store, line.guest, now())

    def _close(self, older: ServerConnection) -> None:
        """Close a connection without waiting for it: its station may be gone without a word."""
        task = asyncio.create_task(older.close(1000, _NEWER))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _converse(self, line: Line) -> None:
        """Answer frame after frame; the next is read when the one before is kept."""
        pace, noted, connection = _Bucket(RATE, BURST), time.monotonic(), line.connection
        while (raw := await _next(connection)) is not None:
            if wait_s := pace.wait_s():
                await asyncio.sleep(wait_s)
            answer = await self._answer(line, raw)
            if self._is_guessing(line.guest, raw, answer):
                await asyncio.sleep(GUESS_S)
            if answer:
                await connection.send(answer)
            if time.monotonic() - noted > NOTED_S:
                noted = time.monotonic()
                _forget_pings(connection)
                self._note(line.guest)
        await connection.close(1001, "Nothing was heard for too long.")

    def _note(self, guest: Guest) -> None:
        self._seen[guest] = now()
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._note_seen())

    async def _note_seen(self) -> None:
        await asyncio.sleep(GATHERED_S)
        seen, self._seen = self._seen, {}
        for operator_id in {guest.operator_id for guest in seen}:
            theirs = {guest: at for guest, at in seen.items() if guest.operator_id == operator_id}
            with contextlib.suppress(psycopg.Error):
                await door.heard(self._store, operator_id, theirs)

    def _is_guessing(self, guest: Guest, raw: str, answer: str) -> bool:
        """Whether an unknown card was shown where too many different ones have been lately."""
        if not (id_tag := answers.unknown_card(guest, raw, answer)):
            return False
        guesses = self._guesses.setdefault(guest.station_id, Guesses())
        self._guesses.move_to_end(guest.station_id)
        while len(self._guesses) > GUESSED_AT:
            self._guesses.popitem(last=False)
        return guesses.is_guessing(id_tag, time.monotonic())

    async def _answer(self, line: Line, raw: str) -> str:
        at, said, guest = now(), frames.read(raw), line.guest
        call = said if isinstance(said, Call) else None
        if call and call.action == "Heartbeat" and call.wants_answer:  # says nothing that must be kept
            return frames.result(call.message_id, v16.plain_answer(call.action, at) or {})
        is_open = self.cards.lets_in(guest.operator_id, Kind.PARTNER)
        heard = Heard(guest, at, raw, said, line.boot, line.unasked, is_open=is_open)
        if isinstance(said, Answer):
            heard.asked = line.asks(said)
        try:
            answer = await (self._in_time(line, heard, call) if _asks(call) else self._kept(heard))
        except psycopg.Error:
            if call is None or not call.wants_answer:
                return ""
            return frames.error(call.message_id, "InternalError", "It could not be kept.")
        if isinstance(said, Answer):
            line.heard(said)
        elif call and call.action == "BootNotification":
            line.boot = heard.boot
            line.is_up()
        return answer

    async def _kept(self, heard: Heard) -> str:
        if (known := await self._kept_at_once(heard)) is not None:
            return known
        is_answer = isinstance(heard.said, Answer)  # changes the command, which people and the reader may hold
        until = time.monotonic() + partners.LIMIT_S
        if (look := heard.look()) is not None:
            row, is_kept = await self._store.look_and_keep(heard.guest.operator_id, look)
            if row is not None and not is_kept:
                raise Superseded
            if row is not None:
                return str(row.answer)
        said = await self._store.do(heard.guest.operator_id, heard.keep, is_told=True, may_wait=is_answer)
        if isinstance(said, Question):
            heard.partner, heard.has_asked = await self._partners.ask(said, until=until), True
            said = await self._store.do(heard.guest.operator_id, heard.keep, is_told=True, may_wait=is_answer)
        return str(said)

    async def _kept_at_once(self, heard: Heard) -> str | None:
        """Keep it and return the answer, where nothing has to be looked up for it; None for all else."""
        if (row := heard.at_once()) is not None:
            answer, is_kept = row.answer, await self._store.keep(heard.guest.operator_id, row)
        elif (step := heard.in_one_step()) is not None:
            found = await self._store.step(heard.guest.operator_id, step, is_told=True)
            if found and found[0][0]:
                return None  # kept where it may wait
            answer, is_kept = "", bool(found)
        else:
            return None
        if not is_kept:
            raise Superseded
        return answer

    async def _in_time(self, line: Line, heard: Heard, call: Call | None) -> str:
        """Say in time whether a card may charge: by what is known of it where the database does not answer.

        The question is kept all the same, with what was answered. A station of which too much waits to be kept waits.
        """
        keeping = asyncio.create_task(self._kept(heard))
        keeping.add_done_callback(_noticed)
        if call is None or line.unkept >= MOST_UNKEPT:
            return await keeping
        done, _ = await asyncio.wait({keeping}, timeout=unasked.IN_TIME_S)
        if done:
            return keeping.result()
        heard.given = self._by_heart(line, call)
        line.unkept += 1
        self._keeping.add(keeping)
        keeping.add_done_callback(lambda task: self._is_kept(line, task))
        return heard.given

    def _is_kept(self, line: Line, task: asyncio.Task[str]) -> None:
        line.unkept -= 1
        self._keeping.discard(task)

    def _by_heart(self, line: Line, call: Call) -> str:
        spoken = door.PROTOCOLS[line.guest.protocol]
        tag, is_let_in = spoken.id_tag(call.payload or {}), False
        if line.boot == Boot.ACCEPTED:
            # Dead cards first: one may have been let in by heart a moment before it died.
            is_let_in = card_numbers.spelled(tag) in line.unasked and not self.cards.refuses(
                line.guest.operator_id, tag
            )
            if not is_let_in and (kind := self.cards.decide(line.guest.operator_id, tag)):
                line.let_in(tag, kind)
                is_let_in = True
        verdict = Verdict.ACCEPTED if is_let_in else Verdict.INVALID
        return frames.result(call.message_id, spoken.authorized(verdict))


def _asks(call: Call | None) -> bool:
    """Whether somebody who holds a card to a reader waits for the answer."""
    return call is not None and call.action == "Authorize" and call.wants_answer and call.payload is not None


def _noticed(task: asyncio.Task[str]) -> None:
    """Look at what became of it, also when nobody waits for it any more."""
    if not task.cancelled():
        task.exception()


def _forget_pings(connection: ServerConnection) -> None:
    """Wait for the last sign alone: a station that never gives one would have all kept for as long as it is here."""
    for ping in list(connection.pending_pings)[:-1]:
        del connection.pending_pings[ping]


async def _next(connection: ServerConnection) -> str | None:
    """Return the next frame; None when the station is silent and does not answer when asked."""
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                raw = await connection.recv()
        except TimeoutError:
            pong = await connection.ping()
            try:
                async with asyncio.timeout(SIGN_S):
                    await pong
            except TimeoutError:
                return None
        else:
            return raw if isinstance(raw, str) else raw.decode("utf-8", "replace")


class _Bucket:
    """So many a second in the long run, `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left, self._at = rate, burst, burst, time.monotonic()

    def take(self) -> bool:
        """Take one if there is one."""
        self._refill()
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def wait_s(self) -> float:
        """Take one, and return how long to wait for it."""
        self._refill()
        self._left -= 1
        return max(0.0, -self._left / self._rate)

    def _refill(self) -> None:
        now = time.monotonic()
        self._left, self._at = min(self._burst, self._left + (now - self._at) * self._rate), now


_CHALLENGE = {"WWW_Authenticate": 'Basic realm="stations"'}


def _answer(status: HTTPStatus, **headers: str) -> Response:
    body = f"{status.phrase}\n".encode()
    told = Headers(_HEADERS)
    told["Content-Length"] = str(len(body))
    for name, value in headers.items():
        told[name.replace("_", "-")] = value
    return Response(status.value, status.phrase, told, body)
