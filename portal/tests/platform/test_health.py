"""The page about the instance's health, measured on the real PostgreSQL and Redis of the tests."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from charging.models import FileImport
from portal import tasks
from portal.tests import app_role
from portal.tests.examples import example
from portal.web.platform import instance_health
from tenants.scoping import tenant_scope


@pytest.fixture(autouse=True)
def _no_tick():
    yield
    cache.delete(instance_health.TICK)


def test_the_page_shows_itself_without_a_worker(platform):
    shown = platform.get("/platform/health/").content.decode()
    assert "PostgreSQL" in shown
    assert "No worker answers" in shown


def test_the_page_shows_itself_when_the_queue_is_away(platform, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Redis does not answer" in platform.get("/platform/health/").content.decode()


def test_postgresql_is_measured_with_the_rights_of_the_platform(as_platform):
    measured = instance_health.database()
    assert int(measured.version.split(".")[0]) >= 15
    assert measured.size_bytes > 1_000_000
    assert 0 < measured.connections <= measured.most_connections


def test_a_tick_is_late_after_three_minutes(as_platform):
    now = timezone.now()
    assert instance_health.measure(at=now)["is_late"]
    tasks.tick()
    assert not instance_health.measure(at=timezone.now())["is_late"]
    assert instance_health.measure(at=now + timedelta(minutes=4))["is_late"]


def test_stalled_work_is_counted_operator_by_operator(north, south):
    with tenant_scope(north.pk):
        example(FileImport, state="queued")
        FileImport.objects.update(queued_at=timezone.now() - timedelta(hours=1))
        example(FileImport, state="queued")
    with app_role.as_platform():
        found = instance_health.stalled(at=timezone.now())
    assert [(each.operator, [(one.kind, one.overdue) for one in each.work]) for each in found] == [
        (north, [("import", 1)])
    ]
