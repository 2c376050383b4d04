"""Real Celery workers in processes of their own, against the test database and a Redis of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection

from launcher import redis as launcher_redis

PATIENCE_S = 90
TURN = "tenants.tasks.take_turn"


def wait_for(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain: {what}"
        time.sleep(0.1)


class Redis:
    """A server on a socket of its own that keeps nothing, so that a restart loses every message."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.folder = folder
        self.start()

    def start(self) -> None:
        options = {"port": "0", "unixsocket": str(self.socket), "save": "", "appendonly": "no", "dir": str(self.folder)}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen([str(launcher_redis.find()), *arguments], stdout=subprocess.DEVNULL)
        wait_for(self.socket.exists, "Redis")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


def database_url() -> str:
    """The test database as the app role."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))


class Worker:
    """A Celery worker with two processes, as the portal runs it."""

    def __init__(self, redis: Redis, *, processes: int = 2, queues: str = "") -> None:
        environment = {
            **os.environ,
            "DATABASE_ROLE": "app",
            "DATABASE_URL": database_url(),
            "REDIS_URL": f"unix://{redis.socket}?db=0",
            "WATTLEDGER_ENV": "test",
        }
        arguments = ["worker", f"--concurrency={processes}", "--loglevel=ERROR", "--without-gossip", "--without-mingle"]
        if queues:
            arguments += [f"--queues={queues}", f"--hostname={queues}@%h"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "portal.celery", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            start_new_session=True,
        )

    def kill(self) -> None:
        """Kill it and its children without a word."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def chunks_held_up() -> Iterator[Callable[[], bool]]:
    """Stop every chunk after it has written its invoices and before it has billed its sessions.

    Yields a question: whether a chunk stands there now.
    """
    with psycopg.connect(database_url()) as holder:
        holder.execute("LOCK TABLE billing_billedsession IN SHARE MODE")

        def caught() -> bool:
            sql = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'billing_billedsession'::regclass"
            return holder.execute(sql).fetchone() is not None

        yield caught
        holder.rollback()


def others_at_work() -> bool:
    with psycopg.connect(database_url()) as asking:
        sql = "SELECT 1 FROM pg_locks WHERE relation = 'billing_invoiceline'::regclass AND pid <> pg_backend_pid()"
        return asking.execute(sql).fetchone() is not None
