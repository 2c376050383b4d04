"""How the gateway and the reader of stations bear a network: `bin/benchmark gateway`, or `python -m benchmarks.gateway`.

Both run as processes of their own with their own database roles, as `bin/run` starts them; this program is the
stations, and shares the machine with them. First all stations connect and are silent: what a connection costs, and how
long it takes until all are back after the gateway was killed. Then they talk at a steady pace, whatever the answers take
(an open loop), in a mix as real ones have it: every message is kept and answered, sessions are made of them. Meanwhile
one station asks whether a card may charge, another one is asked things from afar, and the oldest message that is not
read yet is looked for each second, as is the processor time of each process.

A station's own work is not what is measured, and real ones do it elsewhere: so here it is as little as can be, a bare
socket and frames that are written beforehand. What it takes all the same stands among the figures, and so does what
the machine did besides.

Arguments: stations that talk, messages a second, seconds, silent stations. With the defaults it takes about 17 minutes.
"""

import asyncio
import base64
import contextlib
import gc
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, LiteralString

import orjson
import psycopg
from django.conf import settings
from django.db import connections
from django.utils import timezone

from benchmarks import network, processor
from charging.domain.ocpp import passwords
from charging.domain.ocpp.commands import Kind
from charging.models import (
    ChargingSession,
    Connector,
    Site,
    Station,
    StationLink,
    StationMessage,
    Token,
)
from charging.services import station_commands
from portal import env
from tenants import crypto
from tenants.models import Operator, User
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

STATIONS, RATE, SECONDS, SILENT = 2_000, 1_000, 600, 5_000
CARDS = 500
PATIENCE_S = 300
READINGS = 20
_CHANCE = Random(12)


@dataclass
class Figures:
    """What was measured. Times in seconds, memory in MB."""

    connected: int = 0
    connect_s: float = 0
    back_s: float = 0
    empty_mb: float = 0
    silent_mb: float = 0
    memory_mb: list[float] = field(default_factory=list)
    seconds: float = 0
    sent: int = 0
    answers: list[float] = field(default_factory=list)
    verdicts: list[float] = field(default_factory=list)
    commands: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    missed: int = 0
    refused: int = 0
    used: list[processor.Used] = field(default_factory=list)
    kept: int = 0
    sessions: int = 0


def main(stations: int = STATIONS, rate: int = RATE, seconds: int = SECONDS, silent: int = SILENT) -> None:
    """Measure and print a table in Markdown."""
    operator = network.create_operator(f"gateway-{time.time_ns()}")
    by = User.objects.create_user(f"gateway-{time.time_ns()}@example.com")
    names, password = furnish(operator, max(stations, silent) + 2)
    network.analyze()
    connections.close_all()
    addresses = {role: env.text(name) for role, name in (("gateway", "DATABASE_GATEWAY_URL"), ("app", "DATABASE_URL"))}
    show(measure(operator, by, names, password, addresses, (stations, rate, seconds, silent)), stations, rate)


def furnish(operator: Operator, stations: int) -> tuple[list[str], str]:
    """Give the operator so many stations, all with one password, and cards of drivers; return names and password."""
    password, now = passwords.new(), timezone.now()
    kept = passwords.kept(password)
    with tenant_scope(operator.pk):
        site = Site.objects.create(name="Bench")
        rows = Station.objects.bulk_create(
            [Station(operator_id=operator.pk, site=site, identifier=f"B{i:05}") for i in range(stations)]
        )
        Connector.objects.bulk_create(
            [Connector(operator_id=operator.pk, station=row, number="1", max_power_w=22_000) for row in rows]
        )
        StationLink.objects.bulk_create(
            [StationLink(operator_id=operator.pk, station=row, password_kept=kept, password_at=now) for row in rows]
        )
        payer = drivers.create(name="Bench", email="bench@example.com")
        Token.objects.bulk_create(
            [Token(operator_id=operator.pk, uid=f"04{i:08X}", driver=payer) for i in range(CARDS)]
        )
    return [row.identifier for row in rows], password


