"""PostgreSQL and Redis of a test's own, killed under load; gateway, reader, workers and stations go on around them.

What a station was answered is kept, every charge becomes one session with its energy, and each is billed once. The
cluster keeps what it commits, as that of `bin/run` does; those of other tests need not.
"""

import base64
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from django.conf import settings
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from launcher import postgres, schema
from launcher.errors import Refusal
from launcher.paths import State
from launcher.processes import Child
from portal.tests.gateway.conftest import Gateway
from portal.tests.gateway.test_survives import Reader
from portal.tests.workers import Redis

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*multi-threaded")]
STATIONS, CHARGES_BETWEEN = 6, 12
#: How often the gateway, the reader and Redis are killed, which takes two seconds a time: `WATTLEDGER_KILLS=200`. And
#: how often PostgreSQL, which takes longer.
KILLS_OF_OTHERS = int(os.environ.get("WATTLEDGER_KILLS", "6"))
KILLS = max(4, KILLS_OF_OTHERS // 4)
AWAY_S, PATIENCE_S = 60, 180
#: A whole month that is over, so that its charges can be billed.
MONTH = (datetime.now(UTC).replace(day=1, hour=1, minute=0, second=0, microsecond=0) - timedelta(days=1)).replace(day=1)
_ROLES = ("owner", "reader", "platform", "gateway", "backup")
_FURNISH = f"""
import json
from benchmarks import gateway, network
from billing.tests import factories
from tenants.scoping import tenant_scope
operator = network.create_operator("north")
with tenant_scope(operator.pk):
    factories.tariff()
print(json.dumps(gateway.furnish(operator, {STATIONS})))
"""
#: Asks workers for the drafts of the month, as its page does.
_ASK_FOR_DRAFTS = f"""
from datetime import datetime, UTC
from billing.services import runs
from tenants.models import Operator
from tenants.scoping import tenant_scope
with tenant_scope(Operator.objects.get(slug="north").pk):
    runs.start(month=datetime({MONTH.year}, {MONTH.month}, 1).date(), by=None, at=datetime.now(UTC))
"""
_SESSIONS = """
    SELECT s.identifier, array_agg(c.energy_wh ORDER BY c.started_at) FROM charging_chargingsession c
    JOIN charging_station s ON s.id = c.station_id WHERE c.state = 'COMPLETED' AND c.flags = '{}' GROUP BY 1
"""
_BILLED = """
    SELECT count(*), count(DISTINCT b.session_id), coalesce(sum(c.energy_wh), 0)
    FROM billing_billedsession b JOIN charging_chargingsession c ON c.id = b.session_id
"""


class Postgres:
    """A cluster of its own that keeps what it has committed, with our schema in it."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.state.prepare()
        self.here = postgres.cluster(self.state)
        postgres.create(self.here)
        self.start()
        postgres.prepare(self.here)
        schema.made(self.state, self.environment("owner"), anew=False)
        postgres.execute(self.here, f"DROP DATABASE {postgres.DATABASE}")
        of_schema = f"TEMPLATE {schema.NAME} OWNER wattledger_owner"
        postgres.execute(self.here, f"CREATE DATABASE {postgres.DATABASE} {of_schema}")
        (last,) = self.manage("shell", "-c", _FURNISH).splitlines()[-1:]
        self.names, self.password = orjson.loads(last)

    def address(self, role: str) -> str:
        return postgres.url(self.state, role)

    def start(self) -> None:
        """Start it. What was killed with it may hold on to its memory for another moment."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.child = Child(postgres.program(self.here, durable=True), self.state)
            try:
                return postgres.wait(self.here, self.child)
            except Refusal:
                assert time.monotonic() < deadline
                time.sleep(0.2)

    def kill(self) -> None:
        """End all of its processes without a word."""
        parent = self.child.process.pid
        for pid in [parent, *_children(parent)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.process.wait()

    def stop(self) -> None:
        """End it in good order."""
        self.child.ask_to_stop()
        self.child.wait_or_kill()

    def environment(self, role: str) -> dict[str, str]:
        own = {f"DATABASE_{each.upper()}_URL": self.address(each) for each in _ROLES}
        own |= {"DATABASE_URL": self.address("app"), "DATABASE_ROLE": role, "WATTLEDGER_ENV": "test"}
        return {**os.environ, **own}

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
        told: dict[str, Any] = {"env": self.environment("app"), "cwd": settings.BASE_DIR}
        return str(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **told).stdout)

    def asked(self, question: str) -> list[Any]:
        with psycopg.connect(self.address("owner")) as connection:
            return connection.execute(question.encode()).fetchall()

    @property
    def is_all_read(self) -> bool:
        return self.asked("SELECT count(*) FROM charging_stationmessage WHERE NOT is_read") == [(0,)]


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if stat.read_text().rpartition(")")[2].split()[1] == str(parent):
                found.append(int(stat.parent.name))
    return found


class Speaker:
    """A station that charges again and again, and says what was not answered once more, as stations do."""

    def __init__(self, gateway: Gateway, name: str, password: str, card: str) -> None:
        self.gateway, self.name, self.card = gateway, name, card
        basic = base64.b64encode(f"{name}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {basic}"}
        self._open = contextlib.ExitStack()
        self._socket: ClientConnection | None = None
        self.answered: list[str] = []
        self.energies: list[int] = []
        self.connections = 0
        self.is_over = threading.Event()
        self._thread = threading.Thread(target=self._charge_on, daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Let it finish its charge."""
        self.is_over.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "a station still waits for its answer"

    def _charge_on(self) -> None:
        for number in count():
            if self.is_over.is_set():
                break
            self._charge(number)
        self._open.close()

    def _charge(self, number: int) -> None:
        began, energy = MONTH + timedelta(minutes=20 * number), 100 + number
        read, ended = began + timedelta(minutes=5), began + timedelta(minutes=10)
        start = {"connectorId": 1, "idTag": self.card, "meterStart": 1000 * number, "timestamp": began.isoformat()}
        charge = self.says("StartTransaction", **start)["transactionId"]
        value = [{"timestamp": read.isoformat(), "sampledValue": [{"value": str(1000 * number + 50)}]}]
        self.says("MeterValues", connectorId=1, transactionId=charge, meterValue=value)
        stop = {"transactionId": charge, "meterStop": 1000 * number + energy, "timestamp": ended.isoformat()}
        self.says("StopTransaction", **stop)
        self.energies.append(energy)

    def says(self, action: str, **payload: Any) -> Any:
        """Say it until it is answered; each time under another id, as stations do."""
        while True:
            message_id = uuid4().hex
            with contextlib.suppress(ConnectionClosed, InvalidHandshake, OSError, TimeoutError):
                if self._socket is None:
                    told: dict[str, Any] = {"subprotocols": ["ocpp1.6"], "additional_headers": self._headers}
                    self._socket = self._open.enter_context(connect(self.gateway.url(self.name), **told))
                    self.connections += 1
                self._socket.send(orjson.dumps([2, message_id, action, payload]).decode())
                kind, answered, said = orjson.loads(self._socket.recv(timeout=PATIENCE_S))
                assert (kind, answered) == (3, message_id)
                self.answered.append(message_id)
                return said
            self._open.close()
            self._socket = None
            time.sleep(0.2)


class Worker:
    """One that drafts and prices, with the timetable, by the Redis of the environment."""

    def __init__(self, own: Postgres, folder: Path) -> None:
        quiet = ["--concurrency=2", "--loglevel=CRITICAL", "--without-gossip", "--without-mingle"]
        command = [sys.executable, "-m", "celery", "-A", "portal.celery", "worker", "-B", f"--schedule={folder}/beat"]
        told: dict[str, Any] = {"env": own.environment("app"), "cwd": settings.BASE_DIR, "start_new_session": True}
        self.process = subprocess.Popen([*command, *quiet], **told)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def own_redis(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """The queue and cache of all that is started after it."""
    monkeypatch.setenv("REDIS_URL", f"unix://{redis.socket}?db=0")
    return redis


@pytest.fixture
def worker(own_redis: Redis, own: Postgres, tmp_path: Path) -> Iterator[Worker]:
    running = Worker(own, tmp_path)
    yield running
    running.kill()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Postgres]:
    running = Postgres(tmp_path / "state")
    yield running
    running.kill()
    postgres.remove_nobodys(running.state)


@pytest.fixture
def reader(own: Postgres) -> Iterator[Reader]:
    running = Reader(own.address("app"))
    yield running
    running.kill()


@pytest.fixture
def street_of(own: Postgres, reader: Reader) -> Iterator[tuple[Gateway, list[Speaker]]]:
    """The gateway, the reader, and stations that charge."""
    gateway = Gateway(own.address("gateway"))
    speakers = [Speaker(gateway, name, own.password, f"04{i:08X}") for i, name in enumerate(own.names)]
    for speaker in speakers:
        speaker.begin()
    until(lambda: own.asked("SELECT count(*) FROM charging_chargingsession") != [(0,)], "nothing is read")
    yield gateway, speakers
    for speaker in speakers:
        speaker.is_over.set()
    gateway.kill()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def charges(speakers: list[Speaker]) -> int:
    return sum(len(speaker.energies) for speaker in speakers)


def have_charged(speakers: list[Speaker], more: int) -> None:
    wanted = charges(speakers) + more
    until(lambda: charges(speakers) >= wanted, "the stations do not get on")


def assert_all_is_kept_and_billed_once(own: Postgres, speakers: list[Speaker]) -> None:
    assert_all_is_kept(own, speakers)
    assert_billed_once(own, speakers)


def assert_all_is_kept(own: Postgres, speakers: list[Speaker]) -> None:
    for speaker in speakers:
        speaker.end()
    until(lambda: own.is_all_read, "messages are not read")
    kept = {message_id for (message_id,) in own.asked("SELECT message_id FROM charging_stationmessage")}
    answered = {message_id for speaker in speakers for message_id in speaker.answered}
    assert answered <= kept
    truth = {speaker.name: speaker.energies for speaker in speakers}
    assert dict(own.asked(_SESSIONS)) == truth
    assert own.asked("SELECT count(*) FROM charging_chargingsession") == [(charges(speakers),)]


def assert_billed_once(own: Postgres, speakers: list[Speaker]) -> None:
    for _twice in range(2):
        own.manage("bill_month", f"{MONTH:%Y-%m}", "--operator", "north")
        ((billed, different, energy),) = own.asked(_BILLED)
        assert (billed, different) == (charges(speakers), charges(speakers))
        assert energy == sum(sum(speaker.energies) for speaker in speakers)


def test_postgres_killed_under_load_loses_nothing_that_was_answered_and_bills_nothing_twice(own, street_of):
    gateway, speakers = street_of
    for _ in range(KILLS):
        have_charged(speakers, CHARGES_BETWEEN)
        own.kill()
        time.sleep(0.5)
        own.start()
    have_charged(speakers, CHARGES_BETWEEN)
    assert gateway.process.poll() is None
    assert_all_is_kept_and_billed_once(own, speakers)


@pytest.mark.parametrize("victim", ["gateway", "reader"])
def test_killed_again_and_again_under_load_nothing_is_lost_and_nothing_billed_twice(own, street_of, reader, victim):
    """At moments that nobody chose, while stations say what they can."""
    gateway, speakers = street_of
    killed: Any = {"gateway": gateway, "reader": reader}[victim]
    chance = Random(KILLS_OF_OTHERS)
    for _ in range(KILLS_OF_OTHERS):
        have_charged(speakers, 1)
        time.sleep(chance.uniform(0, 0.5))
        killed.kill()
        killed.start()
    have_charged(speakers, CHARGES_BETWEEN)
    assert_all_is_kept_and_billed_once(own, speakers)


def test_redis_killed_under_load_loses_nothing_and_bills_nothing_twice(own_redis, own, worker, street_of):
    """First while stations charge, then while workers draft the invoices of all that."""
    _, speakers = street_of
    chance = Random(KILLS_OF_OTHERS)
    for _ in range(KILLS_OF_OTHERS):
        have_charged(speakers, 1)
        time.sleep(chance.uniform(0, 0.5))
        own_redis.kill()
        own_redis.start()
    have_charged(speakers, CHARGES_BETWEEN)
    assert_all_is_kept(own, speakers)
    own.manage("shell", "-c", _ASK_FOR_DRAFTS)
    for _ in range(KILLS_OF_OTHERS):
        time.sleep(chance.uniform(0, 0.5))
        own_redis.kill()
        own_redis.start()
    until(lambda: own.asked("SELECT state FROM billing_invoicerun") == [("ready",)], "nobody drafts")
    assert worker.process.poll() is None
    assert own.asked(_BILLED)[0][:2] == (charges(speakers), charges(speakers)), "the workers did it"
    assert_billed_once(own, speakers)


def test_while_postgres_is_away_for_a_minute_stations_wait_and_nothing_is_lost(own, street_of):
    gateway, speakers = street_of
    have_charged(speakers, CHARGES_BETWEEN)
    connected, before = [speaker.connections for speaker in speakers], gateway.memory_mb
    own.stop()
    late = Reader(own.address("app"))  # one that is started meanwhile waits, too
    time.sleep(1)  # what had been committed is answered
    answered = [len(speaker.answered) for speaker in speakers]
    time.sleep(AWAY_S)
    assert late.process.poll() is None
    late.kill()
    assert [len(speaker.answered) for speaker in speakers] == answered
    assert not gateway.is_well()
    assert gateway.memory_mb - before < 20
    own.start()
    have_charged(speakers, CHARGES_BETWEEN)
    assert [speaker.connections for speaker in speakers] == connected, "sockets stay"
    assert_all_is_kept_and_billed_once(own, speakers)
