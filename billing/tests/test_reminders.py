"""Reminders on real invoices: when the next step is due, what it asks, and that it is taken once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from billing.domain.errors import BillingError, Code
from billing.models import Dispute, Fee, Invoice, InvoiceVat, Receivable, Reminder, ReminderStep
from billing.selectors import reminders as selector
from billing.selectors.credits import Asked
from billing.services import account_moves, credit_notes, disputes, payments, reminders, second_person, write_offs
from billing.services.approved import ISSUE, NotApproved
from billing.tests.factories import EPOCH, connector, driver, flat, issued, session, tariff
from tenants.models import Account, AuditEntry, Membership, Operator
from tenants.scoping import tenant_scope
from tenants.services import four_eyes
from tenants.services.people import accounts

OCTOBER, NOVEMBER = datetime(2024, 10, 1, tzinfo=UTC), datetime(2024, 11, 2, 9, tzinfo=UTC)
#: The last day to pay of what was issued on the second of November.
DUE = date(2024, 12, 2)


def on(days):
    """Nine o'clock so many days after the last day to pay."""
    return datetime(2024, 12, 2, 9, tzinfo=UTC) + timedelta(days=days)


def due(days):
    return list(selector.due(DUE + timedelta(days=days)))


def proposals(days):
    today = DUE + timedelta(days=days)
    return selector.proposals(selector.due(today), today=today)


def steps(*planned):
    reminders.keep_steps([ReminderStep(days=days, **more) for days, more in planned])


def billed(payer=None):
    """An invoice of 2,500 kronor, last to be paid on the second of December 2024; steps after 5, 15 and 40 days."""
    tariff(flat("2.00"))
    ada = driver("Ada Ek")
    session(connector(), ada, start=OCTOBER, kwh=1000)
    if payer is not None:
        account_moves.move(ada, to=payer)
    issued(OCTOBER, NOVEMBER)
    steps(
        (5, {"asks_costs": True, "texts": {"sv": "Betala {invoice} ({unpaid}), {days} dagar sen."}}),
        (15, {"asks_costs": True, "asks_interest": True}),
        (40, {"what": "collection"}),
    )
    return Invoice.objects.select_related("account").get()


@pytest.fixture
def bill(in_north):
    return billed()


def send(bill, days, **more):
    return reminders.send([bill], by=None, at=on(days), **more)


def test_a_step_is_due_on_its_day_and_not_before(bill):
    assert due(4) == []
    assert [row.invoice for row in due(5)] == [bill]


def test_without_steps_nobody_is_reminded(bill):
    steps()
    assert due(100) == []


def test_the_next_step_comes_after_as_many_days_as_lie_between(bill):
    send(bill, 20)  # late
    assert due(29) == []
    assert [row.sent for row in due(30)] == [1]


def test_what_is_paid_disputed_or_too_small_waits(bill, fina):
    payments.record(bill, Decimal("2400.00"), paid_on=DUE, text="", by=None, today=DUE)
    reminders.keep_terms(None, fee_since=None, due_day_agreed=False, least=Decimal("100.01"))
    assert due(5) == []
    reminders.keep_terms(None, fee_since=None, due_day_agreed=False, least=Decimal("100.00"))
    assert [row.rest for row in due(5)] == [100_00]
    row = disputes.raise_(bill.account, bill, about=Dispute.About.PRICE, text="Fel", by=fina, at=on(1))
    assert due(5) == []
    disputes.withdraw(row, by=fina, at=on(2))
    assert len(due(5)) == 1
    credit_notes.credit(bill, reason="Fel", by=None, at=on(3))
    assert due(5) == []


@pytest.mark.parametrize(
    ("since", "fee"), [(None, 0), (date(2024, 10, 2), 0), (date(2024, 10, 1), 60_00), (date(2020, 1, 1), 60_00)]
)
def test_a_private_person_pays_the_fee_only_where_it_was_agreed_before(bill, since, fee):
    reminders.keep_terms(None, fee_since=since, due_day_agreed=True)
    (proposal,) = proposals(5)
    assert (proposal.costs, proposal.costs_kind) == (fee, "fee" if fee else "")


def test_an_accounts_own_terms_count_instead(bill):
    reminders.keep_terms(None, fee_since=date(2020, 1, 1), due_day_agreed=True)
    reminders.keep_terms(bill.account, fee_since=None, due_day_agreed=False)
    assert proposals(5)[0].asked == 0
    reminders.drop_terms(bill.account)
    assert proposals(5)[0].costs == 60_00


