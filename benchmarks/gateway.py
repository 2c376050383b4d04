"""How the gateway and the reader of stations bear a network: `bin/benchmark gateway`, or `python -m benchmarks.gateway`.

Both run as processes of their own with their own database roles, as `bin/run` starts them; this program is the
stations, and shares the machine with them. First all stations connect and are silent: what a connection costs, and how
long it takes until all are back after the gateway was killed. Then they talk at a steady pace, whatever the answers take
(an open loop), in a mix as real ones have it: every message is kept and answered, sessions are made of them. Meanwhile
one station asks whether a card may charge, another one is asked things from afar, and the oldest message that is not
read yet is looked for each second.

Arguments: stations that talk, messages a second, seconds, silent stations. With the defaults it takes about 17 minutes.
"""

import asyncio
import base64
import contextlib
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psycopg
from django.conf import settings
from django.db import connections
from django.utils import timezone
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from benchmarks import network
from charging.domain.ocpp import passwords
from charging.domain.ocpp.commands import Kind
from charging.models import (
    ChargingSession,
    Connector,
    Site,
    Station,
    StationCommand,
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
_SAMPLES = ("Current.Import", "Voltage", "Power.Active.Import")


@dataclass
class Figures:
    """What was measured. Times in seconds, memory in MB."""

    connected: int = 0
    connect_s: float = 0
    back_s: float = 0
    empty_mb: float = 0
    silent_mb: float = 0
    first_mb: float = 0
    last_mb: float = 0
    seconds: float = 0
    sent: int = 0
    answers: list[float] = field(default_factory=list)
    verdicts: list[float] = field(default_factory=list)
    commands: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    missed: int = 0
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

    def gateway_mb(self) -> float:
        """What the gateway holds in memory now."""
        said = Path(f"/proc/{self._children['gateway'].pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", said)[0]) / 1024


class Caller:
    """One station: its connection, and what it waits for."""

    def __init__(self, name: str) -> None:
        self.name, self.numbers = name, count(1)
        self.socket: ClientConnection | None = None
        self.waiting: dict[str, tuple[float, asyncio.Future[Any]]] = {}
        self.charge: int | None = None
        self.read, self.wh = 0, 1_000_000
        #: What it says before its first charge: cars come one after the other, not all in the first second.
        self.rest = _CHANCE.randrange(READINGS)

    async def connect(self, url: str, password: str) -> None:
        """Come until it is let in."""
        basic = base64.b64encode(f"{self.name}:{password}".encode()).decode()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.socket = await connect(
                    url + self.name,
                    subprotocols=["ocpp1.6"],  # type: ignore[list-item]
                    additional_headers={"Authorization": f"Basic {basic}"},
                    ping_interval=None,
                    compression=None,
                    open_timeout=60,
                )
            except (OSError, InvalidHandshake, TimeoutError):  # as told, or cut: not so many at once
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_CHANCE.uniform(3, 8))
            else:
                return

    async def listen(self) -> None:
        """Take answers, and answer what is asked."""
        assert self.socket is not None
        with contextlib.suppress(ConnectionClosed):
            async for raw in self.socket:
                kind, message_id, *rest = orjson.loads(raw)
                if kind == 2:
                    await self.socket.send(orjson.dumps([3, message_id, {"status": "Accepted"}]).decode())
                elif found := self.waiting.pop(message_id, None):
                    found[1].set_result((time.perf_counter() - found[0], rest[0]))

    async def call(self, action: str, payload: dict[str, Any]) -> tuple[float, Any]:
        """Say something; return how long the answer took, and the answer."""
        assert self.socket is not None
        message_id = str(next(self.numbers))
        answer = asyncio.get_running_loop().create_future()
        self.waiting[message_id] = time.perf_counter(), answer
        await self.socket.send(orjson.dumps([2, message_id, action, payload]).decode())
        took, said = await answer
        return took, said

    async def say(self) -> float:
        """Say what comes next in the life of a station; return how long the answer took."""
        if self.rest:
            self.rest -= 1
            return (await self.call("StatusNotification", _FREE))[0]
        if self.charge is None:
            card = f"04{hash(self.name) % CARDS:08X}"
            start = {"connectorId": 1, "idTag": card, "meterStart": self.wh, "timestamp": _now()}
            took, said = await self.call("StartTransaction", start)
            self.charge, self.read = said["transactionId"], 0
            return took
        self.read += 1
        if self.read % 8 == 0:
            return (await self.call("StatusNotification", _STATUS))[0]
        self.wh += 50
        if self.read <= READINGS:
            values = {"connectorId": 1, "transactionId": self.charge, "meterValue": [_reading(self.wh)]}
            return (await self.call("MeterValues", values))[0]
        stop = {"transactionId": self.charge, "meterStop": self.wh, "timestamp": _now(), "reason": "Local"}
        self.charge = None
        return (await self.call("StopTransaction", stop))[0]


