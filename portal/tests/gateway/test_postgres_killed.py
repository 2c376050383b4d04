"""PostgreSQL killed under load: nothing that was answered is missing, and no charge becomes two sessions.

A server of the test's own, durable as in production, with a copy of the test database: nobody else's may be killed.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from charging.models import Connector, Station
from charging.services import station_links
from launcher import postgres
from launcher.errors import Refusal
from launcher.paths import State
from launcher.processes import Child
from portal.tests.gateway.conftest import NOW, PATIENCE_S, Gateway
from portal.tests.gateway.test_survives import Reader, wait_for
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
STATIONS, KILLS = 4, 4
TRIES = (ConnectionClosed, InvalidStatus, OSError, TimeoutError)


class Server:
    """PostgreSQL in a folder of its own."""

    def __init__(self, folder):
        self.passwords: dict[str, str] = {}
        self.state = State(folder / "state")
        self.state.prepare()
        self.here = postgres.cluster(self.state)
        postgres.create(self.here)
        self._start()
        postgres.prepare(self.here)

    def _start(self):
        deadline = time.monotonic() + 3 * PATIENCE_S
        while True:  # until the processes of the one that was killed have noticed
            self.child = Child(postgres.program(self.here, durable=True), self.state)
            try:
                postgres.wait(self.here, self.child)
            except Refusal:
                assert time.monotonic() < deadline, "PostgreSQL does not start again"
                time.sleep(0.2)
            else:
                return

    def kill(self):
        os.kill(int((self.here.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        self.child.process.wait()

    def kill_and_start(self):
        self.kill()
        self._start()

    def copy(self, url):
        programs = self.here.installation.bin
        dumped = subprocess.run([programs / "pg_dump", url], stdout=subprocess.PIPE, check=True).stdout
        where = ["-h", str(self.here.sockets), "-U", "postgres", "-d", "wattledger", "-q"]
        subprocess.run([programs / "psql", *where], input=dumped, stdout=subprocess.DEVNULL, check=True)

    def ask(self, question):
        address = f"postgresql://postgres@/wattledger?host={self.here.sockets}"
        with psycopg.connect(address) as asked:
            return asked.execute(question).fetchall()


@pytest.fixture
def server(tmp_path, street):
    found = Server(tmp_path)
    own = urlsplit(os.environ["DATABASE_OWNER_URL"])
    try:
        with tenant_scope(street.operator.pk):
            passwords = {"Torget-1": street.password}
            for number in range(2, STATIONS + 1):
                station = Station.objects.create(site=street.station.site, identifier=f"Torget-{number}")
                Connector.objects.create(station=station, number="1", max_power_w=22_000)
                passwords[station.identifier] = station_links.make_password(station, at=NOW)
        found.copy(urlunsplit(own._replace(path=f"/{connection.settings_dict['NAME']}")))
        found.passwords = passwords
        yield found
    finally:
        found.kill()
        postgres.remove_nobodys(found.state)


class Speaker(threading.Thread):
    """Charges at one station as fast as answers come, and says again what was not answered."""

    def __init__(self, gateway, identity, password, is_over):
        super().__init__()
        self.gateway, self.identity, self.password, self.is_over = gateway, identity, password, is_over
        self.answered, self.charged, self.station = [], {}, None

    def run(self):
        began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
        calls = count()
        for number in count():
            if self.is_over.is_set():
                return
            at = (began + timedelta(seconds=2 * number)).isoformat()
            end = (began + timedelta(seconds=2 * number + 1)).isoformat()
            start = {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 10 * number, "timestamp": at}
            charge = self._until_answered(calls, "StartTransaction", start)["transactionId"]
            stop = {"transactionId": charge, "meterStop": 10 * number + 5, "timestamp": end}
            self._until_answered(calls, "StopTransaction", stop)
            self.charged[charge] = 5

    def _until_answered(self, calls, action, payload):
        while True:
            with contextlib.suppress(*TRIES):
                if self.station is None:
                    self.connected = self.gateway.station(self.identity, self.password)
                    self.station = self.connected.__enter__()
                message_id = f"{self.identity}-{next(calls)}"
                answer = self.station.call(action, message_id, **payload)
                self.answered.append(message_id)
                return answer
            if self.station is not None:  # the connection is lost, or nobody answers on it
                self.station = None
                with contextlib.suppress(*TRIES):
                    self.connected.__exit__(None, None, None)
            time.sleep(0.1)


def test_killed_under_load_nothing_answered_is_missing_and_nothing_is_billed_twice(server):
    is_over, app = threading.Event(), postgres.url(server.state, "app")
    gateway, reader = Gateway(postgres.url(server.state, "gateway")), Reader(app)
    try:
        speakers = [Speaker(gateway, name, password, is_over) for name, password in server.passwords.items()]
        for speaker in speakers:
            speaker.start()
        for _ in range(KILLS):
            wanted = sum(len(speaker.answered) for speaker in speakers) + 40
            wait_for(lambda wanted=wanted: sum(len(s.answered) for s in speakers) >= wanted, "stations get no answer")
            server.kill_and_start()
        is_over.set()
        for speaker in speakers:
            speaker.join(timeout=4 * PATIENCE_S)
            assert not speaker.is_alive()
        kept = {row[0] for row in server.ask("SELECT message_id FROM charging_stationmessage")}
        assert {message for speaker in speakers for message in speaker.answered} <= kept
        unread = "SELECT 1 FROM charging_stationmessage WHERE NOT is_read LIMIT 1"
        wait_for(lambda: not server.ask(unread), "messages are not read")
        charged = {number: wh for speaker in speakers for number, wh in speaker.charged.items()}
        sessions = server.ask("SELECT external_id::int, energy_wh, state FROM charging_chargingsession")
        assert sorted(sessions) == sorted((number, wh, "COMPLETED") for number, wh in charged.items())
    finally:
        is_over.set()
        reader.kill()
        gateway.kill()