def test_costs_are_asked_once_an_invoice(bill):
    reminders.keep_terms(None, fee_since=date(2020, 1, 1), due_day_agreed=False)
    assert send(bill, 5)[0].costs == 60_00
    assert [each.costs for each in proposals(15)] == [0]


def test_a_business_owes_compensation_once_interest_runs_and_never_the_fee(in_north):
    billed(accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE"))
    reminders.keep_terms(None, fee_since=date(2020, 1, 1), due_day_agreed=False)
    assert proposals(5)[0].asked == 0  # no agreed day: interest does not run yet
    reminders.keep_terms(None, fee_since=date(2020, 1, 1), due_day_agreed=True)
    (proposal,) = proposals(5)
    assert (proposal.costs, proposal.costs_kind) == (450_00, "compensation")


def test_law_of_sweden_is_asked_by_swedish_operators_alone(bill):
    reminders.keep_terms(None, fee_since=date(2020, 1, 1), due_day_agreed=True)
    Operator.objects.update(country="NO")
    assert proposals(5)[0].asked == 0


def test_interest_runs_from_the_agreed_day_over_the_turn_of_the_year(bill):
    reminders.keep_terms(None, fee_since=None, due_day_agreed=True)
    send(bill, 5)
    assert proposals(40)[0].interest == 3212  # 29 days at 12 %, 11 at 11 %


def test_interest_without_an_agreed_day_runs_from_thirty_days_after_the_first_reminder(bill):
    reminders.keep_terms(None, fee_since=None, due_day_agreed=False)
    send(bill, 5)
    assert proposals(35)[0].interest == 0
    assert proposals(36)[0].interest == 75  # the seventh of January: one day at 11 %


def test_payments_cut_interest_and_what_was_asked_is_not_asked_again(bill):
    reminders.keep_terms(None, fee_since=None, due_day_agreed=True)
    steps(*((days, {"asks_interest": True}) for days in (5, 15)))
    assert send(bill, 5)[0].interest == 411  # 5 days at 12 %
    payments.record(bill, Decimal("1500.00"), paid_on=DUE + timedelta(days=7), text="", by=None, today=date(2025, 1, 1))
    # 7 days of 2,500 and 8 of 1,000 kronor: 575.34 + 263.01, less 411
    assert proposals(15)[0].interest == 427


def test_what_was_credited_was_never_owed(bill):
    reminders.keep_terms(None, fee_since=None, due_day_agreed=True)
    steps((5, {"asks_interest": True}))
    first = bill.lines.first().position
    credit_notes.credit(bill, reason="Fel", by=None, at=on(4), asked=Asked({first: Decimal("1200.00")}))
    assert Receivable.objects.get(invoice=bill).rest == 1_000_00
    assert proposals(10)[0].interest == 329  # 10 days of 1,000 kronor at 12 %


def test_without_a_known_rate_no_interest_is_asked_and_it_is_said(bill, monkeypatch):
    reminders.keep_terms(None, fee_since=None, due_day_agreed=True)
    steps((5, {"asks_interest": True}))
    (proposal,) = proposals(365 * 20)
    assert (proposal.interest, proposal.is_rate_missing) == (0, True)


def test_what_is_asked_stands_on_a_document_outside_vat_that_is_paid_like_any_other(bill):
    reminders.keep_terms(None, fee_since=date(2020, 1, 1), due_day_agreed=True)
    steps((5, {"asks_costs": True, "asks_interest": True}))
    (reminder,) = send(bill, 40)
    charge = reminder.charge
    assert (charge.number, charge.amount_due, charge.vat) == (2, Decimal("92.12"), Decimal(0))
    assert list(InvoiceVat.objects.filter(invoice=charge).values_list("vat_rate", "taxable")) == [
        (None, Decimal("92.12"))
    ]
    assert [line.fee.text for line in charge.lines.order_by("position")] == [
        "Påminnelseavgift, faktura F1",
        "Dröjsmålsränta till och med 2025-01-11, faktura F1",
    ]
    assert Receivable.objects.get(invoice=charge).rest == 92_12
    payments.record(charge, Decimal("92.12"), paid_on=DUE, text="", by=None, today=date(2025, 1, 12))
    assert Receivable.objects.get(invoice=charge).rest == 0
    assert Invoice.objects.get(pk=bill.pk).amount_due == Decimal("2500.00")  # the invoice never changes


def test_a_document_of_charges_is_not_reminded_of_and_no_run_charges_it_again(bill):
    reminders.keep_terms(None, fee_since=date(2020, 1, 1), due_day_agreed=True)
    charge = send(bill, 5)[0].charge
    assert charge.pk not in {row.invoice_id for row in due(300)}
    december = datetime(2024, 12, 1, tzinfo=UTC)
    session(connector(), bill.account.driver, start=december, kwh=1)
    run = issued(december, datetime(2025, 1, 2, 9, tzinfo=UTC))
    assert [row.amount_due for row in Invoice.objects.filter(run=run)] == [Decimal("2.50")]
    assert Fee.objects.get().text.startswith("Påminnelseavgift")


def test_each_step_is_taken_once(bill):
    (reminder,) = send(bill, 5)
    assert reminder.text == "Betala F1 (2\xa0500,00\xa0kr), 5 dagar sen."
    with pytest.raises(BillingError) as refused:
        send(bill, 5)
    assert refused.value.code == Code.REMINDER_NOTHING
    assert Reminder.objects.count() == 1
    entry = AuditEntry.objects.get(event="reminders.sent")
    assert (entry.additional_data or {})["reminders"] == 1


def test_the_agency_gets_it_once_and_last(bill):
    for days in (5, 15, 40):
        send(bill, days)
    assert [row.what for row in Reminder.objects.order_by("nth")] == ["reminder", "reminder", "collection"]
    assert due(400) == []
    assert [row.nth for row in selector.listing(what="collection", only_open=True)] == [3]


def test_what_was_sent_never_changes(bill):
    (reminder,) = send(bill, 5)
    for change in ({"sent_on": DUE}, {"rest": 1}, {"nth": 9}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Reminder.objects.filter(pk=reminder.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Reminder.objects.filter(pk=reminder.pk).delete()


def test_steps_that_contradict_each_other_are_refused(bill):
    for wrong, code in (
        ([(5, {}), (5, {})], Code.REMINDER_STEP_TWICE),
        ([(5, {"what": "collection"}), (9, {})], Code.REMINDER_STEPS_ORDER),
        ([(5, {"texts": {"en": "Dear {name}"}})], Code.REMINDER_PLACEHOLDER),
    ):
        with pytest.raises(BillingError) as refused:
            steps(*wrong)
        assert refused.value.code == code
    assert len(selector.steps()) == 3


def test_a_second_person_approves_exactly_what_is_sent(bill, fina, olga):
    reminders.keep_terms(None, fee_since=date(2020, 1, 1), due_day_agreed=True)
    Operator.objects.update(four_eyes=[ISSUE])
    Membership.objects.update(held_since=EPOCH)
    with pytest.raises(NotApproved):
        send(bill, 5)
    asked = second_person.ask_to_remind([bill], by=fina, at=on(5), today=DUE + timedelta(days=5))
    four_eyes.approve(asked, by=olga, at=on(6))
    (reminder,) = Reminder.objects.all()
    assert (reminder.sent_by, reminder.costs, str(reminder.charge)) == (fina, 60_00, "F2")


def test_what_is_given_up_bears_no_interest(bill):
    reminders.keep_terms(None, fee_since=None, due_day_agreed=True)
    send(bill, 5)
    (before,) = proposals(20)
    write_offs.write_off(bill, Decimal(1250), why="waived", reason="-", by=None, at=on(6))
    (after,) = proposals(20)
    assert after.interest > 0
    assert abs(after.interest * 2 - before.interest) <= 1


def test_what_was_paid_before_the_approval_is_not_sent(bill, fina, olga):
    Operator.objects.update(four_eyes=[ISSUE])
    Membership.objects.update(held_since=EPOCH)
    asked = second_person.ask_to_remind([bill], by=fina, at=on(5), today=DUE + timedelta(days=5))
    payments.record(bill, Decimal("2500.00"), paid_on=DUE, text="", by=None, today=date(2025, 1, 1))
    assert four_eyes.approve(asked, by=olga, at=on(6)).state == "outdated"
    assert not Reminder.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_moment_send_one(north):
    with tenant_scope(north.pk):
        bill = billed()

    def one(_number):
        try:
            with tenant_scope(north.pk):
                return len(reminders.send([bill], by=None, at=on(5)))
        except BillingError:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == [0, 1]