def measure(
    operator: Operator,
    by: User,
    names: Sequence[str],
    password: str,
    addresses: dict[str, str],
    sizes: tuple[int, int, int, int],
) -> Figures:
    """Run both processes and everything against them. addresses: of the database, by role."""
    figures = Figures()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Processes(addresses) as processes:
        asyncio.run(_measure(Network(operator, by, names, password, processes), figures, sizes))
        _wait_for_the_reader(operator)
    with tenant_scope(operator.pk):
        figures.sessions = ChargingSession.objects.filter(source="ocpp").count()
    return figures


def _wait_for_the_reader(operator: Operator) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with tenant_scope(operator.pk):
            if not StationMessage.objects.filter(is_read=False).exists():
                return
        time.sleep(0.5)


class Processes:
    """The gateway and the reader, as `bin/run` starts them."""

    def __init__(self, addresses: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._addresses = addresses
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        self.start_gateway()
        own = {"DATABASE_URL": self._addresses["app"], "DATABASE_ROLE": "app"}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "read_stations"]
        own["PGAPPNAME"] = "reader"
        self._children["reader"] = subprocess.Popen(command, env={**os.environ, **own}, cwd=settings.BASE_DIR)
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children.values():
            child.send_signal(signal.SIGTERM)
        for child in self._children.values():
            child.wait(timeout=60)

    def start_gateway(self) -> None:
        """Start it and wait until it is well."""
        own = {"DATABASE_GATEWAY_URL": self._addresses["gateway"], "GATEWAY_PORT": str(self.port), "LOG_LEVEL": "ERROR"}
        own["PGAPPNAME"] = "gateway"
        own["CARD_KEYS"] = " ".join(base64.b64encode(key).decode() for key in crypto.card_keys())
        self._children["gateway"] = subprocess.Popen(
            [sys.executable, "-m", "portal.gateway"], env={**os.environ, **own}, cwd=settings.BASE_DIR
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return
            time.sleep(0.1)
        raise SystemExit("The gateway does not answer.")

    def kill_gateway(self) -> None:
        """End it without a word, as the kernel does when memory is short."""
        self._children["gateway"].kill()
        self._children["gateway"].wait()

    @property
    def numbers(self) -> dict[str, int]:
        """Their process ids, by name."""
        return {name: child.pid for name, child in self._children.items()}

    def gateway_mb(self) -> float:
        """What the gateway holds in memory now."""
        said = Path(f"/proc/{self._children['gateway'].pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", said)[0]) / 1024


