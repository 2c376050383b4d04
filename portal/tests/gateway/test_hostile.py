"""Hostile stations at a real gateway: it may close their socket, and it never dies, grows, or keeps others waiting."""

import asyncio
import base64
import contextlib
import statistics
import threading
import time
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from charging.models import Connector, Station
from charging.services import station_links
from charging.tests.domain.test_ocpp_hostile import PAYLOADS, written
from portal.gateway.server import OF_ONE_ADDRESS, Gateway, _forget_pings
from portal.tests.gateway.conftest import NOW, PATIENCE_S
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
ACTIONS = some.sampled_from(
    ["StartTransaction", "StopTransaction", "MeterValues", "StatusNotification", "Authorize", "BootNotification", "X"]
)
FRAMES = (
    some.binary(max_size=200)
    | some.text(some.characters(codec="utf-8"), max_size=200)
    | some.tuples(some.sampled_from([2, 3, 4, "2", 6]), some.text(max_size=5) | some.integers(), ACTIONS, PAYLOADS).map(
        written
    )
)


@pytest.fixture
def neighbour(street):
    """The password of another station."""
    with tenant_scope(street.operator.pk):
        station = Station.objects.create(site=street.station.site, identifier="Torget-2")
        Connector.objects.create(station=station, number="1")
        return station_links.make_password(station, at=NOW)


def test_whatever_is_sent_the_gateway_goes_on_and_others_are_answered(gateway, street, neighbour):
    @given(some.lists(FRAMES, max_size=12))
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def attack(frames):
        with contextlib.suppress(ConnectionClosed), gateway.station("Torget-1", street.password) as station:
            for frame in frames:
                station.socket.send(frame)
            station.socket.send('[2,"the end","StatusNotification",{"connectorId":1,"status":"Available"}]')
            while '"the end"' not in station.socket.recv(timeout=PATIENCE_S):
                pass

    attack()
    with gateway.station("Torget-2", neighbour) as station:
        assert station.call("StatusNotification", connectorId=1, status="Available") == {}
    assert gateway.process.poll() is None


def test_a_frame_may_come_as_bytes_and_in_pieces(gateway, street):
    with gateway.station("Torget-1", street.password) as station:
        said = '[2,"1","StatusNotification",{"connectorId":1,"status":"Available"}]'
        for frame in (said.encode(), [said[:20], said[20:40], said[40:]]):
            station.socket.send(frame)
            assert station.heard("1") == {}


RESERVED = bytes([0xC1, 0x80]) + bytes(4)  # a text whose first reserved bit is set: compressed, which nobody agreed on
NO_TEXT = bytes([0x81, 0x81]) + bytes(4) + b"\xff"  # one byte, which is no UTF-8
WITHOUT_MASK = bytes([0x81, 0x02]) + b"[]"
UNKNOWN_KIND = bytes([0x83, 0x80]) + bytes(4)


@pytest.mark.parametrize("raw", [RESERVED, NO_TEXT, WITHOUT_MASK, UNKNOWN_KIND])
def test_bytes_that_are_no_frame_close_their_socket_alone(gateway, street, neighbour, raw):
    with gateway.station("Torget-2", neighbour) as other:
        with gateway.station("Torget-1", street.password) as station:
            station.socket.socket.sendall(raw)
            with pytest.raises(ConnectionClosed):
                station.socket.recv(timeout=PATIENCE_S)
        assert other.call("StatusNotification", connectorId=1, status="Available") == {}
    with gateway.station("Torget-1", street.password) as station:
        assert station.call("StatusNotification", connectorId=1, status="Available") == {}


async def flood(gateway, password, is_over):
    """Speak as fast as the gateway reads, and never mind the answers."""
    basic = base64.b64encode(f"Torget-1:{password}".encode()).decode()
    told = {"Authorization": f"Basic {basic}"}
    spoken = [Subprotocol("ocpp1.6")]
    async with connect(
        gateway.url("Torget-1"), subprotocols=spoken, additional_headers=told, close_timeout=1
    ) as socket:

        async def hear():
            async for _ in socket:
                pass

        hearing = asyncio.create_task(hear())
        while not is_over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await socket.send(f'[2,"1","DataTransfer",{{"vendorId":"{"x" * 1000}"}}]')
        hearing.cancel()


@pytest.mark.slow
def test_one_that_floods_keeps_no_other_waiting_and_takes_no_memory(gateway, street, neighbour):
    is_over, before, times = threading.Event(), gateway.memory_mb, []
    flooding = threading.Thread(target=lambda: asyncio.run(flood(gateway, street.password, is_over)))
    flooding.start()
    try:
        with gateway.station("Torget-2", neighbour) as station:
            for _ in range(40):
                began = time.monotonic()
                station.call("Authorize", idTag="04A1B2C3D4")
                times.append(time.monotonic() - began)
                time.sleep(0.05)
        grown = gateway.memory_mb - before
    finally:
        is_over.set()
        flooding.join()
    assert statistics.median(times) < 0.5
    assert grown < 50


def test_one_address_does_not_take_every_place():
    gateway = Gateway(None)  # type: ignore[arg-type]  # nobody is let in
    taken = sum(gateway._may_come("192.0.2.1") for _ in range(100))
    assert OF_ONE_ADDRESS <= taken <= OF_ONE_ADDRESS + 1
    assert gateway._may_come("192.0.2.2")


def test_of_a_station_that_never_answers_a_ping_only_the_last_is_waited_for():
    @dataclass
    class Connection:
        pending_pings: dict[bytes, object]

    connection = Connection({b"1": object(), b"2": object(), b"3": (last := object())})
    for _ in range(2):
        _forget_pings(connection)  # type: ignore[arg-type]  # all that is asked of one
        assert connection.pending_pings == {b"3": last}
    connection.pending_pings.clear()
    _forget_pings(connection)  # type: ignore[arg-type]
    assert connection.pending_pings == {}
