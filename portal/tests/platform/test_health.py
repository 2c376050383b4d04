"""The page about the instance's health, measured on the real PostgreSQL and Redis of the tests."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from charging.models import FileImport
from portal import tasks
from portal.tests import app_role
from portal.tests.backups import backup
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


def test_where_no_backups_are_wanted_the_page_says_so(platform, settings):
    settings.BACKUP_FOLDER = ""
    assert "No backups are made here" in platform.get("/platform/health/").content.decode()


def test_the_page_says_when_a_backup_was_made_and_when_a_restore_was_proved(platform, settings, tmp_path):
    def shown():
        return platform.get("/platform/health/").content.decode()

    settings.BACKUP_FOLDER, settings.BACKUP_EVERY = str(tmp_path), timedelta(days=36_500)
    assert "No new backup" in shown()
    backup(tmp_path, 1)
    assert "No new backup" not in shown()
    assert "No restore has been proved for a quarter of a year" in shown()
    backup(tmp_path, 2, proof=True, unfound=3)
    assert "3 files that the database names were not there" in shown()
    backup(tmp_path, 3, proof=False)
    assert "The last restore was not as the backup says" in shown()
    assert "with differences" in shown()
    settings.BACKUP_EVERY = timedelta(hours=1)
    settings.BACKUP_FOLDER = str(tmp_path / "nothing")
    assert "No new backup" in shown()
