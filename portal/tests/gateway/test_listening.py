"""What the database calls out reaches whoever listens, who may ask it on the same connection meanwhile."""

import asyncio

import psycopg
import pytest

from portal.gateway.listening import heard_on
from portal.tests.gateway.conftest import PATIENCE_S, address_of

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_whoever_is_told_of_a_call_may_ask_on_the_same_connection_and_misses_none_meanwhile():
    async def listen():
        heard = []
        async with asyncio.timeout(PATIENCE_S):
            async for connection, number in heard_on(address_of("gateway"), "listening"):
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
        async with asyncio.timeout(PATIENCE_S):
            async for _, number in heard_on(address_of("gateway"), "listening", every_s=0.05):
                heard.append(number)
                if len(heard) == 3:
                    return heard
        return heard

    assert asyncio.run(listen()) == [0, 0, 0]


def call_out(said):
    with psycopg.connect(address_of("app"), autocommit=True) as calling:
        calling.execute("SELECT pg_notify('listening', %s)", [said])