_STATUS = {"connectorId": 1, "status": "Charging", "errorCode": "NoError"}
_FREE = {**_STATUS, "status": "Available"}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # a station's clock


def _reading(wh: int) -> dict[str, Any]:
    others = [
        {"value": "16.0", "measurand": name, "phase": phase, "unit": "A"}
        for name in _SAMPLES
        for phase in ("L1", "L2", "L3")
    ]
    return {"timestamp": _now(), "sampledValue": [{"value": str(wh), "unit": "Wh"}, *others]}


@dataclass
class Network:
    """All that is measured against."""

    operator: Operator
    by: User
    names: Sequence[str]
    password: str
    processes: Processes

    @property
    def url(self) -> str:
        """Where stations connect to, without their name."""
        return f"ws://127.0.0.1:{self.processes.port}/ocpp/{self.operator.slug}/"

    @contextlib.asynccontextmanager
    async def connected(self, some: int) -> Any:
        """So many stations, let in; yields them and how long that took."""
        began, callers = time.perf_counter(), [Caller(name) for name in self.names[:some]]
        await asyncio.gather(*(caller.connect(self.url, self.password) for caller in callers))
        took = time.perf_counter() - began
        listening = [asyncio.create_task(caller.listen()) for caller in callers]
        try:
            yield callers, took
        finally:
            for task in listening:
                task.cancel()
            await asyncio.gather(*(caller.socket.close() for caller in callers if caller.socket))


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
        await asyncio.gather(*(each.call("BootNotification", _BOOT) for each in (asked, asking)))
        with Watch(network_.operator, figures):
            figures.first_mb = processes.gateway_mb()
            beside = [
                asyncio.create_task(_verdicts(asking, figures)),
                asyncio.create_task(asyncio.to_thread(_commands, network_, asked.name, figures, seconds)),
            ]
            await _talk(callers, figures, rate, seconds)
            figures.last_mb = processes.gateway_mb()
            beside[0].cancel()
            await beside[1]


_BOOT = {"chargePointVendor": "Bench", "chargePointModel": "Bench"}


async def _talk(callers: Sequence[Caller], figures: Figures, rate: int, seconds: int) -> None:
    """Let one station after the other say something, at a steady pace. One that still waits is left out."""
    began, running = time.perf_counter(), set()

    async def say(caller: Caller) -> None:
        figures.answers.append(await caller.say())

    for turn in range(rate * seconds):
        behind = began + turn / rate - time.perf_counter()
        if behind > 0:
            await asyncio.sleep(behind)
        caller = callers[turn % len(callers)]
        if caller.waiting:
            figures.missed += 1
            continue
        task = asyncio.create_task(say(caller))
        running.add(task)
        task.add_done_callback(running.discard)
        figures.sent += 1
    if running:
        await asyncio.wait(running, timeout=PATIENCE_S)
    figures.seconds = time.perf_counter() - began


async def _verdicts(caller: Caller, figures: Figures) -> None:
    for number in count():
        took, _ = await caller.call("Authorize", {"idTag": f"04{number % CARDS:08X}"})
        figures.verdicts.append(took)
        await asyncio.sleep(0.2)