class Caller(asyncio.Protocol):
    """One station: its connection, and what it waits for. It says one thing at a time."""

    def __init__(self, name: str) -> None:
        self.name, self.numbers = name, count(1)
        self.waiting: tuple[float, Callable[[float, bytes], None]] | None = None
        self.charge: int | None = None
        self.read, self.wh = 0, 1_000_000
        #: What it says before its first charge: cars come one after the other, not all in the first second.
        self.rest = _CHANCE.randrange(READINGS)
        self.refused = 0
        self._transport: asyncio.Transport | None = None
        self._let_in: asyncio.Future[int] | None = None
        self._came = b""

    async def connect(self, port: int, path: str, password: str) -> None:
        """Come until it is let in."""
        basic = base64.b64encode(f"{self.name}:{password}".encode()).decode()
        request = _REQUEST.format(path=path + self.name, basic=basic).encode()
        deadline = time.monotonic() + PATIENCE_S
        while not await self._is_let_in(port, request):  # as told, or cut: not so many at once
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.name} is not let in.")
            await asyncio.sleep(_CHANCE.uniform(3, 8))

    async def _is_let_in(self, port: int, request: bytes) -> bool:
        loop = asyncio.get_running_loop()
        self._came, self._let_in = b"", loop.create_future()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(60):
                self._transport, _ = await loop.create_connection(lambda: self, "127.0.0.1", port)
                self._transport.write(request)
                if await self._let_in == HTTPStatus.SWITCHING_PROTOCOLS:
                    return True
        self.close()
        return False

    def close(self) -> None:
        """Go."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        """The socket was closed."""
        if self._let_in is not None and not self._let_in.done():
            self._let_in.set_result(0)

    def data_received(self, data: bytes) -> None:
        """Take what has come: the answer to the request, then frames."""
        self._came += data
        if self._let_in is not None and not self._let_in.done():
            head, end, self._came = self._came.partition(b"\r\n\r\n")
            if not end:
                self._came = head
                return
            self._let_in.set_result(int(head.split(b" ", 2)[1]))
        while (frame := self._frame()) is not None:
            self._take(*frame)

    def _frame(self) -> tuple[int, bytes] | None:
        """Cut off the next frame, as RFC 6455 (5.2) writes it without a mask; None while it is not whole."""
        came = self._came
        if len(came) < 2:
            return None
        size, begins = came[1], 2
        if size > 125:
            begins = 4 if size == 126 else 10
            size = int.from_bytes(came[2:begins], "big")
        if len(came) < begins + size:
            return None
        self._came = came[begins + size :]
        return came[0] & 0x0F, came[begins : begins + size]

    def _take(self, opcode: int, text: bytes) -> None:
        if opcode == _PING:
            self._send(text, _PONG)
        elif opcode == _TEXT and text.startswith(b"[2,"):
            self._send(b'[3,"%s",{"status":"Accepted"}]' % text.split(b'"', 2)[1])
        elif opcode == _TEXT and self.waiting is not None:
            (began, heard), self.waiting = self.waiting, None
            self.refused += not text.startswith(b"[3,")
            heard(time.perf_counter() - began, text)

    def _send(self, text: bytes, opcode: int = 1) -> None:
        """Write a frame whose mask is nought: the gateway takes it off like any other."""
        assert self._transport is not None
        size = len(text)
        told = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._transport.write(bytes([0x80 | opcode]) + told + _NO_MASK + text)

    def ask(self, text: bytes, heard: Callable[[float, bytes], None]) -> None:
        """Say something; `heard` is told how long the answer took, and the answer."""
        self.waiting = time.perf_counter(), heard
        self._send(text)

    async def call(self, action: bytes, payload: bytes) -> float:
        """Say something and wait; return how long the answer took."""
        answered: asyncio.Queue[float] = asyncio.Queue()
        self.ask(_CALL % (next(self.numbers), action, payload), lambda took, _: answered.put_nowait(took))
        return await answered.get()

    def say(self, heard: Callable[[float], None]) -> None:
        """Say what comes next in the life of a station; `heard` is told how long the answer took."""
        self.ask(self._next(), lambda took, text: self._hear(took, text, heard))

    def _hear(self, took: float, text: bytes, heard: Callable[[float], None]) -> None:
        if b'"transactionId"' in text:
            self.charge, self.read = orjson.loads(text)[2]["transactionId"], 0
        heard(took)

    def _next(self) -> bytes:
        number = next(self.numbers)
        if self.rest:
            self.rest -= 1
            return _FREE % number
        if self.charge is None:
            return _START % (number, hash(self.name) % CARDS, self.wh, _now())
        self.read += 1
        if self.read % 8 == 0:
            return _STATUS % number
        self.wh += 50
        if self.read <= READINGS:
            return _READING % (number, self.charge, _now(), self.wh)
        charge, self.charge = self.charge, None
        return _STOP % (number, charge, self.wh, _now())


_REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: d2F0dGxlZGdlciBiZW5jaA==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
    "Authorization: Basic {basic}\r\n\r\n"
)
_TEXT, _PING, _PONG, _NO_MASK = 1, 9, 10, bytes(4)
_CALL = b'[2,"%d","%s",%s]'
_BOOT = b'{"chargePointVendor":"Bench","chargePointModel":"Bench"}'
_STATUS = b'[2,"%d","StatusNotification",{"connectorId":1,"status":"Charging","errorCode":"NoError"}]'
_FREE = _STATUS.replace(b"Charging", b"Available")
_START = b'[2,"%d","StartTransaction",{"connectorId":1,"idTag":"04%08X","meterStart":%d,"timestamp":"%s"}]'
_STOP = b'[2,"%d","StopTransaction",{"transactionId":%d,"meterStop":%d,"timestamp":"%s","reason":"Local"}]'
_SAMPLES = b"".join(
    b',{"value":"16.0","measurand":"%s","phase":"%s","unit":"A"}' % (measurand, phase)
    for measurand in (b"Current.Import", b"Voltage", b"Power.Active.Import")
    for phase in (b"L1", b"L2", b"L3")
)
_READING = (
    b'[2,"%d","MeterValues",{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%s","sampledValue":['
    b'{"value":"%d","unit":"Wh"}' + _SAMPLES + b"]}]}]"
)


def _now() -> bytes:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()  # a station's clock


@dataclass
class Network:
    """All that is measured against."""

    operator: Operator
    by: User
    names: Sequence[str]
    password: str
    processes: Processes

    @contextlib.asynccontextmanager
    async def connected(self, some: int) -> Any:
        """So many stations, let in; yields them and how long that took."""
        began, callers = time.perf_counter(), [Caller(name) for name in self.names[:some]]
        port, path = self.processes.port, f"/ocpp/{self.operator.slug}/"
        await asyncio.gather(*(caller.connect(port, path, self.password) for caller in callers))
        took = time.perf_counter() - began
        try:
            yield callers, took
        finally:
            for caller in callers:
                caller.close()


async def _measure(network_: Network, figures: Figures, sizes: tuple[int, int, int, int]) -> None:
    stations, rate, seconds, silent = sizes
    processes = network_.processes
    figures.empty_mb = processes.gateway_mb()
    async with network_.connected(silent) as (callers, took):
        figures.connected, figures.connect_s = len(callers), took
        await asyncio.sleep(2)
        figures.silent_mb = processes.gateway_mb()
        processes.kill_gateway()
    processes.start_gateway()
    async with network_.connected(silent) as (_, took):
        figures.back_s = took
    processes.kill_gateway()
    processes.start_gateway()
    async with network_.connected(stations + 2) as ((asked, asking, *callers), _):
        await asyncio.gather(*(each.call(b"BootNotification", _BOOT) for each in (asked, asking)))
        gc.freeze()  # so that no answer waits while Python looks through all stations for what nobody needs
        with Watch(network_, figures):
            beside = [
                asyncio.create_task(_verdicts(asking, figures)),
                asyncio.create_task(asyncio.to_thread(_commands, network_, asked.name, figures, seconds)),
            ]
            await _talk(callers, figures, rate, seconds)
            beside[0].cancel()
            await beside[1]
        gc.unfreeze()
    figures.refused = sum(caller.refused for caller in callers)


async def _talk(callers: Sequence[Caller], figures: Figures, rate: int, seconds: int) -> None:
    """Let one station after the other say something, at a steady pace. One that still waits is left out."""
    began = time.perf_counter()
    for turn in range(rate * seconds):
        await asyncio.sleep(max(0, began + turn / rate - time.perf_counter()))
        caller = callers[turn % len(callers)]
        if caller.waiting is not None:
            figures.missed += 1
            continue
        caller.say(figures.answers.append)
        figures.sent += 1
    deadline = time.monotonic() + PATIENCE_S
    while any(caller.waiting for caller in callers) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    figures.seconds = time.perf_counter() - began


async def _verdicts(caller: Caller, figures: Figures) -> None:
    for number in count():
        figures.verdicts.append(await caller.call(b"Authorize", b'{"idTag":"04%08X"}' % (number % CARDS)))
        await asyncio.sleep(0.2)


def _commands(network_: Network, name: str, figures: Figures, seconds: int) -> None:
    """Ask a station as a page does, and wait for the answer as the page shows it."""
    until = time.monotonic() + seconds
    with tenant_scope(network_.operator.pk):
        station = Station.objects.get(identifier=name)
    with _watching(network_.operator) as looking:
        while time.monotonic() < until:
            began = time.perf_counter()
            with tenant_scope(network_.operator.pk):
                asked = station_commands.ask(station, Kind.UNLOCK, by=network_.by, at=timezone.now(), connector="1")
            while not _one(looking, _IS_ANSWERED, asked.pk) and time.perf_counter() - began < PATIENCE_S:
                time.sleep(0.002)
            figures.commands.append(time.perf_counter() - began)
            time.sleep(0.5)
    connections.close_all()


@contextlib.contextmanager
def _watching(operator: Operator) -> Iterator[psycopg.Connection[Any]]:
    """A connection of its own that sees what is the operator's; it takes next to no time from the stations."""
    names = connections["default"].settings_dict
    address = {"host": names["HOST"], "port": names["PORT"], "dbname": names["NAME"], "user": names["USER"]}
    given = {name: value for name, value in {**address, "password": names["PASSWORD"]}.items() if value}
    with psycopg.connect(**given, autocommit=True, application_name="stations") as watching:
        watching.execute("SELECT set_config('app.operator_id', %s, false)", [str(operator.pk)])
        yield watching


