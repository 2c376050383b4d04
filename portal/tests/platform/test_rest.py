"""A suspended or closed operator's background work rests, also what was sent before."""

import pytest
from django.utils import timezone

from portal.celery import app
from portal.tests import app_role
from tenants import work
from tenants.models import AuditCheck
from tenants.scoping import tenant_scope
from tenants.services.people import operators
from tenants.tasks_base import SteppedTask
from tenants.work import Kind, Lane


class Counts(SteppedTask):
    name = "tests.counts"

    def run(self, *, operator_id):
        return operator_id


class CountsAlways(Counts):
    name = "tests.counts_always"
    rests_with_operator = False


def done(task, operator):
    """Do the task as a worker would."""
    if task.name not in app.tasks:
        app.register_task(task())
    return app.tasks[task.name].apply(kwargs={"operator_id": operator.pk}, throw=True).result


@pytest.fixture
def suspended(north):
    with app_role.as_platform():
        operators.suspend(north, reason="Unpaid since the spring")
    return north


def test_work_that_was_sent_before_is_left_for_later(suspended):
    assert done(Counts, suspended) is None
    with app_role.as_platform():
        operators.resume(suspended)
    assert done(Counts, suspended) == suspended.pk


def test_a_closed_operator_s_work_is_never_done(north):
    with app_role.as_platform():
        operators.close(north, reason="Unpaid since the spring", at=timezone.now())
    assert done(Counts, north) is None


def test_what_must_go_on_goes_on(suspended):
    assert done(CountsAlways, suspended) == suspended.pk


def test_its_rows_wait_and_their_turn_comes_when_it_is_resumed(suspended, monkeypatch):
    done = []
    kind = Kind("audit_check", AuditCheck, Lane.BULK, lambda operator_id, row, **_: done.append(operator_id))
    monkeypatch.setattr(work, "_kinds", {kind.name: kind})
    with tenant_scope(suspended.pk):
        AuditCheck.objects.create(requested_at=timezone.now())
    work._mark(kind, suspended.pk)  # asked for before
    assert not work.take_turn(Lane.BULK, clock=timezone.now)
    work.sweep(at=timezone.now())
    assert not work.take_turn(Lane.BULK, clock=timezone.now)
    with app_role.as_platform():
        operators.resume(suspended)
    assert work.take_turn(Lane.BULK, clock=timezone.now)
    assert done == [suspended.pk]


def test_what_must_go_on_is_found_and_done_all_the_same(suspended, monkeypatch):
    done = []
    kind = Kind("audit_check", AuditCheck, Lane.BULK, lambda at, row, **_: done.append(at), rests=False)
    monkeypatch.setattr(work, "_kinds", {kind.name: kind})
    with tenant_scope(suspended.pk):
        AuditCheck.objects.create(requested_at=timezone.now())
    work.sweep(at=timezone.now())
    assert work.take_turn(Lane.BULK, clock=timezone.now)
    assert done == [suspended.pk]
