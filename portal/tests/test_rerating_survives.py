"""A re-rating survives the death of its worker: real processes, killed in the middle of an invoice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from billing.models import BilledSession, Invoice, Rerating
from billing.selectors import reconciliation
from billing.services import rerating, tariffs
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from portal.tests.workers import chunks_held_up, others_at_work, wait_for
from tenants import work
from tenants.models import Operator
from tenants.scoping import tenant_scope

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("our_redis"),
    pytest.mark.slow,
]

PAYERS = 8


@pytest.fixture
def decided(north: Operator) -> Operator:
    """A re-rating of eight payers' sessions from 250.00 to 25.00 each, decided on and not begun."""
    with tenant_scope(north.pk):
        wrong, at = tariff(flat("20.00")), connector()
        for number in range(PAYERS):
            session(at, driver(), start=OCTOBER + timedelta(days=number))
        issued()
        right = tariffs.save_draft(wrong, document=flat("2.00"))
        tariffs.publish(right, valid_from=OCTOBER, by=None, at=NOVEMBER)
        which: dict[str, Any] = {
            "since": OCTOBER.date(),
            "until": OCTOBER.date() + timedelta(days=30),
            "sites": [],
            "accounts": [],
        }
        row = rerating.ask(why="tariff", reason="Fel pris", **which, by=None, at=NOVEMBER)
    while work.do_next(work.kind_named("rerating"), north.pk, clock=lambda: NOVEMBER):
        pass
    with tenant_scope(north.pk):
        rerating.decide(row, by=None, at=NOVEMBER)
    return north


def sweep(operator: Operator) -> None:
    """What the timetable does every minute; the lease of the dead is over."""
    with tenant_scope(operator.pk):
        Rerating.objects.update(leased_until=datetime.now(UTC) - timedelta(seconds=1))
    work.sweep(at=datetime.now(UTC) + timedelta(minutes=1))


def is_finished(operator: Operator) -> bool:
    with tenant_scope(operator.pk):
        return Rerating.objects.filter(stage="finished", state="done").exists()


def test_killed_in_the_middle_and_begun_again_everything_is_done_once(decided, worker):
    for _ in range(2):
        with chunks_held_up() as caught:
            doomed = worker()
            sweep(decided)
            wait_for(caught, "an invoice in the middle of being credited")
            doomed.kill()
        wait_for(lambda: not others_at_work(), "the database to notice")
    worker(), worker()
    sweep(decided)
    wait_for(lambda: is_finished(decided), "the re-rating")
    with tenant_scope(decided.pk):
        numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
        assert list(numbers) == list(range(1, 3 * PAYERS + 1))
        assert Invoice.objects.aggregate(due=Sum("amount_due"))["due"] == Decimal(25) * PAYERS
        assert BilledSession.objects.filter(released_by__isnull=True).count() == PAYERS
        assert reconciliation.check().adds_up