def _commands(network_: Network, name: str, figures: Figures, seconds: int) -> None:
    """Ask a station as a page does, and wait for the answer as the page shows it."""
    until = time.monotonic() + seconds
    with tenant_scope(network_.operator.pk):
        station = Station.objects.get(identifier=name)
    while time.monotonic() < until:
        began = time.perf_counter()
        with tenant_scope(network_.operator.pk):
            asked = station_commands.ask(station, Kind.UNLOCK, by=network_.by, at=timezone.now(), connector="1")
        while not _is_answered(network_.operator, asked) and time.perf_counter() - began < PATIENCE_S:
            time.sleep(0.002)
        figures.commands.append(time.perf_counter() - began)
        time.sleep(0.5)
    connections.close_all()


def _is_answered(operator: Operator, asked: StationCommand) -> bool:
    with tenant_scope(operator.pk):
        return StationCommand.objects.filter(pk=asked.pk, state=StationCommand.State.ANSWERED).exists()


class Watch:
    """Looks each second how old the oldest message is that is not read, over a connection of its own."""

    def __init__(self, operator: Operator, figures: Figures) -> None:
        self._operator, self._figures, self._is_over = operator, figures, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        names = connections["default"].settings_dict
        address = {"host": names["HOST"], "port": names["PORT"], "dbname": names["NAME"], "user": names["USER"]}
        given = {name: value for name, value in {**address, "password": names["PASSWORD"]}.items() if value}
        with psycopg.connect(**given, autocommit=True) as watching:
            watching.execute("SELECT set_config('app.operator_id', %s, false)", [str(self._operator.pk)])
            while not self._is_over.wait(1):
                self._figures.lags.append(_one(watching, _LAG))
            self._figures.kept = int(_one(watching, _KEPT))


_LAG = """
    SELECT coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float
    FROM charging_stationmessage WHERE NOT is_read
"""
_KEPT = "SELECT count(*)::float FROM charging_stationmessage"


def _one(watching: psycopg.Connection[Any], question: str) -> float:
    (found,) = watching.execute(question).fetchone() or (0.0,)
    return float(found)


def show(figures: Figures, stations: int, rate: int) -> None:
    """Print what was measured."""
    print(
        f"{stations:,} stations, {rate:,} messages a second for {figures.seconds:,.0f} s; {figures.connected:,} silent.\n"
    )
    print("| what | figure |\n|---|---|")
    for what, figure in _rows(figures):
        print(f"| {what} | {figure} |")
    print(f"\n{figures.kept:,} messages were kept, {figures.sessions:,} sessions made of them.", flush=True)


def _rows(figures: Figures) -> Iterator[tuple[str, str]]:
    yield "memory of the gateway, nobody connected", f"{figures.empty_mb:.0f} MB"
    yield f"… {figures.connected:,} silent connections", f"{figures.silent_mb:.0f} MB"
    yield "all let in", f"{figures.connect_s:.0f} s"
    yield "all back after a SIGKILL", f"{figures.back_s:.0f} s"
    yield "messages answered a second", f"{len(figures.answers) / max(figures.seconds, 0.001):,.0f}"
    yield "… not sent, as the answer before was still awaited", f"{figures.missed:,}"
    yield "answer to a message, p50 / p99", _both(figures.answers)
    yield "answer to Authorize, p50 / p99", _both(figures.verdicts)
    yield "a command there and back, p50 / p99", _both(figures.commands)
    yield (
        "oldest message not read, median / most",
        f"{_median(figures.lags):.1f} / {max(figures.lags, default=0):.1f} s",
    )
    yield "memory of the gateway, first / last", f"{figures.first_mb:.0f} / {figures.last_mb:.0f} MB"


def _median(times: Sequence[float]) -> float:
    return statistics.median(times) if times else 0.0


def _both(times: Sequence[float]) -> str:
    ordered = sorted(times)
    if not ordered:
        return "–"
    return f"{1000 * _median(ordered):.0f} / {1000 * ordered[int(len(ordered) * 0.99)]:.0f} ms"


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
