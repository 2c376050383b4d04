"""Fees of accounts: every day once, shared by days to the öre, on the invoice of its month, and never twice."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.documents import layout
from billing.models import BilledFee, Fee, Invoice, InvoiceLine, InvoiceRun, RunProblem
from billing.selectors import invoices, reconciliation
from billing.services import account_moves, credit_notes, documents, drafting, fees, merging, rules, runs
from billing.services.fees import Agreed, FeeRefused
from billing.tests.domain.judge_of_invoices import judge, rounded
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, flat, issued, session, tariff
from charging.models import Token
from charging.services import tokens
from tenants.models import Account
from tenants.services.people import accounts, operators

pytestmark = pytest.mark.usefixtures("in_north")
DAY = timedelta(days=1)
TODAY = date(2026, 10, 1)


def company(name="Bolaget AB", **facts):
    return accounts.create(kind=Account.Kind.COMPANY, name=name, country="SE", **facts)


def fee(account, kind="monthly", price="300", since=TODAY, **facts):
    facts = {"text": "Subscription", "reason": "Agreed", **facts}
    return fees.add(account, Agreed(kind=kind, price=Decimal(price), since=since, **facts), today=TODAY)


def month(number, year=2026):
    """A run of that month, drafted and issued in the month after."""
    begin = OCTOBER.replace(year=year, month=number)
    at = (begin + 31 * DAY).replace(day=2)
    return issued(month=begin, at=at)


def charged(of: Fee | None = None) -> list[Any]:
    rows = BilledFee.objects.order_by("first_day", "driver", "token")
    rows = rows.filter(fee=of) if of else rows
    return [
        (row.first_day.isoformat(), row.last_day.isoformat(), row.lines.get(invoice=row.invoice).amount) for row in rows
    ]


def test_a_fee_alone_is_an_invoice_with_its_vat_and_nothing_is_charged_twice():
    agreed = fee(company(), booking_account="3001")
    invoice = month(10).invoices.get()
    assert (invoice.amount_excl_vat, invoice.vat, invoice.amount_due, invoice.session_count) == (300, 75, 375, 0)
    line = invoice.lines.get()
    assert (line.component, line.quantity, line.unit, line.unit_price) == ("MONTH_FEE", 1, "month", 300)
    assert (line.fee.text, line.fee.booking_account) == ("Subscription", "3001")
    month(11)
    assert charged(agreed) == [("2026-10-01", "2026-10-31", 300), ("2026-11-01", "2026-11-30", 300)]


def test_a_month_is_shared_by_its_days_and_ends_with_the_last_one():
    agreed = fee(company(), since=date(2026, 10, 12), until=date(2026, 11, 17))
    for number in (10, 11, 12):
        month(number)
    assert charged(agreed) == [
        ("2026-10-12", "2026-10-31", rounded(Decimal(300) * 20 / 31, 2)),
        ("2026-11-01", "2026-11-17", Decimal(170)),
    ]
    assert not Invoice.objects.filter(month=date(2026, 12, 1)).exists()


def test_a_run_that_comes_late_charges_what_is_missing():
    agreed = fee(company(), since=date(2026, 8, 20))
    assert len(month(10).invoices.get().lines.all()) == 3
    assert [days for *days, _ in charged(agreed)] == [
        ["2026-08-20", "2026-08-31"],
        ["2026-09-01", "2026-09-30"],
        ["2026-10-01", "2026-10-31"],
    ]


def test_a_year_is_charged_ahead_with_the_month_in_which_it_begins():
    agreed = fee(company(), "yearly", "1200", since=date(2026, 10, 15))
    for number in (10, 11, 12):
        month(number)
    assert charged(agreed) == [("2026-10-15", "2027-10-14", 1200)]
    month(10, 2027)
    assert charged(agreed)[1:] == [("2027-10-15", "2028-10-14", 1200)]


def test_a_year_that_begins_on_a_leap_day_has_no_gap():
    agreed = fee(company(), "yearly", "366", since=date(2026, 10, 1))
    Fee.objects.filter(pk=agreed.pk).delete()
    leap = Fee.objects.create(
        account=company("B"), kind="yearly", text="X", price=366, currency="SEK", since=date(2028, 2, 29)
    )
    for year in (2028, 2029, 2030, 2031, 2032):
        for number in (2, 3):
            month(number, year)
    days = [(begin, end) for begin, end, _ in charged(leap)]
    assert days[0][0] == "2028-02-29"
    for (_, end), (begin, _) in pairwise(days):
        assert date.fromisoformat(end) + DAY == date.fromisoformat(begin)
    assert [row.invoice.month.month for row in leap.billings.select_related("invoice")] == [2] * 5


def test_what_is_charged_once_is_charged_once_and_a_credit_lessens_the_sum():
    firm = company()
    fee(firm, "once", "99.50", text="New card", since=date(2026, 10, 30))
    fee(firm, "credit", "20", text="For the trouble", since=date(2026, 10, 31))
    invoice = month(10).invoices.get()
    assert [(line.component, line.quantity, line.amount) for line in invoice.lines.order_by("position")] == [
        ("ONCE", 1, Decimal("99.50")),
        ("CREDIT", -1, Decimal(-20)),
    ]
    assert invoice.amount_excl_vat == Decimal("79.50")
    assert not month(11).invoices.exists()


def test_a_credit_that_is_more_than_the_rest_waits_with_a_reason():
    firm = company()
    fee(firm, "credit", "20")
    assert not drafted().invoices.exists()
    assert [(row.account, row.code) for row in RunProblem.objects.all()] == [(firm, "negative_sum")]
    assert not BilledFee.objects.exists()


def test_a_small_fee_waits_with_the_sessions_for_the_smallest_invoice():
    agreed = fee(company(least_amount=Decimal(500)), price="200")
    assert not month(10).invoices.exists()
    assert month(11).invoices.get().amount_due == 500
    assert len(charged(agreed)) == 2


def test_drivers_are_counted_on_the_days_on_which_they_belong():
    firm, anna, bo, eva = company(), driver("Anna"), driver("Bo"), driver("Eva")
    account_moves.move(anna, to=firm)
    account_moves.move(bo, to=firm, since=OCTOBER + 10 * DAY, until=OCTOBER + 20 * DAY)
    account_moves.move(eva, to=firm, pays=False)
    agreed = fee(firm, price="31", per="driver")
    month(10)
    rows = BilledFee.objects.filter(fee=agreed).order_by("driver")
    found: list[Any] = [(row.driver, row.first_day.day, row.last_day.day, row.lines.get().amount) for row in rows]
    assert found == [
        (anna, 1, 31, 31),
        (bo, 11, 20, 10),
    ]


def test_cards_are_those_of_the_payer_and_of_its_drivers_while_they_have_them():
    firm, anna, bo = company(), driver("Anna"), driver("Bo")
    account_moves.move(anna, to=firm)
    hers = Token.objects.create(uid="04HERS", driver=anna)
    passed_on = Token.objects.create(uid="04PASS", driver=anna)
    tokens.give(passed_on, driver=bo, since=OCTOBER + 15 * DAY)
    pool = Token.objects.create(uid="04POOL")
    account_moves.move(pool, to=firm, since=OCTOBER + 30 * DAY)
    blocked = Token.objects.create(uid="04GONE", driver=anna, is_blocked=True, blocked_at=OCTOBER + 2 * DAY)
    Token.objects.create(uid="APP", driver=anna, kind="APP_USER")
    agreed = fee(firm, price="31", per="card")
    month(10)
    found = {row.token: row.lines.get().amount for row in BilledFee.objects.filter(fee=agreed)}
    assert found == {hers: 31, passed_on: 15, pool: 1, blocked: 2}


def test_a_card_that_is_only_hosted_is_counted_for_whoever_pays_for_its_sessions():
    firm, estate, anna = company(), company("Brf Ekan"), driver("Anna")
    account_moves.move(anna, to=firm)
    hers = Token.objects.create(uid="04HERS", driver=anna)
    account_moves.move(hers, to=estate, pays=False)
    theirs, hosts = fee(firm, price="31", per="card"), fee(estate, price="31", per="card")
    month(10)
    assert (charged(theirs), charged(hosts)) == ([("2026-10-01", "2026-10-31", 31)], [])


def test_a_card_is_not_charged_for_the_days_on_which_it_was_blocked():
    firm, anna = company(), driver("Anna")
    account_moves.move(anna, to=firm)
    card = Token.objects.create(uid="04HERS", driver=anna)
    agreed = fee(firm, price="31", per="card")
    tokens.report_lost(card, at=OCTOBER + 5 * DAY)
    tokens.report_found(card, at=OCTOBER + 7 * DAY)
    tokens.block(card, at=OCTOBER + 20 * DAY)
    month(10)
    tokens.unblock(card, at=OCTOBER + 35 * DAY)
    month(11)
    rows = BilledFee.objects.filter(fee=agreed).order_by("first_day")
    assert [(f"{row.first_day:%m-%d}", f"{row.last_day:%m-%d}") for row in rows] == [
        ("10-01", "10-05"),
        ("10-08", "10-20"),
        ("11-05", "11-30"),
    ]


def test_what_was_charged_of_a_card_is_not_charged_again_of_the_one_it_turns_out_to_be():
    firm, anna = company(), driver("Anna")
    account_moves.move(anna, to=firm)
    gone = Token.objects.create(uid="04AB", driver=anna, driver_since=OCTOBER)
    kept = Token.objects.create(uid="4AB", driver=anna, driver_since=OCTOBER + 20 * DAY)
    agreed = fee(firm, price="31", per="card")
    month(10)
    merging.merge_cards(gone, kept, reason="One card, written in two ways")
    month(11)
    rows = BilledFee.objects.filter(fee=agreed).order_by("first_day")
    assert [(row.token, f"{row.first_day:%m-%d}", f"{row.last_day:%m-%d}") for row in rows] == [
        (gone, "10-01", "10-31"),
        (kept, "10-21", "10-31"),  # as was known then
        (kept, "11-01", "11-30"),
    ]


def test_a_private_person_pays_a_fee_with_the_sessions_and_the_judge_agrees():
    tariff(flat("2.4937"))
    dana = driver("Dana")
    session(connector(), dana, kwh=7)
    own = Account.objects.get(driver=dana)
    fee(own, price="49.90", tax_included=True)
    fee(own, price="10", has_standard_rate=False, vat_rate=Decimal(12))
    invoice = month(10).invoices.get()
    lines = list(invoice.lines.all())
    judged = judge(
        [(line.vat_rate, line.amount) for line in lines if not line.tax_included],
        2,
        gross=[(line.vat_rate, line.amount) for line in lines if line.tax_included],
    )
    assert (invoice.amount_excl_vat, invoice.vat, invoice.amount_due) == (judged.excl_vat, judged.vat, judged.due)
    assert sum(line.amount_excl_vat for line in lines) == invoice.amount_excl_vat
    assert [line.fee_id is None for line in sorted(lines, key=lambda line: line.position)] == [True, False, False]


def test_the_rate_is_that_of_each_day(north):
    operators.change(north, country="FI", currency="EUR")
    agreed = Fee.objects.create(
        account=company(),
        kind="monthly",
        text="X",
        price=Decimal("0.05"),
        currency="EUR",
        vat_country="FI",
        since=date(2024, 8, 1),
        until=date(2024, 9, 30),
    )
    yearly = Fee.objects.create(
        account=agreed.account,
        kind="yearly",
        text="Y",
        price=365,
        currency="EUR",
        vat_country="FI",
        since=date(2024, 8, 1),
        until=date(2024, 12, 31),
    )
    month(9, 2024)
    rows = BilledFee.objects.filter(fee=yearly).order_by("first_day")
    found: list[Any] = [(row.first_day.isoformat(), row.lines.get().vat_rate, row.lines.get().amount) for row in rows]
    assert found == [
        ("2024-08-01", Decimal(24), 31),
        ("2024-09-01", Decimal("25.5"), 122),
    ]


def test_without_a_rate_of_its_own_or_a_country_there_is_no_vat():
    fee(company(), has_standard_rate=False)
    invoice = month(10).invoices.get()
    assert (invoice.vat, invoice.vat_rows.get().vat_rate) == (0, None)


def test_a_discarded_run_and_one_that_broke_off_charge_once(monkeypatch):
    agreed = fee(company())
    run = drafted()
    runs.discard(run, by=None)
    assert not BilledFee.objects.exists()
    begun = InvoiceRun.objects.create(month=TODAY, until=NOVEMBER, started_at=NOVEMBER)
    with monkeypatch.context() as patch:
        patch.setattr(rules, "check", lambda ids: 1 / 0)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            drafting.draft(begun, first=agreed.account_id, last=agreed.account_id, at=NOVEMBER)
    begun.delete()
    assert not BilledFee.objects.exists()
    month(10)
    assert len(charged(agreed)) == 1


def test_the_database_refuses_a_second_charge_of_a_day_and_a_change_of_what_was_agreed():
    agreed = fee(company())
    month(10)
    row = BilledFee.objects.get()
    draft = Invoice.objects.create(
        account=agreed.account,
        buyer=agreed.account.identity,
        month=TODAY,
        currency="SEK",
        drafted_at=NOVEMBER,
        **dict.fromkeys(("amount_excl_vat", "vat", "amount_due"), 0),
    )
    with pytest.raises(IntegrityError, match="fee_billed_once_a_day"), transaction.atomic():
        BilledFee.objects.create(
            fee=agreed, invoice=draft, text="again", first_day=row.last_day, last_day=row.last_day + DAY
        )
    for change in ({"price": 1}, {"text": "Other"}, {"until": row.last_day - DAY}):
        with pytest.raises(DatabaseError, match="only its end may change"), transaction.atomic():
            Fee.objects.filter(pk=agreed.pk).update(**change)
    for statement in ("UPDATE billing_billedfee SET text = 'x'", "DELETE FROM billing_billedfee"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_an_end_lies_at_or_after_what_is_charged_and_only_what_is_not_charged_is_taken_back():
    agreed, other = fee(company()), fee(company("B"), "once")
    month(10)
    for act, code in (
        (lambda: fees.end(agreed, until=date(2026, 10, 30)), "fee_charged_until"),
        (lambda: fees.end(other, until=date(2026, 12, 1)), "fee_does_not_recur"),
        (lambda: fees.remove(agreed), "fee_charged"),
    ):
        with pytest.raises(FeeRefused) as refused:
            act()
        assert refused.value.code == code
    fees.end(agreed, until=date(2026, 10, 31))
    assert not month(11).invoices.exists()
    unused = fee(company("C"))
    fees.remove(unused)
    assert not Fee.objects.filter(pk=unused.pk).exists()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"until": TODAY - DAY}, "fee_ends_first"),
        ({"since": TODAY - 400 * DAY}, "fee_too_long_ago"),
        ({"price": "0"}, "fee_price"),
        ({"price": "-5"}, "fee_price"),
        ({"price": "1.005"}, "fee_price"),
        ({"kind": "once", "reason": " "}, "fee_needs_reason"),
        ({"kind": "credit", "reason": ""}, "fee_needs_reason"),
    ],
)
def test_what_cannot_be_agreed_is_refused_by_name(facts, code):
    with pytest.raises(FeeRefused) as refused:
        fee(company(), **facts)
    assert refused.value.code == code


def test_a_country_without_a_known_rate_needs_one(north):
    operators.change(north, country="US")
    with pytest.raises(FeeRefused) as refused:
        fee(company())
    assert refused.value.code == "no_standard_rate"


def test_a_credit_note_gives_a_fee_back_and_it_is_not_charged_again():
    agreed = fee(company(), price="100.01", tax_included=True)
    invoice = month(10).invoices.get()
    note = credit_notes.credit(invoice, reason="Wrong", by=None, at=NOVEMBER)
    assert note.amount_due == -invoice.amount_due == Decimal("-100.01")
    assert note.lines.get().fee_id == invoice.lines.get().fee_id
    month(11)
    assert len(charged(agreed)) == 2


def test_the_document_says_what_for_whom_and_which_days():
    firm, anna = company(), driver("Anna")
    account_moves.move(anna, to=firm)
    fee(firm, price="31", per="driver", text="Seat", since=date(2026, 10, 22))
    invoice = month(10).invoices.get()
    page = layout.page(
        invoice, seller=invoice.seller, lines=invoices.lines(invoice, with_terms=True), vat=invoice.vat_rows.all()
    )
    seat = "Seat, 2026-10-22\N{EN DASH}2026-10-31"
    assert page["summary"] == [[seat, "0,323\xa0mån", "31,00", "38,75", "25\xa0%", "10,00"]]
    assert page["fees"] == [[f"{seat} · Anna ({anna})", "0,323\xa0mån", "31,00", "25\xa0%", "10,00"]]
    assert page["sessions"] == []
    assert len(documents.pdf(invoice)) > 5000


def test_reconciliation_counts_fees_beside_the_sessions():
    tariff(flat("2.00"))
    dana = driver("Dana")
    session(connector(), dana)
    fee(Account.objects.get(driver=dana))
    month(10)
    for asked in (None, TODAY):
        check = reconciliation.check(asked)
        assert check.adds_up
        found: Any = (check.ledger_excl_vat, check.fees_excl_vat, check.fee_lines)
        assert found == (20, 300, 1)


# Three months of it are no full invoice yet, which would need addresses.
prices = st.decimals(min_value="0.01", max_value="999.99", places=2)
late = st.sets(st.sampled_from([10, 11]))


def share(price, day, row):
    """What a month costs up to the end of a day of it."""
    first = row.first_day.replace(day=1)
    return rounded(Fraction(price) * day / ((first + 31 * DAY).replace(day=1) - first).days, 2)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(price=prices, start=st.integers(0, 92), length=st.integers(0, 200), gross=st.booleans(), skipped=late)
def test_whatever_is_agreed_each_day_is_charged_once_for_its_share(price, start, length, gross, skipped):
    with transaction.atomic():
        since = date(2026, 9, 1) + start * DAY
        until = since + length * DAY
        agreed = fee(company(), price=str(price), since=since, until=until, tax_included=gross)
        for number in (9, 10, 11, 12):
            if number not in skipped:
                month(number)
        days = [
            row.first_day + step * DAY
            for row in BilledFee.objects.all()
            for step in range((row.last_day - row.first_day).days + 1)
        ]
        last = min(until, date(2026, 12, 31))
        assert sorted(days) == [since + step * DAY for step in range((last - since).days + 1)]
        for row in BilledFee.objects.all():
            expected = share(price, row.last_day.day, row) - share(price, row.first_day.day - 1, row)
            assert row.lines.get().amount == expected
        assert InvoiceLine.objects.count() == BilledFee.objects.filter(fee=agreed).count()
        transaction.set_rollback(True)
