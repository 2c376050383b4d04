"""Payments on real invoices: booked once, matched by reference, the rest waits; by hand; undone; never too much."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.domain.errors import BillingError, Code
from billing.models import Invoice, Payment, PaymentFile, PaymentMatch, Receivable
from billing.selectors import balances, invoices, ledger
from billing.selectors import payments as selector
from billing.selectors.credits import Asked
from billing.services import credit_notes, payment_files, payments
from billing.services.payments import PaymentRefused
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from billing.tests.test_bank_files import WHOLE, bg, detail, entry, message
from tenants import work
from tenants.models import AuditEntry, Operator
from tenants.scoping import tenant_scope

TODAY = date(2026, 12, 24)


def bill(*names, kwh=10):
    """An issued invoice of 25.00 for each name."""
    tariff(flat("2.00"))
    at = connector()
    for number, name in enumerate(names):
        session(at, driver(name), start=OCTOBER.replace(day=number + 1), kwh=kwh)
    issued()
    return list(Invoice.objects.select_related("account", "buyer").order_by("number"))


@pytest.fixture
def bills(in_north):
    return bill("Ada Ek", "Bo Dahl", "Cia Ask")


def come(content, name="file.xml"):
    """Have a file done as a worker does it, in the open scope."""
    row = payment_files.take_in(
        ContentFile(content.encode() if isinstance(content, str) else content), name=name, by=None, at=timezone.now()
    )
    work.do_next(work.kind_named("payment_file"), row.operator_id, clock=timezone.now)
    row.refresh_from_db()
    return row


def pays(*pairs, ref="A1", **more):
    """A notification of payments: (amount, reference or words)."""
    total = sum(Decimal(amount) for amount, _ in pairs)
    told = [
        detail(f"{amount}", told if told.isdigit() else "", told=None if told.isdigit() else f"<Ustrd>{told}</Ustrd>")
        for amount, told in pairs
    ]
    return message(entry(*told, amount=f"{total}", ref=ref), **more)


def rest(invoice):
    return Receivable.objects.get(invoice=invoice).rest


def standing(invoice):
    return [
        state
        for state in invoices.STANDINGS
        if invoices.listing(state=state, today=TODAY).filter(pk=invoice.pk).exists()
    ]


def test_what_is_paid_too_much_by_a_credit_note_waits_again_and_is_paid_back(bills):
    (invoice,) = bills[:1]
    for ref, amount in (("A1", "15"), ("A2", "10")):
        come(pays((amount, invoice.payment_reference), ref=ref))
    with pytest.raises(PaymentRefused) as refused:
        payments.free(invoice, by=None)
    assert refused.value.code == Code.PAYMENT_NOT_TOO_MUCH
    asked = Asked({invoice.lines.get().position: Decimal("9.60")})
    credit_notes.credit(invoice, reason="-", by=None, at=NOVEMBER, asked=asked)  # 12.00 with VAT
    assert rest(invoice) == -1200
    assert [-row.rest for row in selector.paid_too_much()] == [1200]
    freed = payments.free(invoice, by=None)
    assert ([payment.rest for payment in freed], rest(invoice)) == ([1000, 200], 0)
    assert not selector.paid_too_much()
    for payment in freed:
        payments.pay_back(payment, reason="Utbetalt", by=None)
    assert all(check.holds for check in ledger.checks(date(2026, 11, 1)))
    assert rest(invoice) == 0


def test_what_is_paid_too_much_is_found_without_a_look_through_what_is_open(bills):
    # Of a few rows any way is as good: whether the index can give them in their order is asked without the others.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = selector.paid_too_much()[:50].explain()
    assert "receivable_too_much" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("ours", "theirs"), [({"iban": "SE11"}, "SE22"), ({"bankgiro": "991-2346"}, "SE11"), ({"iban": "SE33"}, "9912346")]
)
def test_money_of_an_account_that_is_not_known_waits_for_a_person(bills, ours, theirs):
    Operator.objects.update(**ours)
    first = come(pays((bills[0].amount_due, bills[0].payment_reference)).replace("SE11", theirs))
    assert (first.state, first.error, first.booked) == ("failed", Code.PAYMENT_FILE_ACCOUNTS, 0)
    assert first.error_facts["to_accounts"] == [theirs]
    assert (rest(bills[0]), Payment.objects.count()) == (2500, 0)
    payment_files.confirm_accounts(first, at=timezone.now())
    work.do_next(work.kind_named("payment_file"), first.operator_id, clock=timezone.now)
    first.refresh_from_db()
    assert (first.state, first.error, first.booked, rest(bills[0])) == ("done", "", 1, 0)
    with pytest.raises(BillingError) as refused:
        payment_files.confirm_accounts(first, at=timezone.now())
    assert refused.value.code == Code.PAYMENT_FILE_UNASKED
    second = come(pays((bills[1].amount_due, bills[1].payment_reference), ref="A2").replace("SE11", theirs))
    assert (second.state, rest(bills[1])) == ("done", 0), "known from then on"


@pytest.mark.parametrize("ours", [{}, {"iban": "SE11"}])
def test_money_of_an_account_that_is_known_is_booked(bills, ours):
    Operator.objects.update(**ours)
    assert come(pays((bills[0].amount_due, bills[0].payment_reference))).state == "done"
    assert come(pays((bills[1].amount_due, bills[1].payment_reference), ref="A2")).state == "done"
    other = come(pays((bills[2].amount_due, bills[2].payment_reference), ref="A3").replace("SE11", "SE22"))
    assert other.error == Code.PAYMENT_FILE_ACCOUNTS


def test_a_bankgiro_is_known_however_files_write_it(bills):
    Operator.objects.update(bankgiro="991-2346")
    assert come(bg(*WHOLE), name="bg.txt").state == "done"


def test_what_is_issued_is_open_and_a_credit_note_takes_from_it(bills):
    first = bills[0]
    assert [row.rest for row in Receivable.objects.order_by("pk")] == [2500] * 3
    assert standing(first) == ["overdue"]
    credit_notes.credit(first, reason="Wrong", by=None, at=NOVEMBER)
    assert rest(first) == 0
    assert standing(first) == ["credited"]


def test_a_payment_finds_its_invoice_by_its_reference(bills):
    row = come(pays(("25.00", bills[1].payment_reference)))
    assert (row.state, row.payments, row.booked, row.known, row.matched) == ("done", 1, 1, 0, 1)
    match = PaymentMatch.objects.get()
    assert (match.invoice, match.account, match.amount, match.how) == (bills[1], bills[1].account, 2500, "reference")
    assert [rest(each) for each in bills] == [2500, 0, 2500]
    assert standing(bills[1]) == ["paid"]
    entry_ = AuditEntry.objects.get(event="payments.booked")
    assert (entry_.additional_data or {})["sums"] == {"SEK": 2500}


def test_part_over_and_double_payments_are_what_they_are(bills):
    a, b, c = (each.payment_reference for each in bills)
    come(pays(("10.00", a), ("30.00", b), ("25.00", c), ("25.00", c), ref="A1"))
    assert [rest(each) for each in bills] == [1500, 0, 0]
    assert standing(bills[0]) == ["overdue", "part_paid"]
    kept = PaymentMatch.objects.filter(purpose="account").order_by("pk").values_list("account", "amount")
    assert list(kept) == [(bills[1].account_id, 500), (bills[2].account_id, 2500)]
    (balance,) = balances.of_account(bills[2].account, today=TODAY)
    assert (balance.open, balance.on_account, balance.owed) == (0, 2500, -2500)


def test_foreign_references_wrong_check_digits_and_other_currencies_wait_with_words(bills):
    own = bills[0].payment_reference
    wrong = own[:-1] + str((int(own[-1]) + 1) % 10)
    come(pays(("25.00", wrong), ("25.00", "9999999991"), ("25.00", "hej")))
    euro = pays(("25.00", own), ref="E1").replace("SEK", "EUR")
    come(euro)
    assert not PaymentMatch.objects.exists()
    waiting = selector.waiting(selector.listing(state="waiting").order_by("pk"))
    assert [each.why for each in waiting] == ["unknown", "unknown", "none", "currency"]
    assert waiting[3].invoice == bills[0]
    with pytest.raises(PaymentRefused) as refused:
        payments.settle(waiting[3].payment, bills[0], how="hand", by=None)
    assert refused.value.code == "payment_currency"


def test_the_same_money_told_twice_is_booked_once(bills):
    a, b, _ = (each.payment_reference for each in bills)
    text = pays(("25.00", a), ("25.00", b))
    come(text)
    again = come(text.replace("N1", "another message"))
    statement = come(text.replace("camt.054.001.02", "camt.053.001.02").replace("Ntfctn", "Stmt"))
    lump = come(
        message(entry(amount="50.00"), form="camt.053.001.08", inside="Stmt").replace(
            "<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>"
        )
    )
    assert [(row.booked, row.known) for row in (again, statement, lump)] == [(0, 2), (0, 2), (0, 1)]
    assert Payment.objects.aggregate(Sum("amount"))["amount__sum"] == 5000
    equal = come(message(entry(detail(ref=a), ref="X"), entry(detail(ref=a), ref="X"), entry(detail(ref=a), ref="Y")))
    assert equal.booked == 3  # within one file equal bookings are several


def test_a_file_that_was_booked_is_known_at_once_and_neither_read_nor_kept_again(bills, monkeypatch):
    text = pays(("25.00", bills[0].payment_reference), ("1.00", "thanks"))
    first = come(text, name="one.xml")
    monkeypatch.setattr(
        "billing.services.payment_files.apart.whole", lambda *_args, **_named: pytest.fail("It was read again.")
    )
    again = come(text, name="two.xml")
    assert (again.state, again.payments, again.booked, again.known, again.matched) == ("done", 2, 0, 2, 0)
    assert (again.pk != first.pk, again.file_name, again.sums) == (True, "two.xml", {"SEK": 2600})
    assert (again.finished_at is not None, again.form, again.done) == (True, first.form, first.done)
    assert again.file.name == first.file.name
    with again.file.open("rb") as kept:
        assert kept.read() == text.encode()
    assert Payment.objects.count() == 2
    told = AuditEntry.objects.filter(event="payments.booked").order_by("pk").values_list("object_id", flat=True)
    assert list(told) == [first.pk, again.pk]


def test_a_file_of_which_something_was_left_out_is_read_again(bills):
    paid = entry(detail("5.00", bills[0].payment_reference), amount="5.00", ref="A1")
    text = message(paid, entry(detail("7.00", ""), amount="7.00", ref="A2").replace("CRDT", "DBIT"))
    first, again = come(text), come(text)
    assert first.left_out
    assert (first.booked, again.booked, again.known) == (1, 0, 1)
    assert again.file.name != first.file.name


def test_a_file_that_was_refused_or_is_lost_is_read_again(bills):
    text = pays(("25.00", bills[0].payment_reference))
    refused = [come(text[:-30]) for _ in range(2)]
    assert [(row.state, row.error) for row in refused] == [("failed", "payment_file_cut")] * 2
    first = come(text)
    first.file.storage.delete(first.file.name)
    again = come(text)
    assert (again.state, again.booked, again.known) == ("done", 0, 1)
    assert again.file.storage.exists(again.file.name)
    assert again.file.name != first.file.name


def test_nothing_of_a_file_that_is_cut_off_is_booked(bills):
    text = pays(*[("25.00", each.payment_reference) for each in bills])
    row = come(text[: len(text) // 2])
    assert (row.state, row.error, row.booked) == ("failed", "payment_file_cut", 0)
    assert not Payment.objects.exists()
    assert AuditEntry.objects.filter(event="payments.refused").exists()
    assert come(text).booked == 3


def test_a_payment_of_several_invoices_is_shared_as_told_and_waits_if_it_was_not(bills):
    a, b, _ = (each.payment_reference for each in bills)
    strd = "<Strd>{0}<CdtrRefInf><Ref>{1}</Ref></CdtrRefInf></Strd>"
    part = "<RfrdDocAmt><RmtdAmt Ccy='SEK'>{0}</RmtdAmt></RfrdDocAmt>"
    told = strd.format(part.format("25.00"), a) + strd.format(part.format("15.00"), b)
    come(message(entry(detail("40.00", told=told), amount="40.00")))
    assert [rest(each) for each in bills] == [0, 1000, 2500]
    come(
        message(
            entry(
                detail("35.00", told=strd.format("", b) + strd.format("", bills[2].payment_reference)),
                amount="35.00",
                ref="A2",
            )
        )
    )
    (waits,) = selector.waiting(selector.listing(state="waiting"))
    assert waits.why == "several"
    assert {proposal.invoice for proposal in waits.proposals} == {bills[1], bills[2]}


def test_a_deduction_of_an_old_file_stands_against_the_account(bills):
    own = bills[0].payment_reference
    content = bg(
        "01BGMAX               0120261101173035010331P",
        "050009912346          SEK",
        f"200000000000{own:>25}000000000000002500210000000001010",
        f"210000000000{own:>25}0000000000000005002100000000010200",
        "15000000000000000000084100000100982322026110100007000000000000002000SEK00000002",
        "7000000001000000010000000000000001",
    )
    row = come(content, name="bgmax.txt")
    assert (row.form, row.booked, row.matched) == ("BgMax", 2, 2)
    assert rest(bills[0]) == 0
    (balance,) = balances.of_account(bills[0].account, today=TODAY)
    assert balance.owed == 500


def test_a_proposal_is_of_the_number_in_words_of_the_payer_before_and_of_the_name(bills):
    come(pays(("25.00", f"Faktura {bills[0]} tack")))
    (waits,) = selector.waiting(selector.listing(state="waiting"))
    assert [(each.invoice, each.by, each.is_whole) for each in waits.proposals] == [(bills[0], "text", True)]
    payments.settle(waits.payment, bills[0], how="nod", by=None)
    assert PaymentMatch.objects.get().how == "nod"
    come(pays(("25.00", "hej"), ref="A2"))
    # The account SE455000 has paid for Ada before, whose invoice is paid by now; the name is Ada's too.
    (waits,) = selector.waiting(selector.listing(state="waiting"))
    assert waits.proposals == []


def test_a_payment_by_hand_is_for_its_invoice_and_what_is_more_stands_on_the_account(bills):
    payments.record(bills[0], Decimal("30.00"), paid_on=TODAY, text="", by=None, today=TODAY)
    assert rest(bills[0]) == 0
    assert PaymentMatch.objects.get(purpose="account").amount == 500
    for amount, day in (
        (Decimal(0), TODAY),
        (Decimal("-1"), TODAY),
        (Decimal("0.001"), TODAY),
        (Decimal(1), date(2027, 1, 1)),
    ):
        with pytest.raises(PaymentRefused):
            payments.record(bills[1], amount, paid_on=day, text="", by=None, today=TODAY)


def test_a_wrong_match_is_undone_once_and_the_money_can_go_elsewhere_or_back(bills):
    come(pays(("25.00", bills[0].payment_reference)))
    match = PaymentMatch.objects.get()
    with pytest.raises(PaymentRefused):
        payments.undo(match, reason=" ", by=None)
    undone = payments.undo(match, reason="Another Ada", by=None)
    assert (rest(bills[0]), Payment.objects.get().rest) == (2500, 2500)
    for each in (match, undone):
        with pytest.raises(PaymentRefused):
            payments.undo(each, reason="Again", by=None)
    payment = payments.settle(Payment.objects.get(), bills[1], how="hand", by=None)
    assert (rest(bills[1]), payment.rest) == (0, 0)
    with pytest.raises(PaymentRefused):
        payments.pay_back(payment, reason="Twice", by=None)
    payments.undo(payments.live(payment).get(), reason="Wrong", by=None)
    assert payments.pay_back(payment, reason="Not a customer", by=None).rest == 0
    assert sorted(PaymentMatch.objects.values_list("amount", flat=True)) == [-2500, -2500, 2500, 2500, 2500]


def test_what_was_paid_and_then_credited_is_owed_back(bills):
    come(pays(("25.00", bills[0].payment_reference)))
    credit_notes.credit(bills[0], reason="Wrong", by=None, at=NOVEMBER)
    (balance,) = balances.of_account(bills[0].account, today=TODAY)
    assert (balance.open, balance.too_much, balance.owed) == (0, 2500, -2500)


def test_the_ageing_list_adds_up_and_parts_by_days(bills):
    due = bills[0].due_on
    come(pays(("10.00", bills[0].payment_reference)))
    for days, part in ((0, "not_due"), (1, "to_30"), (30, "to_30"), (31, "to_60"), (61, "to_90"), (91, "older")):
        today = date.fromordinal(due.toordinal() + days)
        (sums,) = balances.ageing_sums(today=today)
        assert (sums[part], sums["total"]) == (6500, 6500)
        assert sum(row["total"] for row in balances.ageing(today=today)) == 6500


def test_the_database_lets_nobody_take_more_than_there_is_or_change_a_fact(bills):
    come(pays(("25.00", bills[0].payment_reference)))
    payment, match = Payment.objects.get(), PaymentMatch.objects.get()
    attempts = [
        lambda: PaymentMatch.objects.create(
            payment=payment, account=bills[1].account, invoice=bills[1], amount=1, purpose="invoice", how="hand"
        ),
        lambda: PaymentMatch.objects.create(
            payment=payment, account=bills[1].account, invoice=bills[0], amount=-1, purpose="invoice", how="hand"
        ),
        lambda: Payment.objects.filter(pk=payment.pk).update(amount=1),
        lambda: Payment.objects.filter(pk=payment.pk).update(rest=1),
        lambda: PaymentMatch.objects.filter(pk=match.pk).update(amount=1),
        lambda: PaymentMatch.objects.filter(pk=match.pk).delete(),
        lambda: Receivable.objects.update(paid=0, rest=2500),
        lambda: Receivable.objects.all().delete(),
        lambda: Payment.objects.create(booking="x", amount=100, rest=5, currency="SEK", paid_on=TODAY),
        lambda: with_match(rest=5, matched=90),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


@pytest.mark.parametrize("column", ["payment_id", "invoice_id", "undoes_id"])
@pytest.mark.parametrize("whose", ["nobody's", "another operator's"])
def test_a_match_is_of_the_operators_own_payment_invoice_and_match(north, south, column, whose):
    with tenant_scope(south.pk):
        of = Payment.objects.create(booking="x", amount=100, rest=100, currency="SEK", paid_on=TODAY)
        match = PaymentMatch.objects.create(payment=of, amount=9, purpose="refund", how="hand")
        theirs = {"payment_id": of.pk, "invoice_id": bill("Eva Ny")[0].pk, "undoes_id": match.pk}
    with tenant_scope(north.pk):
        come(pays(("25.00", bill("Ada Ek")[0].payment_reference)))
        own = PaymentMatch.objects.get()
        kept = ("operator_id", "payment_id", "account_id", "invoice_id", "purpose")
        values = {name: getattr(own, name) for name in kept} | {"amount": -own.amount, "undoes_id": own.pk}
        foreign = theirs[column] if whose == "another operator's" else 10**12
        with pytest.raises(DatabaseError), transaction.atomic():
            past_its_model(values | {column: foreign})
        past_its_model(values)
        assert Payment.objects.get().rest == 2500


def past_its_model(values):
    """Write a match by a statement."""
    columns = ", ".join(values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO billing_paymentmatch ({columns}, public_id, how, reason, created_at)"
            f" VALUES ({', '.join(f'%({name})s' for name in values)}, gen_random_uuid(), 'hand', '', now())",
            values,
        )


def with_match(*, rest, matched):
    """Write a payment of 100 and a match of it by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH booked AS (INSERT INTO billing_payment (id, operator_id, public_id, booking, nth, item, amount, rest,"
            " currency, paid_on, to_account, given, given_amounts, text, payer_name, payer_account, payer_account_mark,"
            " created_at) SELECT nextval(pg_get_serial_sequence('billing_payment', 'id')), o, gen_random_uuid(),"
            " 'both', 1, 0, 100, %(rest)s, 'SEK', current_date, '', '', '{}', '', '', '', '', now()"
            " FROM (SELECT current_setting('app.operator_id')::bigint AS o) o RETURNING *)"
            " INSERT INTO billing_paymentmatch (operator_id, public_id, payment_id, amount, purpose, how, reason,"
            " created_at) SELECT operator_id, gen_random_uuid(), id, %(matched)s, 'refund', 'hand', '', now()"
            " FROM booked",
            {"rest": rest, "matched": matched},
        )


@pytest.mark.parametrize("rest", [10, 100])
def test_a_payment_may_begin_with_what_its_matches_leave_and_is_kept_to_it(in_north, rest):
    with_match(rest=rest, matched=90)
    assert Payment.objects.get().rest == 10
    with transaction.atomic(), pytest.raises(DatabaseError), transaction.atomic():
        PaymentMatch.objects.create(payment=Payment.objects.get(), amount=11, purpose="refund", how="hand")
    PaymentMatch.objects.create(payment=Payment.objects.get(), amount=10, purpose="refund", how="hand")
    assert Payment.objects.get().rest == 0


AMOUNTS = st.lists(st.tuples(st.integers(1, 6000), st.integers(0, 5)), min_size=1, max_size=12)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(AMOUNTS)
def test_all_money_is_matched_or_waits(bills, paid):
    """Whatever comes in: payments = matches + what waits, and of each invoice due = paid + open."""
    references = [each.payment_reference for each in bills] + ["123", "hej", "9999999991"]
    with transaction.atomic():
        before = Payment.objects.aggregate(total=Sum("amount", default=0))["total"]
        row = come(pays(*[(Decimal(coins).scaleb(-2), references[which]) for coins, which in paid], ref=f"H{before}"))
        assert row.state == "done", row.error_facts
        sums = Payment.objects.aggregate(amount=Sum("amount"), rest=Sum("rest"))
        matched = PaymentMatch.objects.aggregate(amount=Sum("amount", default=0))["amount"]
        assert sums["amount"] == before + sum(coins for coins, _ in paid) == matched + sums["rest"]
        for each in Receivable.objects.all():
            booked = PaymentMatch.objects.filter(invoice=each.invoice).aggregate(amount=Sum("amount", default=0))[
                "amount"
            ]
            assert 0 <= each.rest == each.due - booked
        transaction.set_rollback(True)


# --- at once, and killed ---


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_file_at_once_book_each_payment_once(north):
    with tenant_scope(north.pk):
        bills = bill("Ada Ek", "Bo Dahl")
        text = message(
            *[
                entry(detail("5.00", each.payment_reference), amount="5.00", ref=f"R{n}")
                for n in range(20)
                for each in bills
            ]
        )
    rows = []
    for name in ("one.xml", "two.xml"):
        with tenant_scope(north.pk):
            content = ContentFile((text + f"<!-- {name} -->").encode())
            rows.append(payment_files.take_in(content, name=name, by=None, at=timezone.now()))
    payment_files_stretch, payment_files.STRETCH = payment_files.STRETCH, 7

    def work_off(_):
        try:
            work.do_next(work.kind_named("payment_file"), north.pk, clock=timezone.now)
        finally:
            connection.close()

    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work_off, range(2)))
    finally:
        payment_files.STRETCH = payment_files_stretch
    with tenant_scope(north.pk):
        for row in rows:
            row.refresh_from_db()
            assert (row.state, row.booked + row.known) == ("done", 40)
        assert sum(row.booked for row in rows) == Payment.objects.count() == 40
        assert PaymentMatch.objects.filter(purpose="invoice").aggregate(Sum("amount"))["amount__sum"] == 5000
        assert not Receivable.objects.exclude(rest=0).exists()


