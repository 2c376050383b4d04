"""What the database calls out reaches whoever listens, who may ask it on the same connection meanwhile."""

import asyncio
import signal
from contextlib import aclosing
from typing import Any

import psycopg
import pytest

from portal.gateway import listening
from portal.gateway.listening import heard_on
from portal.gateway.unasked import Unasked
from portal.tests.gateway.conftest import PATIENCE_S, Gateway, address_of

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_whoever_is_told_of_a_call_may_ask_on_the_same_connection_and_misses_none_meanwhile():
    async def listen():
        heard = []
        calls = heard_on(address_of("gateway"), "listening")
        async with asyncio.timeout(PATIENCE_S), aclosing(calls):
            async for connection, number in calls:
                async with connection.transaction():
                    await connection.execute("SELECT 1")
                heard.append(number)
                if number == 0:
                    call_out("7")
                elif number == 7:
                    call_out("word:8")
                    await connection.execute("SELECT 1")  # it comes with the answer to this
                else:
                    return heard
        return heard

    assert asyncio.run(listen()) == [0, 7, 8]


def test_who_listens_is_told_of_nothing_now_and_then():
    async def listen():
        heard = []
        calls = heard_on(address_of("gateway"), "listening", every_s=0.05)
        async with asyncio.timeout(PATIENCE_S), aclosing(calls):
            async for _, number in calls:
                heard.append(number)
                if len(heard) == 3:
                    return heard
        return heard

    assert asyncio.run(listen()) == [0, 0, 0]


def call_out(said):
    with psycopg.connect(address_of("app"), autocommit=True) as calling:
        calling.execute("SELECT pg_notify('listening', %s)", [said])


def test_cards_that_the_database_refuses_are_told_of_and_learnt_over_a_new_connection(monkeypatch, caplog):
    monkeypatch.setattr(listening, "AGAIN_S", 0.05)
    learnt: asyncio.Queue[Any] = asyncio.Queue()

    class Refused(Unasked):
        async def learn(self, connection, operators):
            assert list(operators) == []
            learnt.put_nowait(connection)
            await connection.execute("SELECT nothing_of_that_name" if learnt.qsize() == 1 else "SELECT 1")

    async def learn_twice():
        running = asyncio.create_task(Refused().run(address_of("gateway"), list))
        async with asyncio.timeout(PATIENCE_S):
            while learnt.qsize() < 2:
                assert not running.done()
                await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(learn_twice())
    refused, other = learnt.get_nowait(), learnt.get_nowait()
    assert refused is not other
    assert refused.closed
    assert "Nothing is learnt of cards (UndefinedColumn)" in caplog.messages


#: The gateway, of which a part ends as soon as it is told.
_LOSES_A_PART = """
import asyncio, signal
from portal.gateway import __main__ as gateway, commands, unasked
async def ends(*_):
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told.set)
    await told.wait()
    raise LookupError
{part} = ends
asyncio.run(gateway.main())
"""


@pytest.mark.parametrize("part", ["commands.Bell._listen", "unasked.Unasked.run", "gateway.give_back"])
def test_it_ends_with_a_part_of_itself_and_does_not_go_on_without(part, transactional_db):
    class Losing(Gateway):
        program = ("-c", _LOSES_A_PART.format(part=part))

    running = Losing()
    try:
        running.process.send_signal(signal.SIGUSR1)
        assert running.process.wait(PATIENCE_S) == 1
    finally:
        running.kill()
