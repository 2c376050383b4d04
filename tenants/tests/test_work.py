"""Background work: nobody is stopped by another's failure, and nothing is tried for ever."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tenants import work
from tenants.models import AuditCheck, AuditEntry, Operator, Turn
from tenants.models.work import Work
from tenants.scoping import current_operator_id, tenant_scope
from tenants.work import FIRST_DELAY, TRIES, Kind, Lane

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
State = Work.State


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sent(monkeypatch):
    """The lanes that messages were sent to."""
    lanes: list[Lane] = []
    monkeypatch.setattr(work, "_senders", [lanes.append])
    return lanes


@pytest.fixture
def doing(monkeypatch, sent):
    """Returns a function that enters one kind of work, done by what it is given, and nothing else."""

    def enter(do=lambda *_, **__: None, **facts) -> Kind:
        kind = Kind("audit_check", AuditCheck, Lane.BULK, do, **facts)
        monkeypatch.setattr(work, "_kinds", {kind.name: kind})
        return kind

    return enter


def add(operator, count=1):
    with tenant_scope(operator.pk):
        rows = [AuditCheck.objects.create(requested_at=NOW, queued_at=NOW) for _ in range(count)]
    return rows[0] if count == 1 else rows


def seen(row):
    with tenant_scope(row.operator_id):
        return AuditCheck.objects.get(pk=row.pk)


def fails(_operator_id, _row, **_):
    raise ValueError("Nils Nilsson, Storgatan 1")


# --- asking ---


def test_a_message_names_a_lane_and_is_sent_when_the_row_is_kept(
    north, doing, sent, django_capture_on_commit_callbacks
):
    doing()
    with django_capture_on_commit_callbacks() as callbacks:
        row = add(north)
        with tenant_scope(north.pk):
            work.enqueue(row)
    assert sent == []
    callbacks[-1]()
    assert sent == [Lane.BULK]
    turn = Turn.objects.get()
    assert (turn.operator, turn.kind, turn.lane) == (north, "audit_check", "bulk")


def test_many_rows_wake_every_process_and_no_more(north, doing, sent, django_capture_on_commit_callbacks):
    doing()
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(north.pk):
        work.enqueue(AuditCheck(), rows=2000)
    assert len(sent) == work.MOST_MESSAGES


def test_a_broker_that_is_away_costs_no_row_and_the_sweep_sends_again(
    north, doing, sent, clock, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    doing()

    def away(lane):
        raise OSError("redis://:secret@host")

    monkeypatch.setattr(work, "_senders", [away])
    row = add(north)
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(north.pk):
        work.enqueue(row)
    assert "OSError" in caplog.text
    assert "secret" not in caplog.text
    monkeypatch.setattr(work, "_senders", [sent.append])
    work.sweep(at=NOW)
    assert set(sent) == {Lane.BULK}
    assert work.take_turn(Lane.BULK, clock=clock)
    assert seen(row).state == State.DONE


# --- claiming ---


def test_a_row_is_left_alone_until_its_lease_is_over_and_not_a_second_longer(north, doing):
    kind = doing(lease=timedelta(minutes=2))
    row = add(north)
    with tenant_scope(north.pk):
        assert work.claim(kind, at=NOW).pk == row.pk
        assert work.claim(kind, at=NOW + timedelta(minutes=2) - SECOND) is None
        again = work.claim(kind, at=NOW + timedelta(minutes=2))
    assert (again.pk, again.attempts) == (row.pk, 2)


def test_a_sign_of_life_puts_the_lease_off(north, doing):
    kind = doing(lease=timedelta(minutes=2))
    add(north)
    with tenant_scope(north.pk):
        row = work.claim(kind, at=NOW)
        work.keep(row, at=NOW + timedelta(minutes=1), done=7)
        assert work.claim(kind, at=NOW + timedelta(minutes=3) - SECOND) is None
        assert work.claim(kind, at=NOW + timedelta(minutes=3)) is not None
        assert seen(row).done == 7


@pytest.mark.parametrize("end", [work.finish, work.put_back, lambda row: work.keep(row, at=NOW)])
def test_who_was_taken_over_writes_nothing_more(end, north, doing):
    kind = doing()
    add(north)
    with tenant_scope(north.pk):
        first = work.claim(kind, at=NOW)
        second = work.claim(kind, at=NOW + kind.lease)
        with pytest.raises(work.LostClaim):
            end(first)
        assert seen(first).state == State.RUNNING
        work.finish(second)
        with pytest.raises(work.LostClaim):
            work.fail(second, "too_late")
    assert seen(first).state == State.DONE


def test_workers_that_die_of_a_row_are_counted_and_it_is_set_aside(north, doing):
    kind = doing()
    row, other = add(north, 2)
    at = NOW
    with tenant_scope(north.pk):
        for _ in range(TRIES):
            assert work.claim(kind, at=at).pk == row.pk
            at += kind.lease
        assert work.claim(kind, at=at).pk == other.pk
    assert (seen(row).state, seen(row).error) == (State.SET_ASIDE, work.WORKER_LOST)


# --- failing ---


def test_what_fails_is_tried_after_delays_that_double_and_then_set_aside(north, doing, clock):
    kind = doing(fails)
    row = add(north)
    for attempt in range(TRIES):
        assert work.do_next(kind, north.pk, clock=clock)
        delay = FIRST_DELAY * 2**attempt
        assert seen(row).attempts == attempt + 1
        if attempt < TRIES - 1:
            assert (seen(row).state, seen(row).leased_until) == (State.WAITING, clock.now + delay)
            clock.now += delay - SECOND
            assert not work.do_next(kind, north.pk, clock=clock)
            clock.now += SECOND
    assert (seen(row).state, seen(row).error) == (State.SET_ASIDE, "unexpected")
    clock.now += timedelta(days=30)
    assert not work.do_next(kind, north.pk, clock=clock)
    with tenant_scope(north.pk):
        entry = AuditEntry.objects.get(event="work.set_aside")
        assert [(each.kind, each.set_aside) for each in work.standing(at=clock.now)] == [("audit_check", 1)]
    assert entry.additional_data == {"kind": "audit_check", "code": "unexpected"}


def test_a_failure_keeps_its_kind_and_nothing_of_its_text(north, doing, clock, caplog):
    kind = doing(fails)
    row = add(north)
    with caplog.at_level(logging.DEBUG):
        work.do_next(kind, north.pk, clock=clock)
    assert seen(row).error_facts == {"error": "ValueError"}
    assert "test_work.py" in caplog.text
    assert "Nilsson" not in caplog.text


def test_one_poisoned_row_stops_no_other(north, doing, clock):
    first, *others = add(north, 4)

    def do(operator_id, row, **_):
        if row.pk == first.pk:
            fails(operator_id, row)

    doing(do)
    with tenant_scope(north.pk):
        work._mark(work.kind_named("audit_check"), north.pk)
    work.take_turn(Lane.BULK, clock=clock)
    assert [seen(row).state for row in others] == [State.DONE] * 3
    assert seen(first).state == State.WAITING


def test_a_person_has_it_tried_again(north, doing, clock, sent, django_capture_on_commit_callbacks):
    kind = doing()
    row = add(north)
    with tenant_scope(north.pk):
        AuditCheck.objects.update(state=State.SET_ASIDE, attempts=TRIES, error="worker_lost")
    with django_capture_on_commit_callbacks(execute=True), tenant_scope(north.pk):
        assert work.try_again(row, at=NOW)
        assert not work.try_again(row, at=NOW), "it waits already"
        assert AuditEntry.objects.filter(event="work.tried_again").count() == 1
    assert sent == [Lane.BULK]
    assert work.do_next(kind, north.pk, clock=clock)
    assert (seen(row).state, seen(row).error, seen(row).attempts) == (State.DONE, "", 1)


def test_what_cannot_be_done_at_all_is_not_tried_again(north, doing, clock):
    def refuse(operator_id, row, **_):
        with tenant_scope(operator_id):
            work.fail(row, "no_sessions", {"rows": 0})

    kind = doing(refuse)
    row = add(north)
    work.do_next(kind, north.pk, clock=clock)
    assert (seen(row).state, seen(row).error, seen(row).error_facts) == (State.FAILED, "no_sessions", {"rows": 0})
    with tenant_scope(north.pk):
        assert not work.try_again(row, at=NOW)


# --- turns ---


def turns(clock, count):
    """Whose rows were done in the next turns, one row a turn."""
    done = []

    def do(operator_id, row, **_):
        done.append(operator_id)
        clock.now += work.STRETCH

    kind = work.kind_named("audit_check")
    work.register(replace(kind, do=do))
    for _ in range(count):
        work.take_turn(Lane.BULK, clock=clock)
    return done


def test_one_operator_s_many_rows_never_starve_another_s(north, south, doing, clock):
    doing()
    add(north, 50)
    add(south, 2)
    work.sweep(at=NOW)
    assert turns(clock, 7) == [north.pk, south.pk, north.pk, south.pk, north.pk, north.pk]


def test_a_turn_that_leaves_something_hands_on_and_the_last_one_does_not(north, doing, clock, sent):
    doing()
    add(north, 2)
    work.sweep(at=NOW)
    sent.clear()
    turns(clock, 2)
    assert sent == [Lane.BULK] * 2
    work.take_turn(Lane.BULK, clock=clock)  # finds nothing left
    assert sent == [Lane.BULK] * 2
    assert not work.take_turn(Lane.BULK, clock=clock)


def test_what_is_asked_for_while_a_turn_ends_is_not_forgotten(north, doing, clock):
    kind = doing()
    add(north)
    work.sweep(at=NOW)
    turn = Turn.objects.get()
    work._mark(kind, north.pk)  # after the turn was taken
    assert turn.wanted_at is not None
    work._nothing_left(kind, north.pk, turn.wanted_at)
    assert work.take_turn(Lane.BULK, clock=clock)


def test_a_row_that_is_put_back_waits_for_the_others(north, south, doing, clock):
    stretches = []

    def do(operator_id, row, **_):
        stretches.append(operator_id)
        clock.now += work.STRETCH
        if stretches.count(operator_id) < 3:
            with tenant_scope(operator_id):
                work.put_back(row)

    doing(do)
    add(north)
    add(south)
    work.sweep(at=NOW)
    while work.take_turn(Lane.BULK, clock=clock):
        pass
    assert stretches == [north.pk, south.pk] * 3


def test_why_a_row_waited_is_not_told_of_the_process_that_dies_with_it_later(north, doing):
    kind, row = doing(), add(north)
    with tenant_scope(north.pk):
        work.put_back(work.claim(kind, at=NOW), why="away", facts={"answer": 451})
    assert (seen(row).error, seen(row).error_facts) == ("away", {"answer": 451})
    with tenant_scope(north.pk):
        for hours in range(TRIES + 1):
            work.claim(kind, at=NOW + timedelta(hours=1 + hours))
    assert (seen(row).state, seen(row).error, seen(row).error_facts) == ("set_aside", "worker_lost", {})


# --- the sweep ---


def test_the_sweep_looks_at_every_operator_though_one_fails(north, south, east, doing, caplog):
    def prepare(at):
        if current_operator_id() == south.pk:
            raise ValueError("Nils Nilsson, Storgatan 1")

    doing(prepare=prepare)
    for operator in (north, south, east):
        add(operator)
    work.sweep(at=NOW)
    assert set(Turn.objects.values_list("operator_id", flat=True)) == {north.pk, east.pk}
    assert "ValueError" in caplog.text
    assert "Nilsson" not in caplog.text


def test_one_kind_that_fails_stops_no_other_kind(north, doing, monkeypatch):
    kind = doing()
    broken = replace(kind, name="broken", prepare=fails)
    monkeypatch.setattr(work, "_kinds", {"broken": broken, kind.name: kind})
    add(north)
    work.sweep(at=NOW)
    assert list(Turn.objects.values_list("kind", flat=True)) == ["audit_check"]


def test_each_operator_is_done_though_one_fails(north, south, east):
    done = []

    def each(operator_id):
        if operator_id == north.pk:
            raise OSError
        done.append(operator_id)

    work.each_operator(each)
    assert done == sorted([south.pk, east.pk])


def test_work_stands_still_after_a_while_and_not_before(north, doing):
    doing()
    add(north)
    with tenant_scope(north.pk):
        assert work.standing(at=NOW + work.OVERDUE - SECOND) == []
        assert [each.overdue for each in work.standing(at=NOW + work.OVERDUE)] == [1]


def test_every_operator_s_turns_are_its_own(north, south, doing):
    doing()
    add(north)
    work.sweep(at=NOW)
    assert [turn.operator_id for turn in Turn.objects.all()] == [north.pk]
    assert Operator.objects.count() == 2
