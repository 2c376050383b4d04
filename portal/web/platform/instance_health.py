"""How the instance does: figures for those who run it, measured when they are asked for.

What cannot be measured is None, never an error page: a page about health must show itself when something is ill.
Of operators it tells only how many pieces of work stand still, counted in each one's own scope.
"""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from kombu.exceptions import OperationalError

from portal.celery import app
from tenants import work
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.services.backups import folder
from tenants.services.backups.folder import BackupStanding
from tenants.work import Standing

TICK = "wattledger:timetable:tick"
# The timetable ticks once a minute; later than this it has stopped, or nobody does its work.
LATE = timedelta(minutes=3)
SCARCE = 0.1  # of the disk
WAIT_S = 1.0

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Database:
    """PostgreSQL. `oldest_transaction` is None where the role may not see other connections' times."""

    version: str
    size_bytes: int
    connections: int
    most_connections: int
    oldest_transaction: timedelta | None


@dataclass(frozen=True, slots=True)
class Queue:
    """Redis."""

    version: str
    answered_in_ms: float
    waiting: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that keeps documents and uploads."""

    free_bytes: int
    total_bytes: int

    @property
    def is_scarce(self) -> bool:
        """Whether little is left."""
        return self.free_bytes < self.total_bytes * SCARCE


@dataclass(frozen=True, slots=True)
class Stalled:
    """Which kinds of an operator's work stand still or are set aside."""

    operator: Operator
    work: list[Standing]


def measure(*, at: datetime) -> dict[str, Any]:
    """Return all figures by name. Takes about a second when a part does not answer."""
    tick = _or_none(last_tick)
    return {
        "database": _or_none(database),
        "queue": _or_none(queue),
        "workers": _or_none(workers),
        "last_tick": tick,
        "is_late": tick is None or at - tick > LATE,
        "disk": _or_none(disk),
        "backups": backups(at=at),
        "stalled": stalled(at=at),
    }


def tick(*, at: datetime) -> None:
    """Note that the timetable is alive and that its work is done."""
    cache.set(TICK, at.timestamp(), timeout=None)


def last_tick() -> datetime | None:
    """Return when the timetable last ticked."""
    noted = cache.get(TICK)
    return datetime.fromtimestamp(noted, UTC) if noted else None


def database() -> Database:
    """Measure PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database()),"
            " count(*), current_setting('max_connections')::int, now() - min(xact_start)"
            " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        version, size, connections, most, oldest = cursor.fetchone()
    return Database(version.split()[0], size, connections + 1, most, oldest)


def queue() -> Queue:
    """Measure Redis."""
    server = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=WAIT_S, socket_connect_timeout=WAIT_S)
    began = time.perf_counter()
    server.ping()
    answered = (time.perf_counter() - began) * 1000
    facts: Any = server.info()
    waiting = sum(int(server.llen(queue.name)) for queue in app.conf.task_queues)
    version = facts.get("redis_version") or facts.get("valkey_version") or ""
    return Queue(str(version), answered, waiting, int(facts.get("used_memory", 0)))


def workers() -> list[str]:
    """Return the names of the Celery workers that answer within a second."""
    replies = app.control.ping(timeout=WAIT_S) or []
    return sorted(name for reply in replies for name in reply)


def backups(*, at: datetime) -> BackupStanding | None:
    """Say how the backups do; None where none are wanted."""
    if not settings.BACKUP_FOLDER:
        return None
    return folder.standing(Path(settings.BACKUP_FOLDER), every=settings.BACKUP_EVERY, at=at)


def disk() -> Disk:
    """Measure the disk of the files."""
    usage = shutil.disk_usage(settings.STATE_DIR)
    return Disk(usage.free, usage.total)


def stalled(*, at: datetime) -> list[Stalled]:
    """Return the active operators with work that stands still, by name."""
    found = (_stalled_at(each, at) for each in Operator.objects.filter(state=Operator.State.ACTIVE).order_by("name"))
    return [each for each in found if each.work]


def _stalled_at(operator: Operator, at: datetime) -> Stalled:
    with tenant_scope(operator.pk):
        return Stalled(operator, work.standing(at=at))


def _or_none(measured: Callable[[], T]) -> T | None:
    try:
        return measured()
    except (OSError, redis.RedisError, OperationalError):
        log.exception("%s could not be measured.", measured.__name__)
        return None