class Watch:
    """Looks each second how old the oldest message is that is not read, what each process took, and how much memory."""

    def __init__(self, network_: Network, figures: Figures) -> None:
        self._network, self._figures, self._is_over = network_, figures, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        processes, figures = self._network.processes, self._figures
        with _watching(self._network.operator) as watching:
            meter = processor.Meter({"stations": os.getpid(), **processes.numbers})
            while True:
                meter.look(watching)
                figures.memory_mb.append(processes.gateway_mb())
                if self._is_over.wait(1):
                    break
                figures.lags.append(_one(watching, _LAG))
            figures.used = meter.used()
            figures.kept = int(_one(watching, _KEPT))


_LAG = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float
    FROM charging_stationmessage WHERE NOT is_read
"""
_KEPT = "SELECT count(*)::float FROM charging_stationmessage"
_IS_ANSWERED = "SELECT count(*)::float FROM charging_stationcommand WHERE id = %s AND state = 'answered'"


def _one(watching: psycopg.Connection[Any], question: LiteralString, *given: object) -> float:
    (found,) = watching.execute(question, given).fetchone() or (0.0,)
    return float(found)


def show(figures: Figures, stations: int, rate: int) -> None:
    """Print what was measured."""
    print(
        f"{stations:,} stations, {rate:,} messages a second for {figures.seconds:,.0f} s; {figures.connected:,} silent.\n"
    )
    print(
        "The stations are bare sockets of this program that say what was written beforehand: they share the machine, and"
        "\nwhat they take stands below.\n"
    )
    print("| what | figure |\n|---|---|")
    for what, figure in _rows(figures):
        print(f"| {what} | {figure} |")
    print("\n| processor | µs a message | of a core | of a core in the busiest second |\n|---|---|---|---|")
    for used in figures.used:
        each = 1_000_000 * used.seconds / max(len(figures.answers), 1)
        print(f"| {used.name} | {each:,.0f} | {_percent(used.mean)} | {_percent(used.most)} |")
    print(f"\n{figures.kept:,} messages were kept, {figures.sessions:,} sessions made of them.", flush=True)


def _rows(figures: Figures) -> Iterator[tuple[str, str]]:
    yield "memory of the gateway, nobody connected", f"{figures.empty_mb:.0f} MB"
    yield f"… {figures.connected:,} silent connections", f"{figures.silent_mb:.0f} MB"
    yield "all let in", f"{figures.connect_s:.0f} s"
    yield "all back after a SIGKILL", f"{figures.back_s:.0f} s"
    yield "messages answered a second", f"{len(figures.answers) / max(figures.seconds, 0.001):,.0f}"
    yield "… not sent, as the answer before was still awaited", f"{figures.missed:,}"
    yield "… refused", f"{figures.refused:,}"
    yield "answer to a message, p50 / p99", _both(figures.answers)
    yield "answer to Authorize, p50 / p99", _both(figures.verdicts)
    yield "a command there and back, p50 / p99", _both(figures.commands)
    yield (
        "oldest message not read, median / most",
        f"{_median(figures.lags):.1f} / {max(figures.lags, default=0):.1f} s",
    )
    memory = figures.memory_mb or [0.0]
    yield (
        "memory of the gateway as they begin to talk / after a tenth of the time / at the end",
        f"{memory[0]:.0f} / {memory[len(memory) // 10]:.0f} / {memory[-1]:.0f} MB",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _median(times: Sequence[float]) -> float:
    return statistics.median(times) if times else 0.0


def _both(times: Sequence[float]) -> str:
    ordered = sorted(times)
    if not ordered:
        return "–"
    return f"{1000 * _median(ordered):.0f} / {1000 * ordered[int(len(ordered) * 0.99)]:.0f} ms"


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
