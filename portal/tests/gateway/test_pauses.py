"""What the gateway does with its memory: how seldom it looks through it, and what it gives back."""

import asyncio
import ctypes
import subprocess
import sys
from typing import Any

import orjson
import pytest
from django.conf import settings
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from portal.gateway import door
from portal.gateway.answers import ROWS
from portal.gateway.door import Guest
from portal.gateway.server import READ_AT_ONCE, Gateway
from portal.gateway.store import Store
from portal.tests.gateway.conftest import PATIENCE_S

_BURSTS = """
import gc, json
from portal.gateway.memory import spare_looks
spare_looks()
def looks():
    return [each["collections"] for each in gc.get_stats()]
before = looks()
for _ in range(200):
    messages = [{"read": [number]} for number in range(1_000)]
    del messages
print(json.dumps({"looks": [now - was for now, was in zip(looks(), before)], "spared": gc.get_freeze_count()}))
"""
_FRAGMENTS = """
import asyncio, json
from portal.gateway import memory
def held():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * 4 // 1024
async def run():
    memory.GIVEN_BACK_S = 0.01
    frames = [b"x" * (600 + number % 2_000) for number in range(60_000)]
    kept = frames[::100]
    del frames
    fragmented = held()
    giving = asyncio.create_task(memory.give_back())
    await asyncio.sleep(0.5)
    giving.cancel()
    print(json.dumps([fragmented, held(), len(kept)]))
asyncio.run(run())
"""


def _said_by(program: str) -> Any:
    """What a process of its own says: nothing of what is measured is the tests' own."""
    return orjson.loads(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, cwd=settings.BASE_DIR).stdout
    )


def test_bursts_of_messages_are_not_looked_through_nor_what_stays():
    found = _said_by(_BURSTS)
    assert found["looks"] == [0, 0, 0]
    assert found["spared"] > 10_000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="a C library that gives back by itself")
def test_what_is_free_between_what_is_held_is_given_back():
    fragmented, held, _ = _said_by(_FRAGMENTS)
    assert held < fragmented / 2


def test_no_more_room_is_made_for_a_frame_than_most_need(monkeypatch):
    async def let_in(*_: object, **__: object) -> Guest:
        return Guest(1, 1, 1, "ocpp1.6")

    async def gone(*_: object) -> None:
        pass

    monkeypatch.setattr(door, "let_in", let_in)
    monkeypatch.setattr(door, "gone", gone)

    async def room() -> int:
        gateway = Gateway(Store("", ROWS))
        async with await gateway.open("127.0.0.1", 0) as server, asyncio.timeout(PATIENCE_S):
            port = server.sockets[0].getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}/ocpp/north/B", subprotocols=[Subprotocol("ocpp1.6")]):
                while not gateway._lines:
                    await asyncio.sleep(0.01)
                return int(gateway._lines[1].connection.transport.max_size)  # type: ignore[attr-defined]

    assert asyncio.run(room()) == READ_AT_ONCE < asyncio.selector_events._SelectorTransport.max_size  # type: ignore[attr-defined]
