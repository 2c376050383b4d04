"""What of an invoice is disputed waits, and the rest is reminded of: amounts, interest, handing over, two at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from billing.domain.errors import BillingError, Code
from billing.models import BilledFee, Dispute, Fee, Invoice, Receivable, Reminder, ReminderStep
from billing.selectors import balances, invoices
from billing.selectors import disputes as selector
from billing.selectors import reminders as due_reminders
from billing.selectors.credits import Asked
from billing.services import credit_notes, disputes, fees, payments, reminders, runs, second_person, write_offs
from billing.services.approved import ISSUE
from billing.services.fees import Agreed, Discount
from billing.tests.factories import EPOCH, connector, drafted, driver, flat, issued, session, tariff
from charging.models import ChargingSession
from tenants.models import Account, Membership, Operator
from tenants.scoping import tenant_scope
from tenants.services import four_eyes

OCTOBER, NOVEMBER = datetime(2024, 10, 1, tzinfo=UTC), datetime(2024, 11, 2, 9, tzinfo=UTC)
DUE = date(2024, 12, 2)


def on(days):
    return datetime(2024, 12, 2, 9, tzinfo=UTC) + timedelta(days=days)


def billed(*discounts):
    """An invoice of 1,875 and 625 kronor for charging and 125 for a fee; steps after 5, 15 and 40 days."""
    tariff(flat("2.00"))
    ada = driver("Ada Ek")
    for day, kwh in enumerate((750, 250)):
        session(connector(), ada, start=OCTOBER + timedelta(days=day, hours=9), kwh=kwh)
    account = Account.objects.get(driver=ada)
    agreed = Agreed(kind=Fee.Kind.ONCE, text="Card", price=Decimal(100), reason="Agreed", since=OCTOBER.date())
    fees.add(account, agreed, today=OCTOBER.date())
    for discount in discounts:
        fees.give(account, discount, today=OCTOBER.date())
    issued(OCTOBER, NOVEMBER)
    asking = {"asks_costs": True, "asks_interest": True}
    reminders.keep_steps(
        [ReminderStep(days=days, **more) for days, more in ((5, asking), (15, asking), (40, {"what": "collection"}))]
    )
    reminders.keep_terms(None, fee_since=None, due_day_agreed=True)
    return Invoice.objects.select_related("account").get()


@pytest.fixture
def bill(in_north):
    return billed()


def the_session(kwh=250):
    return ChargingSession.objects.get(energy_wh=kwh * 1000)


def dispute(bill, of, by, *, at=NOVEMBER):
    return disputes.raise_(bill.account, of, about=Dispute.About.ENERGY, text="Fel", by=by, at=at)


def owed():
    """Of the one invoice: unpaid, disputed of that, to be paid now."""
    row = Receivable.objects.earliest("pk")
    return (row.rest, row.waits, row.asked)


def due(days):
    return [row.asked for row in due_reminders.due(DUE + timedelta(days=days))]


def proposed(days):
    today = DUE + timedelta(days=days)
    return due_reminders.proposals(due_reminders.due(today), today=today)


def send(bill, days, **more):
    return reminders.send([bill], by=None, at=on(days), **more)


def pay(bill, amount, days=0):
    paid_on = DUE + timedelta(days=days)
    payments.record(bill, Decimal(amount), paid_on=paid_on, text="", by=None, today=date(2025, 6, 1))


def credit(bill, of, amount=None):
    firsts = bill.lines.filter(session=of) if isinstance(of, ChargingSession) else bill.lines.filter(fee=of)
    asked = Asked({line.position: amount and Decimal(amount) for line in firsts})
    credit_notes.credit(bill, reason="Fel", by=None, at=on(1), asked=asked, then="written_off")


def test_only_what_is_disputed_waits_and_the_rest_is_reminded_of(bill, fina):
    row = dispute(bill, the_session(), fina)
    assert owed() == (2625_00, 625_00, 2000_00)
    assert due(5) == [2000_00]
    (reminder,) = send(bill, 5)
    assert (reminder.rest, reminder.disputed) == (2625_00, 625_00)
    disputes.withdraw(row, by=fina, at=on(6))
    assert owed() == (2625_00, 0, 2625_00)


def test_a_dispute_of_the_whole_stops_all_of_it(bill, fina):
    dispute(bill, bill, fina)
    dispute(bill, the_session(), fina)
    assert owed() == (2625_00, 2625_00, 0)
    assert due(5) == []


def test_a_fee_is_disputed_by_itself_once_and_no_discount_is(in_north, fina):
    bill = billed(Discount(text="Friends", taken_off="energy", percent=Decimal(10), amount=None, since=OCTOBER.date()))
    (fee,) = selector.disputable_fees(bill)
    assert fee.text == "Card"
    row = dispute(bill, fee, fina)
    assert owed() == (2375_00, 125_00, 2250_00)
    assert not selector.disputable_fees(bill).exists()
    with pytest.raises(disputes.DisputeRefused) as refused:
        dispute(bill, fee, fina)
    assert refused.value.code == Code.DISPUTED_ALREADY
    assert (selector.billed_on(row), selector.of_invoice(bill, most=9)) == (bill, [row])
    assert list(selector.listing(is_closed=False, search=str(bill))) == [row]
    credit(bill, fee, "60")
    assert selector.credited_since(row) == 60
    assert owed() == (2300_00, 50_00, 2250_00)
    disputes.answer(row, state="granted", text="Ja", by=fina, at=on(2))
    assert owed() == (2300_00, 0, 2300_00)


def test_a_percentage_that_was_taken_off_is_taken_off_what_waits(in_north, fina):
    bill = billed(
        Discount(text="Friends", taken_off="energy", percent=Decimal(10), amount=None, since=OCTOBER.date()),
        Discount(text="All", taken_off="all", percent=Decimal(20), amount=None, since=date(2024, 10, 2)),
    )
    dispute(bill, the_session(), fina)  # of the second of October: 625 kronor less 10 and 20 per cent
    assert owed()[1:] == (437_50, owed()[0] - 437_50)
    dispute(bill, the_session(750), fina)
    assert owed()[1] == 437_50 + 1687_50


def test_what_is_credited_waits_no_longer_and_what_is_paid_is_paid_of_the_rest(bill, fina):
    dispute(bill, the_session(), fina)
    credit(bill, the_session(), "100")  # without VAT
    assert owed() == (2500_00, 500_00, 2000_00)
    pay(bill, 1999)
    assert owed() == (501_00, 500_00, 1_00)
    assert due(5) == [1_00]
    pay(bill, 1)
    assert owed() == (500_00, 500_00, 0)
    assert due(5) == []
    pay(bill, 300)
    assert owed() == (200_00, 200_00, 0)
    credit(bill, the_session())
    assert owed() == (-300_00, 0, 0)


def test_a_rest_of_less_than_a_krona_waits_too(in_north, fina):
    Operator.objects.update(rounds_to_crowns=True)
    bill = billed()
    for each in (the_session(), the_session(750), BilledFee.objects.get()):
        dispute(bill, each, fina)
    assert owed()[2] == 0
    assert due(5) == []


def test_too_small_a_rest_is_not_reminded_of(bill, fina):
    dispute(bill, the_session(750), fina)  # 750 kronor are not disputed
    reminders.keep_terms(None, fee_since=None, due_day_agreed=True, least=Decimal("750.01"))
    assert due(5) == []
    reminders.keep_terms(None, fee_since=None, due_day_agreed=True, least=Decimal(750))
    assert due(5) == [750_00]


def test_interest_waits_with_what_is_disputed_and_is_asked_once_it_is_refused(bill, fina):
    row = dispute(bill, the_session(), fina)
    assert [each.interest for each in proposed(5)] == [3_29]  # 5 days of 2,000 kronor at 12 %
    send(bill, 5)
    disputes.answer(row, state="refused", text="Nej", by=fina, at=on(9))
    # 15 days of 2,625 kronor: 12.945, less 3.29
    assert [each.interest for each in proposed(15)] == [9_66]


def test_what_is_granted_never_bore_interest(bill, fina):
    row = dispute(bill, the_session(), fina)
    send(bill, 5)
    credit(bill, the_session())
    disputes.answer(row, state="granted", text="Ja", by=fina, at=on(9))
    assert [each.interest for each in proposed(15)] == [6_57]  # 15 days of 2,000 kronor: 9.86, less 3.29


def test_a_payment_cuts_the_interest_of_what_is_not_disputed(bill, fina):
    dispute(bill, the_session(), fina)
    pay(bill, 1000, days=5)
    assert [each.interest for each in proposed(10)] == [4_93]  # 5 days of 2,000 and 5 of 1,000 kronor


def test_nothing_is_handed_over_while_something_is_disputed_nor_at_once_after_a_refusal(bill, fina):
    send(bill, 5)
    row = dispute(bill, the_session(), fina, at=on(14))
    assert send(bill, 15)[0].disputed == 625_00
    assert due(60) == []
    disputes.answer(row, state="refused", text="Nej", by=fina, at=on(60))
    assert due(84) == []
    assert due(85) == [2625_00]  # as many days after the answer as lie between the steps
    assert send(bill, 85)[0].what == "collection"


def test_a_fee_that_is_refused_or_a_whole_invoice_makes_the_hand_over_wait_too(bill, fina):
    for days in (5, 15):
        send(bill, days)
    for of in (bill, BilledFee.objects.get(invoice=bill)):
        row = dispute(bill, of, fina, at=on(30))
        disputes.answer(row, state="refused", text="Nej", by=fina, at=on(30))
        assert (due(54), due(55)) == ([], [2625_00])
        Dispute.objects.all().delete()
    row = dispute(bill, bill, fina, at=on(30))
    disputes.withdraw(row, by=fina, at=on(39))
    assert due(40) == [2625_00], "what its payer takes back makes nothing wait"


@pytest.mark.parametrize("what", ["session", "fee", "whole"])
def test_what_is_granted_in_part_makes_the_hand_over_wait_too(bill, fina, what):
    for days in (5, 15):
        send(bill, days)
    fee, session_ = BilledFee.objects.get(invoice=bill), the_session()
    row = dispute(bill, {"session": session_, "fee": fee, "whole": bill}[what], fina, at=NOVEMBER)
    credit(bill, fee if what == "fee" else session_, amount="4.00")
    disputes.answer(row, state="granted", text="Till en del", by=fina, at=on(39))
    assert (due(40), due(63)) == ([], [])
    assert due(64) == [2620_00]


def test_every_list_tells_the_same(bill, fina):
    row = dispute(bill, the_session(), fina)
    today = DUE + timedelta(days=9)
    for state in (invoices.OVERDUE, invoices.DISPUTED):
        assert invoices.listing(state=state, today=today).get() == bill
    (balance,) = balances.of_account(bill.account, today=today)
    assert (balance.open, balance.overdue, balance.waiting) == (2625_00, 2000_00, 625_00)
    for (found,) in (balances.ageing(today=today), balances.ageing_sums(today=today)):
        assert (found["to_30"], found["waiting"], found["total"]) == (2000_00, 625_00, 2625_00)
    whole = dispute(bill, bill, fina)
    assert not invoices.listing(state=invoices.OVERDUE, today=today).exists()
    disputes.withdraw(whole, by=fina, at=on(1))
    pay(bill, 2000)
    assert not invoices.listing(state=invoices.OVERDUE, today=today).exists()
    disputes.withdraw(row, by=fina, at=on(1))
    assert invoices.listing(state=invoices.OVERDUE, today=today).get() == bill


def test_a_session_that_is_disputed_on_a_draft_waits_once_it_is_issued(in_north, fina):
    tariff(flat("2.00"))
    ada = driver("Ada Ek")
    sessions = [session(connector(), ada, start=OCTOBER + timedelta(days=day), kwh=10) for day in range(2)]
    run = drafted(OCTOBER, NOVEMBER)
    account = Account.objects.get(driver=ada)
    disputes.raise_(account, sessions[0], about="energy", text="?", by=fina, at=NOVEMBER, driver=ada)
    runs.issue(run, by=None, at=NOVEMBER)
    assert owed() == (50_00, 25_00, 25_00)


def test_what_is_billed_anew_of_a_credited_session_waits_on_its_new_invoice(bill, fina):
    dispute(bill, the_session(), fina)
    firsts = {line.position: None for line in bill.lines.filter(session=the_session())}
    credit_notes.credit(bill, reason="Fel", by=None, at=NOVEMBER, asked=Asked(firsts), then="approved")
    assert owed() == (2000_00, 0, 2000_00)
    issued(OCTOBER.replace(month=11), datetime(2024, 12, 2, 9, tzinfo=UTC))
    assert [(row.rest, row.disputed) for row in Receivable.objects.order_by("pk")] == [
        (2000_00, 0),
        (625_00, 625_00),
    ]


def test_a_loss_is_of_what_is_not_disputed_first(bill, fina):
    dispute(bill, the_session(), fina)
    write_offs.write_off(bill, Decimal(1500), why="waived", reason="-", by=None, at=on(1))
    assert owed() == (1125_00, 625_00, 500_00)


def test_nobody_writes_what_is_disputed_but_the_database(bill, fina):
    dispute(bill, the_session(), fina)
    with pytest.raises(DatabaseError), transaction.atomic():
        Receivable.objects.update(disputed=0)


def test_an_approval_is_of_what_was_disputed_then(bill, fina, olga):
    Operator.objects.update(four_eyes=[ISSUE])
    Membership.objects.update(held_since=EPOCH)
    asked = second_person.ask_to_remind([bill], by=fina, at=on(5), today=DUE + timedelta(days=5))
    dispute(bill, the_session(), fina, at=on(5))
    assert four_eyes.approve(asked, by=olga, at=on(6)).state == "outdated"
    assert not Reminder.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_dispute_and_a_reminder_at_once_are_one_after_the_other(north, fina, is_first):
    """Whoever comes second waits, and sees what the first one did."""
    with tenant_scope(north.pk):
        bill = billed()
        of = the_session(750)
    held, go_on = threading.Event(), threading.Event()

    def first():
        try:
            with tenant_scope(north.pk), transaction.atomic():
                if is_first:
                    dispute(bill, of, fina, at=on(5))
                else:
                    send(bill, 5)
                held.set()
                go_on.wait(20)
        finally:
            connection.close()

    def second():
        try:
            held.wait(20)
            with tenant_scope(north.pk):
                return send(bill, 5)[0].disputed if is_first else dispute(bill, of, fina, at=on(5)).state
        except BillingError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.submit(first), pool.submit(second)
        held.wait(20)
        with pytest.raises(TimeoutError):
            other.result(timeout=0.5)
        go_on.set()
        one.result(20)
        assert other.result(20) == (1875_00 if is_first else "open")
    with tenant_scope(north.pk):
        assert Reminder.objects.get().disputed == (1875_00 if is_first else 0)
        assert owed() == (2625_00, 1875_00, 750_00)


@pytest.mark.django_db(transaction=True)
def test_many_who_dispute_one_invoice_at_once_are_all_counted(north, fina):
    with tenant_scope(north.pk):
        bill = billed()
        things = [the_session(), the_session(750), BilledFee.objects.get()]

    def one(of):
        try:
            with tenant_scope(north.pk):
                dispute(bill, of, fina)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(one, things))
    with tenant_scope(north.pk):
        assert owed() == (2625_00, 2625_00, 0)


def test_counting_reads_the_lines_of_the_invoice_alone(in_north, fina):
    """Otherwise whoever disputes where many wait for an answer waits for the lines of them all."""
    tariff(flat("2.00"))
    at, payers = connector(), [driver("Ada Ek"), driver("Bo Al")]
    for payer, count in zip(payers, (12, 1), strict=True):
        for day in range(count):
            session(at, payer, start=OCTOBER + timedelta(days=day, hours=9 + payers.index(payer)), kwh=100)
    issued(OCTOBER, NOVEMBER)
    *others, last = (
        (each, Invoice.objects.get(account__driver=each.driver)) for each in ChargingSession.objects.order_by("driver")
    )
    for of, bill in others:
        dispute(bill, of, fina)
    of, bill = last
    before = lines_read()
    dispute(bill, of, fina)
    assert 0 < lines_read() - before < 12


def lines_read():
    """How many lines of invoices this transaction has looked at by an index, which it must use where it can."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SELECT idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'billing_invoiceline'")
        return cursor.fetchone()[0]
