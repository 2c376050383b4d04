"""Many people credit and issue at the same moment: no number is missing or given twice, nothing is credited twice."""

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from billing.models import Invoice
from billing.selectors import credits
from billing.selectors.credits import Asked
from billing.services.credit_notes import CreditRefused, credit
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
INVOICES, TRIES, WORKERS = 20, 1000, 8


class Undone(Exception):
    """Thrown after the document is made, so that all of it is rolled back."""


def test_a_thousand_credits_at_once_leave_no_gap_and_none_above_its_invoice(north):
    """Each asks for a part of a line or for all; every tenth fails after its note was made."""
    with tenant_scope(north.pk):
        tariff(flat("2.49"))
        at = connector()
        for number in range(INVOICES):
            session(at, driver(f"Driver {number}"), start=OCTOBER.replace(day=number + 1), kwh=10)
        issued()
        ids = list(Invoice.objects.values_list("pk", flat=True))
    chance = random.Random(7)  # a test's dice
    plan = [(chance.choice(ids), chance.randint(1, 300), chance.random() < 0.1) for _ in range(TRIES)]

    def undo(fails):
        if fails:
            raise Undone

    def attempt(step):
        invoice, coins, fails = step
        try:
            with tenant_scope(north.pk):
                of = Invoice.objects.get(pk=invoice)
                credit(of, reason="A part", by=None, at=NOVEMBER, asked=Asked({1: Decimal(coins).scaleb(-2)}))
                undo(fails)
        except (Undone, CreditRefused):
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(attempt, plan))
    with tenant_scope(north.pk):
        numbers = sorted(number for number in Invoice.objects.values_list("number", flat=True) if number)
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) > 2 * INVOICES
        for invoice in Invoice.objects.filter(kind="invoice"):
            assert 0 <= credits.left(invoice).amount_due < invoice.amount_due


def test_two_credits_of_everything_at_once_are_one(north):
    with tenant_scope(north.pk):
        tariff()
        session(connector(), driver())
        invoice = issued().invoices.get()

    def attempt(_number):
        try:
            with tenant_scope(north.pk):
                return credit(invoice, reason="Wrong", by=None, at=NOVEMBER).number
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(attempt, range(4))) == {2}
