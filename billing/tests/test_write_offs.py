"""Giving up what is open of an invoice: by rates of VAT to the coin, booked, never above what is open, taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.errors import BillingError, Code
from billing.domain.losses import Rate, shares
from billing.models import Invoice, LedgerRow, PaymentMatch, Receivable, ReminderStep, WriteOff
from billing.selectors import invoices, ledger
from billing.selectors import reminders as due
from billing.services import credit_notes, payments, reminders, second_person, write_offs
from billing.services import ledger as ledger_services
from billing.services.approved import ISSUE, NotApproved
from billing.tests.factories import EPOCH, NOVEMBER, connector, driver, flat, issued, session, tariff
from billing.tests.test_ledger import AFTER, MONTH, NEXT, TODAY, assert_all_agrees, on
from billing.tests.test_vouchers import MIXED
from tenants.models import Membership, Operator
from tenants.scoping import tenant_scope
from tenants.services import four_eyes

WHY = {"why": "bankruptcy", "reason": "K 1234-26"}


@pytest.fixture
def bill(in_north) -> Invoice:
    """An invoice in whole kronor with three kinds of VAT."""
    Operator.objects.update(rounds_to_crowns=True)
    tariff(MIXED)
    session(connector(), driver(), kwh=7)
    issued()
    return Invoice.objects.get()


def lose(bill, amount=None, *, at=NOVEMBER, **why):
    return write_offs.write_off(bill, amount or left(bill), **{**WHY, **why}, by=None, at=at)


def left(bill) -> Decimal:
    return Decimal(Receivable.objects.get(invoice=bill).rest) / 100


def vat_of(bill):
    return {row.vat_rate: int(row.vat * 100) for row in bill.vat_rows.all()}


def lost_vat(bill):
    found: dict[object, int] = {}
    for row in WriteOff.objects.filter(invoice=bill):
        for part in row.parts:
            rate = part["rate"] and Decimal(part["rate"])
            found[rate] = found.get(rate, 0) + part["vat"]
    return found


def test_a_certain_loss_takes_back_its_vat_and_the_rest_is_lost(bill):
    row = lose(bill)
    assert left(bill) == 0
    assert row.amount == int(bill.amount_due * 100) == sum(part["net"] + part["vat"] for part in row.parts)
    assert lost_vat(bill) == vat_of(bill)
    assert on("1510") == 0
    assert on("2611") == on("2621") == 0
    assert on("6351") == int((bill.amount_due - bill.vat) * 100)
    assert {tax.vat for tax in ledger.taxes(MONTH)} == {0}
    assert sum(tax.sales for tax in ledger.taxes(MONTH)) == int(-bill.rounding * 100)  # what rounding gave is lost too
    assert_all_agrees()


def test_what_is_given_up_otherwise_keeps_its_vat(bill):
    lose(bill, why="not_worth")
    assert on("6352") == int(bill.amount_due * 100)
    assert -on("2611") == vat_of(bill)[Decimal(25)]
    assert {tax.rate: tax.vat for tax in ledger.taxes(MONTH)}[Decimal(25)] == vat_of(bill)[Decimal(25)]
    assert_all_agrees()


def test_the_last_coins_are_a_difference_and_no_loss(bill):
    rounding = on("3740")
    payments.record(bill, left(bill) - Decimal("0.03"), paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)
    lose(bill, why="difference")
    assert (left(bill), on("1510"), on("6352")) == (Decimal(0), 0, 0)
    assert on("3740") == rounding + 3
    assert_all_agrees()


@pytest.mark.parametrize(("rest", "amount"), [("1.00", "1.00"), ("0.99", "0.98"), ("12.00", "0.99")])
def test_a_krona_or_a_part_of_what_is_open_is_no_small_difference(bill, rest, amount):
    paid = left(bill) - Decimal(rest)
    payments.record(bill, paid, paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)
    with pytest.raises(BillingError) as refused:
        lose(bill, Decimal(amount), why="difference")
    assert (refused.value.code, refused.value.facts["field"]) == (Code.WRITE_OFF_NO_DIFFERENCE, "amount")


@pytest.mark.parametrize("amounts", [("1.00", "0.01", "7.33"), ("10.00", "3.33"), ("0.01", "0.01", "0.01")])
def test_parts_end_at_just_the_vat_of_the_invoice(bill, amounts):
    for amount in amounts:
        lose(bill, Decimal(amount))
    lose(bill)
    assert lost_vat(bill) == vat_of(bill)
    assert left(bill) == 0
    assert_all_agrees()


@given(
    rates=st.lists(st.tuples(st.integers(0, 10**7), st.sampled_from([0, 6, 12, 25])), min_size=1, max_size=4),
    cuts=st.lists(st.integers(1, 10**7), max_size=6),
)
def test_whatever_is_lost_of_whatever_the_parts_add_up(rates, cuts):
    told_rates = [Rate(Decimal(place), net, net * percent // 100) for place, (net, percent) in enumerate(rates)]
    whole = sum(rate.net + rate.vat for rate in told_rates)
    if not whole:
        return
    rest, lost = whole, list[Rate]()
    for wanted in [*cuts, whole]:
        if coins := min(wanted, rest):
            found = shares(coins, of=whole, rates=told_rates, before=lost)
            assert sum(part.net + part.vat for part in found) == coins
            assert all(part.vat >= 0 for part in found)
            lost += found
            rest -= coins
    assert sum(part.vat for part in lost) == sum(rate.vat for rate in told_rates)


def test_it_is_taken_back_and_then_paid(bill):
    row = lose(bill)
    back = write_offs.undo(row, reason="Betalade", by=None, at=NOVEMBER)
    assert back.amount == -row.amount
    assert left(bill) == bill.amount_due
    assert lost_vat(bill) == dict.fromkeys(vat_of(bill), 0)
    payments.record(bill, bill.amount_due, paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)
    assert PaymentMatch.objects.get().purpose == "invoice"
    assert on("6351") == 0
    assert_all_agrees()
    for gone in (row, back):
        with pytest.raises(BillingError) as refused:
            write_offs.undo(gone, reason="Igen", by=None, at=NOVEMBER)
        assert refused.value.code == Code.WRITE_OFF_UNDONE


def test_what_was_paid_before_stays_and_the_rest_is_lost_by_its_share(bill):
    payments.record(bill, Decimal(10), paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)
    row = lose(bill)
    assert row.amount == int(bill.amount_due * 100) - 1000
    share = Decimal(row.amount) / (bill.amount_due * 100)
    for rate, vat in lost_vat(bill).items():
        assert abs(vat - vat_of(bill)[rate] * share) <= Decimal("0.5")
    assert_all_agrees()


@pytest.mark.parametrize(
    ("amount", "why", "code"),
    [
        ("9999.00", {}, Code.WRITE_OFF_ABOVE_REST),
        ("-1.00", {}, Code.PAYMENT_NO_AMOUNT_GIVEN),
        ("0.001", {}, Code.PAYMENT_NO_AMOUNT_GIVEN),
        ("1.00", {"reason": "  "}, Code.WRITE_OFF_NEEDS_REASON),
        ("1.00", {"reason": "x" * 301}, Code.WRITE_OFF_NEEDS_REASON),
        ("1.00", {"why": "mood"}, Code.WRITE_OFF_NEEDS_REASON),
    ],
)
def test_what_cannot_be_given_up_is_refused_by_name(bill, amount, why, code):
    with pytest.raises(BillingError) as refused:
        lose(bill, Decimal(amount), **why)
    assert refused.value.code == code
    assert not WriteOff.objects.exists()


def test_nothing_is_given_up_of_a_draft_a_note_or_what_is_paid(bill):
    payments.record(bill, bill.amount_due, paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)
    with pytest.raises(BillingError) as refused:
        lose(bill, Decimal(1))
    assert refused.value.code == Code.WRITE_OFF_NOTHING_OPEN


def test_an_invoice_that_is_given_up_is_not_credited_until_that_is_taken_back(bill):
    row = lose(bill, Decimal(1))
    with pytest.raises(BillingError) as refused:
        credit_notes.credit(bill, reason="Fel", by=None, at=NOVEMBER)
    assert refused.value.code == Code.CREDIT_AFTER_WRITE_OFF
    write_offs.undo(row, reason="Kredit i stället", by=None, at=NOVEMBER)
    credit_notes.credit(bill, reason="Fel", by=None, at=NOVEMBER)
    assert_all_agrees()


def test_nobody_is_reminded_of_it_and_it_is_not_called_paid(bill):
    reminders.keep_steps([ReminderStep(days=1)])
    long_after = date(2027, 6, 1)
    assert due.due(long_after).count() == 1
    lose(bill)
    assert due.due(long_after).count() == 0
    row: Any = invoices.listing(state=invoices.WRITTEN_OFF).get()
    assert (row.rest, row.written_off) == (0, int(bill.amount_due * 100))
    assert not invoices.listing(state=invoices.PAID).exists()


def test_in_a_closed_month_it_is_booked_in_the_next_one(bill):
    ledger_services.close(MONTH, by=None, at=AFTER)
    before = ledger.trial_balance(MONTH)
    lose(bill, at=NOVEMBER + timedelta(days=3))
    assert ledger.trial_balance(MONTH) == before
    assert on("6351", NEXT) > 0
    assert_all_agrees(MONTH, NEXT)


def test_where_issuing_needs_two_people_so_does_a_write_off(bill, fina, olga):
    Operator.objects.update(four_eyes=[ISSUE])
    Membership.objects.update(held_since=EPOCH)
    with pytest.raises(NotApproved):
        lose(bill)
    asked = second_person.ask_to_write_off(bill, left(bill), **WHY, by=fina, at=NOVEMBER)
    four_eyes.approve(asked, by=olga, at=NOVEMBER + timedelta(hours=1))
    assert WriteOff.objects.get().made_by == fina
    assert left(bill) == 0


def test_the_database_refuses_more_than_is_open_and_any_change(bill):
    row = lose(bill, Decimal(1))
    same = {"invoice": bill, "account": bill.account, "why": "waived", "reason": "-", "happened_on": MONTH}
    for amount, parts in ((999_900, 999_900), (100, 99)):
        with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
            WriteOff.objects.create(**same, amount=amount, parts=[{"rate": None, "net": parts, "vat": 0}])
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        WriteOff.objects.filter(pk=row.pk).update(amount=2)
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        WriteOff.objects.filter(pk=row.pk)._raw_delete(using="default")


@pytest.mark.django_db(transaction=True)
def test_two_at_once_never_give_up_more_than_is_open(north):
    with tenant_scope(north.pk):
        tariff(flat("2.00"))
        session(connector(), driver())
        issued()
        bill = Invoice.objects.get()

    def one(_number):
        try:
            with tenant_scope(north.pk):
                lose(bill, Decimal(15))
        except BillingError:
            return 0
        finally:
            connection.close()
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 1
    with tenant_scope(north.pk):
        assert left(bill) == 10
        assert LedgerRow.objects.filter(use="loss").count() == 1
