"""`python -m portal.gateway`: listens until it is told to stop."""

import asyncio
import logging
import resource
import signal

from portal import env, transport
from portal.gateway.answers import ROWS
from portal.gateway.cards import card_keys
from portal.gateway.commands import Bell
from portal.gateway.memory import give_back, spare_looks
from portal.gateway.server import Gateway
from portal.gateway.store import Store

HOST = "127.0.0.1"
#: Open files, of which a connection takes one.
FILES = 65_536


async def main() -> None:
    """Serve until SIGTERM or SIGINT; connections are told that we go, so that stations come again at once.

    Nor does it go on without a part of itself: what ends one of them ends it, and it is started anew.
    """
    logging.basicConfig(level=env.text("LOG_LEVEL", "INFO"), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("websockets").setLevel(logging.ERROR)
    _open_files()
    spare_looks()
    address = env.text("DATABASE_GATEWAY_URL")
    if env.kind() == "production":
        transport.check_database("DATABASE_GATEWAY_URL")
    card_keys()
    store = Store(address, ROWS)
    header = env.text("GATEWAY_CERTIFICATE_HEADER", "")
    gateway = Gateway(store, proxies=env.number("TRUSTED_PROXIES", 0), certificates=header)
    working = [
        asyncio.create_task(store.run()),
        asyncio.create_task(Bell(address, store, gateway.look, gateway.here).run()),
        asyncio.create_task(gateway.cards.run(address, gateway.here)),
        asyncio.create_task(give_back()),
    ]
    stopped = asyncio.create_task(_told_to_stop())
    server = await gateway.open(HOST, env.number("GATEWAY_PORT", 8002))
    done, _ = await asyncio.wait({*working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    server.close()
    await server.wait_closed()
    for task in working:
        task.cancel()
    for task in done:
        task.result()  # raises what ended it


async def _told_to_stop() -> None:
    event = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    await event.wait()


def _open_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    asyncio.run(main())
