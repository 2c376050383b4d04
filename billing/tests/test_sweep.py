"""The sweep has sessions priced at every operator, whatever happens at one of them."""

import pytest

from billing.models import SessionPrice
from billing.selectors import waiting as waiting_sessions
from billing.tests.factories import NOVEMBER, connector, driver, session, tariff
from tenants import work
from tenants.models import Turn
from tenants.scoping import current_operator_id, tenant_scope
from tenants.work import Lane


@pytest.fixture
def waiting(north, south, east):
    """Three operators at each of which a session waits for its price."""
    for operator in (north, south, east):
        with tenant_scope(operator.pk):
            tariff()
            session(connector(), driver())
    return [north, south, east]


def priced(operator) -> int:
    with tenant_scope(operator.pk):
        return SessionPrice.objects.count()


def swept() -> None:
    work.sweep(at=NOVEMBER)
    while work.take_turn(Lane.BULK, clock=lambda: NOVEMBER):
        pass


def test_what_waits_is_priced_at_every_operator(waiting):
    swept()
    assert [priced(operator) for operator in waiting] == [1, 1, 1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_operator_that_fails_stops_no_other(waiting, monkeypatch, place):
    broken, ask = waiting[place], waiting_sessions.session_ids

    def fails(**facts):
        if current_operator_id() == broken.pk:
            raise ValueError("broken")
        return ask(**facts)

    monkeypatch.setattr(waiting_sessions, "session_ids", fails)
    swept()
    assert [priced(operator) for operator in waiting] == [int(operator != broken) for operator in waiting]


def test_sessions_that_come_later_are_priced_by_the_next_sweep(waiting):
    swept()
    with tenant_scope(waiting[1].pk):
        session(connector(), driver())
    swept()
    assert [priced(operator) for operator in waiting] == [1, 2, 1]
    work.sweep(at=NOVEMBER)
    assert not Turn.objects.filter(kind="pricing", wanted_at__isnull=False).exists()
