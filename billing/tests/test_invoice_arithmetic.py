"""What the statements of `billing.sql.invoices` make of lines is what the judge makes of them, to the smallest coin."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing.models import Invoice
from billing.services.credit_notes import credit
from billing.sql import invoices
from billing.tests.domain.judge_of_invoices import Judged, judge
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, issued, session, tariff

pytestmark = pytest.mark.usefixtures("in_north")

DIGITS = {"SEK": 2, "ISK": 0, "KWD": 3}
RATES = (None, "0", "6", "12", "25", "25.5", "3.75")
_coins = st.one_of(st.integers(-200, 200), st.integers(-(10**13), 10**13))
_lines = st.lists(st.tuples(st.sampled_from(RATES), _coins), min_size=1, max_size=12)
_documents = st.lists(st.tuples(st.sampled_from(sorted(DIGITS)), _lines), min_size=1, max_size=4)


def lines_of(currency: str, drawn: list[tuple[str | None, int]]) -> list[tuple[Decimal | None, Decimal]]:
    return [
        (None if rate is None else Decimal(rate), Decimal(coins).scaleb(-DIGITS[currency])) for rate, coins in drawn
    ]


def product_says(documents: list[tuple[str, list[tuple[str | None, int]]]]) -> dict[int, Judged]:
    """The VAT rows that the product makes of the lines of each driver, from the statement itself."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(invoices.DROP)
        cursor.execute(
            "CREATE TEMP TABLE drafted_lines"
            " (account_id bigint, currency text, vat_rate numeric, amount numeric) ON COMMIT DROP"
        )
        for number, (currency, drawn) in enumerate(documents):
            rows = [(number, currency, rate, amount) for rate, amount in lines_of(currency, drawn)]
            cursor.executemany("INSERT INTO drafted_lines VALUES (%s, %s, %s, %s)", rows)
        cursor.execute(invoices.VAT)
        cursor.execute("SELECT account_id, vat_rate, taxable, vat FROM drafted_vat")
        found: dict[int, list[tuple[Decimal | None, Decimal, Decimal]]] = defaultdict(list)
        for number, rate, taxable, vat in cursor.fetchall():
            found[number].append((None if rate is None else rate.normalize(), taxable, vat))
    return {number: together(rows) for number, rows in found.items()}


def together(rows: list[tuple[Decimal | None, Decimal, Decimal]]) -> Judged:
    excl_vat = sum((base for _, base, _ in rows), Decimal(0))
    return Judged(frozenset(rows), excl_vat, sum((vat for _, _, vat in rows), Decimal(0)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_documents)
@example(
    [("SEK", [("25", 2)]), ("SEK", [("25", -2)]), ("ISK", [("25", 2)]), ("KWD", [("25", 2)])]
)  # exactly half a coin
@example([("SEK", [("25", 2)] * 10)])  # once on the sum: 0.05, and not ten times 0.01
@example([("SEK", [(None, 100), ("0", 100), ("12", 37), ("6", 8)])])
@example([("SEK", [("25.5", 400_000_000_000_049)])])  # a quotient of four decimals would be rounded twice
def test_the_statement_and_the_judge_agree(documents):
    assert product_says(documents) == {
        number: judge(lines_of(currency, drawn), DIGITS[currency]) for number, (currency, drawn) in enumerate(documents)
    }


def test_the_judge_itself_rounds_half_away_from_zero_once_a_rate():
    quarter = Decimal(25)
    assert judge([(quarter, Decimal("0.02"))], 2).vat == Decimal("0.01")
    assert judge([(quarter, Decimal("-0.02"))], 2).vat == Decimal("-0.01")
    assert judge([(quarter, Decimal("0.02"))] * 10, 2).vat == Decimal("0.05")
    assert judge([(quarter, Decimal(2))], 0).vat == Decimal(1)
    assert len(judge([(None, Decimal(1)), (Decimal(0), Decimal(1)), (Decimal("0.0"), Decimal(1))], 2).rows) == 2


def said(invoice: Invoice) -> Judged:
    rows = {
        (row.vat_rate if row.vat_rate is None else row.vat_rate.normalize(), row.taxable, row.vat)
        for row in invoice.vat_rows.all()
    }
    return Judged(frozenset(rows), invoice.amount_excl_vat, invoice.vat)


def judged(invoice: Invoice) -> Judged:
    lines = [(line.vat_rate, line.amount_excl_vat) for line in invoice.lines.all()]
    return judge(lines, DIGITS[invoice.currency])


@pytest.mark.parametrize("currency", ["SEK", "ISK"])
def test_drafts_issued_invoices_and_credit_notes_are_those_of_the_judge(currency):
    """Prices and quantities that need rounding everywhere, with four rates, to the smallest coin of the currency."""
    components = [
        {"type": "ENERGY", "price": "2.4937", "vat": "25"},
        {"type": "FLAT", "price": "0.335", "vat": "12"},
        {"type": "TIME", "price": "1.111", "vat": "6"},
        {"type": "PARKING_TIME", "price": "3.33"},
    ]
    tariff({"elements": [{"price_components": components}]}, currency=currency)
    at = connector()
    for number in range(4):
        payer = driver(f"Driver {number}")
        for day in range(3):
            begin = OCTOBER + timedelta(days=day)
            watt_hours = 1_237 * (number + 1) + 411 * day
            slots = [watt_hours - 3 * (watt_hours // 4)] + [watt_hours // 4] * 3
            charged = begin + timedelta(minutes=47 + day)
            session(at, payer, start=begin, energy_wh=watt_hours, series_wh=slots, charging_ended_at=charged)
    assert {invoice.account_id: said(invoice) for invoice in drafted().invoices.all()} == {
        invoice.account_id: judged(invoice) for invoice in Invoice.objects.all()
    }
    for invoice in issued().invoices.all():
        assert said(invoice) == judged(invoice)
        assert invoice.amount_due == said(invoice).due
        note = credit(invoice, reason="Wrong", by=None, at=NOVEMBER)
        assert said(note) == judged(note)
        assert (note.amount_due, note.vat) == (-invoice.amount_due, -invoice.vat)
        assert said(note).rows == {(rate, -base, -vat) for rate, base, vat in said(invoice).rows}
