"""The ledger on real documents and payments: whole, balanced, only added to, closed by month, and caught up."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from billing.domain.errors import Code
from billing.models import (
    ClosedMonth,
    Invoice,
    LedgerEntry,
    LedgerRow,
    LedgerSum,
    LedgerWork,
    Payment,
    PaymentMatch,
    Receivable,
)
from billing.selectors import ledger
from billing.services import credit_notes, fees, late_charges, payments, write_offs
from billing.services import ledger as services
from billing.services.fees import Agreed
from billing.services.late_charges import Charge, Part
from billing.services.ledger import MonthStaysOpen
from billing.sql.ledger import SOURCES, is_first_booked
from billing.sql.ledger_checks import CHECKS
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from billing.tests.test_payments import come, pays
from billing.tests.test_vouchers import MIXED
from charging.models import Site
from tenants import work
from tenants.models import Account, AuditEntry, Operator
from tenants.scoping import tenant_scope
from tenants.services.people import accounts

MONTH, NEXT = date(2026, 11, 1), date(2026, 12, 1)
AFTER = NOVEMBER.replace(month=12, day=3)
TODAY = date(2026, 12, 24)


@pytest.fixture
def bills(in_north):
    """Five invoices in whole kronor of sessions at two sites with three kinds of VAT, and one of a fee."""
    Operator.objects.filter(pk=in_north.pk).update(rounds_to_crowns=True)
    tariff(MIXED)
    sites = [connector(Site.objects.create(name=name)) for name in ("Torget", "Kajen")]
    for number in range(5):
        session(sites[number % 2], driver(), start=OCTOBER + timedelta(hours=number), kwh=7)
    firm = accounts.create(kind=Account.Kind.COMPANY, name="Bolaget AB", country="SE")
    agreed = Agreed(
        kind="once", text="Kort", reason="-", price=Decimal(99), since=OCTOBER.date(), booking_account="3540"
    )
    fees.add(firm, agreed, today=OCTOBER.date())
    issued()
    return list(Invoice.objects.order_by("number"))


def on(number, month=MONTH):
    """What stands on an account at the end of a month."""
    return sum(line.after for line in ledger.trial_balance(month) if line.number == number)


def assert_all_agrees(*months):
    for month in months or (MONTH,):
        found = ledger.checks(month)
        assert [check for check in found if not check.holds] == []
    for entry in LedgerEntry.objects.all():
        rows = list(LedgerRow.objects.filter(entry=entry).order_by("position"))
        assert sum(row.amount for row in rows) == 0
        assert [row.position for row in rows] == list(range(1, len(rows) + 1))
        assert all(row.amount for row in rows)


def coins(amount):
    return int(amount * 100)


def test_a_document_is_booked_as_it_is_issued_for_what_it_says(bills):
    assert LedgerEntry.objects.count() == len(bills) == 6
    for invoice in bills:
        rows = [row for _account, row in ledger.bookings_of("document", invoice.pk)]
        by_use: dict[str, int] = {}
        for row in rows:
            by_use[row.use] = by_use.get(row.use, 0) + row.amount
        assert by_use.pop("receivable") == coins(invoice.amount_due)
        assert by_use.pop("rounding", 0) == -coins(invoice.rounding)
        assert sum(value for use, value in by_use.items() if use.startswith("vat_")) == -coins(invoice.vat)
        assert sum(value for use, value in by_use.items() if use.startswith("sales_")) == -coins(
            invoice.amount_excl_vat
        )
    of_fee = [account.number for account, _ in ledger.bookings_of("document", bills[-1].pk)]
    assert "3540" in of_fee
    assert {row.site.name for row in LedgerRow.objects.filter(site__isnull=False)} == {"Torget", "Kajen"}
    assert_all_agrees()


def test_a_credit_note_takes_it_back_and_vat_comes_to_nothing(bills):
    credit_notes.credit(bills[0], reason="Fel", by=None, at=NOVEMBER)
    before, after = (ledger.bookings_of("document", each.pk) for each in (bills[0], Invoice.objects.latest("pk")))
    assert sorted((a.number, -row.amount) for a, row in before) == sorted((a.number, row.amount) for a, row in after)
    assert_all_agrees()


def test_payments_and_what_they_were_for_move_between_bank_receivables_and_the_rest(bills):
    owed, other = bills[0], bills[1]
    due = sum(coins(bill.amount_due) for bill in bills)
    row = come(pays((owed.amount_due, owed.payment_reference), ("7.00", "hej")))
    assert (row.booked, row.matched) == (2, 1)
    paid = coins(owed.amount_due)
    assert (on("1930"), on("1510"), on("2899")) == (paid + 700, due - paid, -700)
    payment = Payment.objects.get(amount=700)
    payments.settle(payment, other, how=PaymentMatch.How.NOD, by=None)
    month = ledger.months()[0].month
    assert (on("2899", month), on("1510", month)) == (0, due - paid - 700)
    payments.undo(PaymentMatch.objects.get(payment=payment), reason="Fel", by=None)
    payments.pay_back(Payment.objects.get(pk=payment.pk), reason="Okänd", by=None)
    assert (on("2899", month), on("1930", month)) == (0, paid)
    payments.record(other, other.amount_due + 5, paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)
    assert on("2420", month) == -500
    assert_all_agrees(MONTH, month)
    assert on("1510", month) == sum(Receivable.objects.values_list("rest", flat=True))


def test_what_came_in_the_same_file_stands_on_the_day_it_was_paid(bills):
    come(pays((bills[0].amount_due, bills[0].payment_reference)))
    for entry in LedgerEntry.objects.exclude(kind="document"):
        assert entry.event_on == Payment.objects.get().paid_on == entry.booked_on


def test_a_closed_month_takes_no_entry_and_what_is_late_stands_in_the_next(bills):
    closed = services.close(MONTH, by=None, at=AFTER)
    assert closed.figures == [vars_of(line) for line in ledger.trial_balance(MONTH)]
    assert AuditEntry.objects.filter(event="ledger.closed").exists()
    payments.record(bills[0], bills[0].amount_due, paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)
    late = LedgerEntry.objects.exclude(kind="document")
    assert {(entry.event_on, entry.booked_on) for entry in late} == {(NOVEMBER.date(), NEXT)}
    assert ledger.trial_balance(MONTH) == [ledger.Line(**row) for row in closed.figures]
    assert on("1930", NEXT) == coins(bills[0].amount_due)
    assert_all_agrees(MONTH, NEXT)


def vars_of(line):
    return {name: getattr(line, name) for name in line.__dataclass_fields__}


def test_the_database_refuses_an_entry_in_a_closed_month(bills):
    services.close(MONTH, by=None, at=AFTER)
    with pytest.raises(DatabaseError, match="closed"), transaction.atomic():
        LedgerEntry.objects.create(kind="payment", source=9, event_on=MONTH, booked_on=MONTH, currency="SEK")


@pytest.mark.parametrize(
    ("month", "at", "code"),
    [
        (MONTH, NOVEMBER, Code.MONTH_NOT_ENDED),
        (NEXT, AFTER.replace(year=2027), Code.EARLIER_MONTH_OPEN),
        (date(2026, 10, 1), AFTER, Code.MONTH_IS_CLOSED),
    ],
)
def test_months_are_closed_in_their_order_when_they_are_over(bills, month, at, code):
    with pytest.raises(MonthStaysOpen) as refused:
        services.close(month, by=None, at=at)
    assert refused.value.code == code
    assert not ClosedMonth.objects.exists()


def test_a_month_is_closed_once(bills):
    services.close(MONTH, by=None, at=AFTER)
    with pytest.raises(MonthStaysOpen) as refused:
        services.close(MONTH, by=None, at=AFTER)
    assert refused.value.code == Code.MONTH_IS_CLOSED


@pytest.mark.parametrize(
    ("statement", "part"),
    [
        ("UPDATE billing_receivable SET due = due + 1, rest = rest + 1 WHERE invoice_id = {invoice}", "receivables"),
        ("UPDATE billing_ledgerrow SET amount = amount + 1 WHERE use LIKE 'vat%' AND entry_id = {entry}", "vat"),
        ("UPDATE billing_ledgerrow SET amount = amount + 1 WHERE use LIKE 'sales%' AND entry_id = {entry}", "sales"),
        ("UPDATE billing_ledgersum SET debit = debit + 1 WHERE use = 'on_account'", "on_account"),
        ("UPDATE billing_ledgersum SET debit = debit + 1 WHERE use = 'rounding'", "both_sides"),
        ("UPDATE billing_ledgersum SET credit = credit + 1 WHERE use = 'unidentified'", "unidentified"),
        ("UPDATE billing_ledgerrow SET amount = amount + 1 WHERE use = 'bank'", "bank"),
    ],
)
def test_an_inequality_stops_the_close_and_says_which(bills, statement, part):
    due = bills[0].amount_due
    payments.record(bills[0], due + 1, paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)
    assert_all_agrees()
    entry = LedgerEntry.objects.get(kind="document", source=bills[1].pk)
    behind_the_walls(statement.format(invoice=bills[1].pk, entry=entry.pk))
    with pytest.raises(MonthStaysOpen) as refused:
        services.close(MONTH, by=None, at=AFTER)
    assert (refused.value.code, refused.value.facts["booked_part"]) == (Code.LEDGER_UNEQUAL, part)
    assert part in CHECKS
    assert not ClosedMonth.objects.exists()


def behind_the_walls(statement):
    """Do what nobody may do, as the owner of the tables with the triggers off."""
    table = re.findall(r"billing_\w+", statement)[0]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("RESET ROLE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        assert cursor.rowcount > 0
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET ROLE wattledger_app")


@pytest.mark.parametrize(
    "amounts",
    [[(1, 100), (2, -99)], [(1, 100)], [(2, 100), (3, -100)], [(1, 100), (3, -100)]],
    ids=["unequal", "one side", "not from one", "a hole"],
)
def test_the_database_refuses_rows_that_are_not_whole(in_north, amounts):
    entry = LedgerEntry.objects.create(kind="payment", source=1, event_on=MONTH, booked_on=MONTH, currency="SEK")
    rows = [LedgerRow(entry=entry, position=at, use="bank", booked_on=MONTH, amount=amount) for at, amount in amounts]
    with pytest.raises(DatabaseError, match="refused"), transaction.atomic():
        LedgerRow.objects.bulk_create(rows)


def test_the_database_refuses_rows_of_another_day_and_more_rows_of_a_booked_entry(bills):
    entry = LedgerEntry.objects.first()
    pair = [LedgerRow(entry=entry, position=at, use="bank", booked_on=MONTH, amount=a) for at, a in ((1, 5), (2, -5))]
    with pytest.raises(DatabaseError), transaction.atomic():
        LedgerRow.objects.bulk_create(pair)
    other = LedgerEntry.objects.create(kind="payment", source=1, event_on=MONTH, booked_on=MONTH, currency="SEK")
    for row in pair:
        row.entry, row.booked_on = other, NEXT
    with pytest.raises(DatabaseError, match="not whole"), transaction.atomic():
        LedgerRow.objects.bulk_create(pair)


@pytest.mark.parametrize("whose", ["nobody's", "another operator's"])
def test_the_database_refuses_rows_of_an_entry_that_is_not_the_operators(north, south, whose):
    told = {"kind": "payment", "source": 1, "event_on": MONTH, "booked_on": MONTH, "currency": "SEK"}
    with tenant_scope(south.pk):
        theirs = LedgerEntry.objects.create(**told).pk
    with tenant_scope(north.pk):
        own, pair = LedgerEntry.objects.create(**told).pk, ((1, 5), (2, -5))

        def write(entry):
            rows = [LedgerRow(entry_id=entry, position=at, use="bank", booked_on=MONTH, amount=a) for at, a in pair]
            LedgerRow.objects.bulk_create(rows)

        with pytest.raises(DatabaseError, match="not whole"), transaction.atomic():
            write(theirs if whose == "another operator's" else 10**12)
        write(own)


def test_the_sums_are_those_of_the_rows(bills):
    come(pays((bills[0].amount_due, bills[0].payment_reference), ("7.00", "hej")))
    rows: dict[tuple[object, ...], tuple[int, int]] = {}
    for row in LedgerRow.objects.select_related("entry"):
        key = (row.booked_on.replace(day=1), row.entry.currency, row.use, row.account, row.vat_rate)
        debit, credit = rows.get(key, (0, 0))
        rows[key] = debit + row.debit, credit + row.credit
    kept = {
        (row.month, row.currency, row.use, row.account, row.vat_rate): (row.debit, row.credit)
        for row in LedgerSum.objects.all()
    }
    assert kept == rows


def test_rows_of_two_currencies_that_are_written_at_once_have_their_sums(in_north):
    told = {"kind": "payment", "event_on": MONTH, "booked_on": MONTH}
    rows = []
    for source, (currency, amount) in enumerate([("SEK", 5), ("EUR", 7), ("SEK", 11)]):
        entry = LedgerEntry.objects.create(source=source, currency=currency, **told)
        rows += [
            LedgerRow(entry=entry, position=at, use=use, booked_on=MONTH, amount=sign * amount)
            for at, use, sign in ((1, "bank", 1), (2, "unidentified", -1))
        ]
    LedgerRow.objects.bulk_create(rows)
    kept = {(row.currency, row.use): (row.debit, row.credit) for row in LedgerSum.objects.all()}
    assert kept == {
        ("SEK", "bank"): (16, 0),
        ("SEK", "unidentified"): (0, 16),
        ("EUR", "bank"): (7, 0),
        ("EUR", "unidentified"): (0, 7),
    }


def test_vat_by_rate_is_what_the_documents_say(bills):
    told = {tax.rate: (tax.sales, tax.vat) for tax in ledger.taxes(MONTH)}
    rows: dict[Decimal | None, tuple[int, int]] = {}
    for invoice in bills:
        for row in invoice.vat_rows.all():
            sales, vat = rows.get(row.vat_rate, (0, 0))
            rows[row.vat_rate] = sales + coins(row.taxable), vat + coins(row.vat)
    assert told == rows


def test_an_account_s_rows_come_to_its_line(bills):
    for line in ledger.trial_balance(MONTH):
        rows = list(ledger.rows(line.number, MONTH))
        assert sum(row.debit for row in rows) == line.debit
        assert sum(row.credit for row in rows) == line.credit
    assert set(ledger.sources(LedgerEntry.objects.all()).values()) == set(bills)
    assert not ledger.rows("9999", MONTH).exists()


def test_income_begins_anew_with_the_year_and_receivables_do_not(bills):
    january = date(2027, 1, 1)
    assert on("1510", january) == on("1510") > 0
    assert on("3540") == -9900
    assert on("3540", january) == 0


def without_a_ledger():
    """As a database is in which documents and payments are older than the ledger."""
    tables = "billing_ledgerrow, billing_ledgersum, billing_ledgerentry"
    for table in tables.split(", "):
        behind_the_walls(f"DELETE FROM {table}")


def test_what_is_older_than_the_ledger_is_booked_afterwards_once(bills, monkeypatch):
    come(pays((bills[0].amount_due, bills[0].payment_reference), ("7.00", "hej")))
    credit_notes.credit(bills[1], reason="Fel", by=None, at=NOVEMBER)
    before = balance_by_number()
    without_a_ledger()
    assert ledger.is_behind()
    with pytest.raises(MonthStaysOpen):
        services.close(MONTH, by=None, at=AFTER)
    monkeypatch.setattr(services, "PART", 2)
    services.ask_if_behind(timezone.now())
    services.ask_if_behind(timezone.now())
    row = LedgerWork.objects.get()
    kind = work.kind_named("ledger")
    assert work.do_next(kind, row.operator_id, clock=timezone.now)
    row.refresh_from_db()
    assert (row.done, row.state) == (2, "queued")
    payments.record(bills[2], Decimal(1), paid_on=NOVEMBER.date(), text="", by=None, today=TODAY)  # meanwhile
    assert ledger.is_behind()
    while work.do_next(kind, row.operator_id, clock=timezone.now):
        pass
    assert not ledger.is_behind()
    row.refresh_from_db()
    assert (row.state, row.total) == ("done", row.done)
    assert_all_agrees()
    after = balance_by_number()
    assert after.pop("1930") == before.pop("1930") + 100
    assert after.pop("1510") == before.pop("1510") - 100
    assert after == before
    services.ask_if_behind(timezone.now())
    assert LedgerWork.objects.count() == 1
    services.close(MONTH, by=None, at=AFTER)


def balance_by_number():
    return {line.number: line.after for line in ledger.trial_balance(MONTH)}


def test_what_paying_late_costs_is_no_sale_and_outside_vat(bills):
    late = bills[0]
    costs, interest = Part("Avgift", 6000, "late_costs"), Part("Ränta", 1234, "interest")
    operator = Operator.objects.get()
    (document,), _ = late_charges.issue(
        [Charge(late, [costs, interest])], operator=operator, at=NOVEMBER, today=NOVEMBER.date()
    )
    booked = {account.number: -row.amount for account, row in ledger.bookings_of("document", document.pk)}
    rounding = int(document.rounding * 100)
    assert booked == {"1510": -7234 - rounding, "3990": 6000, "8313": 1234, "3740": rounding}
    assert {tax.rate: tax.sales for tax in ledger.taxes(MONTH)}[None] == 7234 + sum(
        coins(row.taxable) for bill in bills for row in bill.vat_rows.filter(vat_rate=None)
    )
    assert_all_agrees()
    credit_notes.credit(document, reason="Fel", by=None, at=NOVEMBER)
    assert on("3990") == on("8313") == 0
    assert_all_agrees()


def test_a_kind_that_the_ledger_takes_only_now_is_caught_up(bills):
    write_offs.write_off(bills[0], Decimal(1), why="waived", reason="-", by=None, at=NOVEMBER)
    before = balance_by_number()
    LedgerWork.objects.create(queued_at=timezone.now(), state=LedgerWork.State.DONE, reached={"document": 10**9})
    entry = LedgerEntry.objects.get(kind="write_off")
    behind_the_walls("UPDATE billing_ledgersum SET credit = credit - 100 WHERE use = 'receivable'")
    behind_the_walls("DELETE FROM billing_ledgersum WHERE use = 'loss_feared'")
    behind_the_walls(f"DELETE FROM billing_ledgerrow WHERE entry_id = {entry.pk}")
    behind_the_walls(f"DELETE FROM billing_ledgerentry WHERE id = {entry.pk}")
    assert ledger.is_behind()
    services.ask_if_behind(timezone.now())
    row = LedgerWork.objects.get()
    while work.do_next(work.kind_named("ledger"), row.operator_id, clock=timezone.now):
        pass
    assert not ledger.is_behind()
    assert balance_by_number() == before
    assert_all_agrees()


def test_what_is_known_to_be_booked_is_not_looked_for_again(bills, django_assert_num_queries):
    services.ask_if_behind(timezone.now())
    row = LedgerWork.objects.get()
    assert (row.state, row.reached) == ("done", dict.fromkeys(SOURCES, LedgerWork.ALL))
    with django_assert_num_queries(1):
        assert not ledger.is_behind()
    with django_assert_num_queries(1):
        services.ask_if_behind(timezone.now())


@pytest.mark.parametrize("kind", SOURCES)
def test_an_operator_s_first_event_is_not_looked_for_among_those_of_others(in_north, kind):
    """Whoever asks for the first row alone goes by the primary key, past all that is of others."""
    with connection.cursor() as cursor:
        asked = is_first_booked(SOURCES[kind])
        cursor.execute(f"EXPLAIN {asked}", {"operator": in_north.pk, "after": 0})
        assert not [line for (line,) in cursor.fetchall() if line.strip("-> ").startswith("Limit")]


def test_every_kind_has_its_source():
    assert set(SOURCES) == set(LedgerEntry.Kind.values)


def test_another_operator_sees_nothing_of_it(north, south):
    with tenant_scope(north.pk):
        tariff(flat())
        session(connector(), driver())
        issued()
        assert LedgerRow.objects.exists()
    with tenant_scope(south.pk):
        assert ledger.months() == []
        assert ledger.trial_balance(MONTH) == []
