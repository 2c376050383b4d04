"""The gateway as a process of its own against the test database, and stations that speak to it."""

import base64
import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import orjson
import pytest
from django.conf import settings
from django.db import connection
from websockets.sync.client import ClientConnection, connect

from charging.models import Connector, Site, Station, Token
from charging.services import station_links
from tenants import crypto
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.services.people import drivers

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
PATIENCE_S = 30


def address_of(role: str) -> str:
    """The test database as a role."""
    url = urlsplit(os.environ["DATABASE_GATEWAY_URL" if role == "gateway" else "DATABASE_URL"])
    return urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gateway:
    """`python -m portal.gateway`, which can be killed and started again on its port.

    address: of its database; that of the tests where none is named. told: more of its environment.
    """

    program = ("-m", "portal.gateway")

    def __init__(self, address: str = "", **told: str) -> None:
        self.port, self.address, self.told = free_port(), address or address_of("gateway"), told
        self.start()

    def start(self) -> None:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "DATABASE_GATEWAY_URL": self.address,
            "GATEWAY_PORT": str(self.port),
            **self.told,
            "CARD_KEYS": " ".join(base64.b64encode(key).decode() for key in crypto.card_keys()),
        }
        self.process = subprocess.Popen([sys.executable, *self.program], cwd=settings.BASE_DIR, env=environment)
        deadline = time.monotonic() + PATIENCE_S
        while not self.is_well():
            assert self.process.poll() is None, "the gateway ended"
            assert time.monotonic() < deadline, "the gateway does not answer"
            time.sleep(0.05)

    def is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=PATIENCE_S)

    def url(self, identity: str, operator: str = "north") -> str:
        return f"ws://127.0.0.1:{self.port}/ocpp/{operator}/{quote(identity, safe='')}"

    @contextlib.contextmanager
    def station(self, identity: str, password: str | bytes, **options: Any) -> Iterator["Client"]:
        """A connected station."""
        given = password.encode() if isinstance(password, str) else password
        basic = base64.b64encode(identity.encode() + b":" + given).decode()
        headers = {"Authorization": f"Basic {basic}", **options.pop("headers", {})}
        told = {"subprotocols": ["ocpp1.6"], "additional_headers": headers, **options}
        operator = told.pop("operator", "north")
        with connect(self.url(identity, operator), close_timeout=1, **told) as socket_:
            yield Client(socket_)


class Client:
    """Says what a test tells it, and hears the answer."""

    def __init__(self, socket_: ClientConnection) -> None:
        self.socket, self.said = socket_, 0

    def call(self, action: str, message_id: str = "", **payload: Any) -> Any:
        """Send a call and return the payload of its answer."""
        self.said += 1
        message_id = message_id or str(self.said)
        self.socket.send(orjson.dumps([2, message_id, action, payload]).decode())
        return self.heard(message_id)

    def heard(self, message_id: str) -> Any:
        kind, answered, *rest = orjson.loads(self.socket.recv(timeout=PATIENCE_S))
        assert answered == message_id
        return rest[0] if kind == 3 else tuple(rest)


@pytest.fixture
def gateway(transactional_db: None) -> Iterator[Gateway]:
    running = Gateway()
    yield running
    running.kill()


class Street:
    """A station of north with its password, a driver's card and their operator."""

    def __init__(self, north: Operator) -> None:
        self.operator = north
        with tenant_scope(north.pk):
            site = Site.objects.create(name="Torget")
            self.station = Station.objects.create(site=site, identifier="Torget-1")
            self.connector = Connector.objects.create(station=self.station, number="1", max_power_w=22_000)
            self.driver = drivers.create(name="Dana", email="dana@example.com")
            self.card = Token.objects.create(uid="04A1B2C3D4", driver=self.driver)
            self.password = station_links.make_password(self.station, at=NOW)


@pytest.fixture
def street(transactional_db: None, north: Operator) -> Street:
    return Street(north)
