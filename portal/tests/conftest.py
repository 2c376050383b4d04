"""Fixtures of the doors: attempts are counted for each test apart, and a refusal does not wait; workers for real."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.celery import app
from portal.gate import throttle
from portal.tests.cast import member
from portal.tests.workers import TURN, Redis, Worker
from portal.web.account import sign_in as sign_in_page
from tenants import work
from tenants.models import ApiKey, User
from tenants.permissions import Permission
from tenants.scoping import tenant_scope
from tenants.services.proof import api_keys
from tenants.work import Lane


@pytest.fixture(autouse=True)
def _own_limits(monkeypatch):
    monkeypatch.setattr(throttle, "NAMESPACE", f"test:{uuid4().hex}")
    monkeypatch.setattr(sign_in_page, "REFUSAL_S", 0)


@pytest.fixture
def petra(db: None) -> User:
    """A member of the platform with a second factor."""
    return member("petra")


@pytest.fixture
def pelle(db: None) -> User:
    """Another member of the platform."""
    return member("pelle")


@pytest.fixture
def make_key() -> Any:
    """Return a function that makes a key of an operator's and gives its text."""

    def made(operator, by, *, scopes=(Permission.VIEW_AUDIT.value,), **changes):
        now = timezone.now()
        with tenant_scope(operator.pk):
            issued = api_keys.make(
                name="Nightly export",
                scopes=[Permission.VIEW_AUDIT.value],
                expires_at=now + timedelta(days=90),
                by=by,
                at=now,
            )
            # What no service makes: a key without scopes, one that has ended.
            ApiKey.objects.filter(pk=issued.key.pk).update(scopes=list(scopes), **changes)
        return issued.text

    return made


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A server of the test's own."""
    folder = Path(tempfile.mkdtemp(prefix="wl-redis-"))
    server = Redis(folder)
    yield server
    server.kill()
    shutil.rmtree(folder)


@pytest.fixture
def worker(redis) -> Iterator[Callable[[], Worker]]:
    """Starts workers, and leaves none behind."""
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker(redis))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture
def our_redis(redis, monkeypatch):
    """Wake workers by the Redis of the test."""

    def send(lane: Lane) -> None:
        with app.connection_for_write(f"redis+socket://{redis.socket}?virtual_host=0") as broker:
            app.send_task(TURN, kwargs={"lane": lane.value}, queue=lane.value, connection=broker, retry=True)

    monkeypatch.setattr(work, "_senders", [send])