@pytest.mark.django_db(transaction=True)
def test_two_matches_at_once_that_take_no_turn_cannot_take_more_than_there_is(north):
    with tenant_scope(north.pk):
        of = Payment.objects.create(booking="x", amount=100, rest=100, currency="SEK", paid_on=TODAY)
    is_made, second = threading.Event(), []

    def match(hold):
        try:
            with tenant_scope(north.pk):
                if not hold:
                    assert is_made.wait(60)
                    with connection.cursor() as cursor:
                        cursor.execute("SELECT pg_backend_pid()")
                        second.append(cursor.fetchone()[0])
                PaymentMatch.objects.create(payment=of, amount=60, purpose="refund", how="hand")
                if hold:
                    is_made.set()
                    _wait_until_it_waits(second)
        except DatabaseError:
            return "refused"
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(match, (True, False))) == ["made", "refused"]
    with tenant_scope(north.pk):
        assert Payment.objects.get().rest == 40


def _wait_until_it_waits(pids):
    """Return when that connection waits for somebody."""
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            if pids:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", pids)
                if cursor.fetchone()[0]:
                    return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_killed_goes_on_where_it_was(north, monkeypatch):
    monkeypatch.setattr(payment_files, "STRETCH", 2)
    with tenant_scope(north.pk):
        bills = bill("Ada Ek", "Bo Dahl", "Cia Ask")
        text = message(
            *[
                entry(detail("5.00", each.payment_reference), amount="5.00", ref=f"R{n}-{each.pk}")
                for n in range(3)
                for each in bills
            ]
        )
        row = payment_files.take_in(ContentFile(text.encode()), name="f.xml", by=None, at=timezone.now())
    book, calls = payment_files._book, []

    def dies(*args, **kwargs):
        calls.append(1)
        found = book(*args, **kwargs)
        if len(calls) == 3:
            raise KeyboardInterrupt  # after it was written, before it is committed
        return found

    monkeypatch.setattr(payment_files, "_book", dies)
    with pytest.raises(KeyboardInterrupt):
        work.do_next(work.kind_named("payment_file"), north.pk, clock=timezone.now)
    with tenant_scope(north.pk):
        assert Payment.objects.count() == 4
    monkeypatch.setattr(payment_files, "_book", book)
    later = timezone.now() + timedelta(minutes=10)
    work.do_next(work.kind_named("payment_file"), north.pk, clock=lambda: later)
    with tenant_scope(north.pk):
        row.refresh_from_db()
        assert (row.state, row.booked, row.known, row.matched) == ("done", 9, 0, 9)
        assert [rest(each) for each in bills] == [1000] * 3


def test_too_many_files_and_a_stranger_kind_are_told(in_north, monkeypatch):
    monkeypatch.setattr(payment_files, "MOST_OPEN", 1)
    first = payment_files.take_in(ContentFile(b"<a/>"), name="a.xml", by=None, at=timezone.now())
    assert payment_files.take_in(ContentFile(b"<a/>"), name="a.xml", by=None, at=timezone.now()) == first
    with pytest.raises(BillingError):
        payment_files.take_in(ContentFile(b"<b/>"), name="b.xml", by=None, at=timezone.now())
    work.do_next(work.kind_named("payment_file"), first.operator_id, clock=timezone.now)
    first.refresh_from_db()
    assert (first.state, first.error) == ("failed", "payment_file_unknown")
    assert PaymentFile.objects.count() == 1
