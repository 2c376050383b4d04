"""What the database calls out (`NOTIFY`), heard on a connection of its own."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import psycopg
from psycopg import sql

log = logging.getLogger(__name__)

#: After so long without a connection it is tried again.
AGAIN_S = 2.0
#: Nothing is said on such a connection for hours: one of which the other side is gone is noticed within a minute.
_KEPT_ALIVE: Mapping[str, Any] = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


async def heard_on(
    address: str, channel: str, *, every_s: float | None = None
) -> AsyncGenerator[tuple[psycopg.AsyncConnection[Any], int]]:
    """Yield the connection with the last number of what is called on the channel, 0 where it has none; for good.

    0 also when it is connected anew, as a call may have been missed, and whenever `every_s` are over.
    """
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                address, autocommit=True, connect_timeout=5, **_KEPT_ALIVE
            ) as connection:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                yield connection, 0
                while True:
                    # Heard to its end before anybody is told: until then nothing can be asked on the connection.
                    notes = [note async for note in connection.notifies(timeout=every_s, stop_after=1)]
                    for number in [_number(note) for note in notes] or [0]:
                        yield connection, number
        except psycopg.Error as error:
            log.warning("Nobody listens to %s (%s)", channel, type(error).__name__)
            await asyncio.sleep(AGAIN_S)


def _number(note: psycopg.Notify) -> int:
    number = note.payload.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0
