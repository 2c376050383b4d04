"""What the statements of `billing.sql.invoices` make of lines is what the judge makes of them, to the smallest coin."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing.models import Invoice, SessionPrice
from billing.services import tariffs
from billing.services.credit_notes import credit
from billing.sql import invoices
from billing.tests.domain.judge_of_invoices import Judged, judge, rounded
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, issued, session, tariff

pytestmark = pytest.mark.usefixtures("in_north")

DIGITS = {"SEK": 2, "ISK": 0, "KWD": 3}
RATES = (None, "0", "6", "12", "25", "25.5", "3.75")
_coins = st.one_of(st.integers(-200, 200), st.integers(-(10**13), 10**13))
_lines = st.lists(st.tuples(st.sampled_from(RATES), _coins, st.booleans()), min_size=1, max_size=12)
_documents = st.lists(st.tuples(st.sampled_from(sorted(DIGITS)), _lines), min_size=1, max_size=4)


Drawn = list[tuple[str | None, int, bool]]


def lines_of(currency: str, drawn: Drawn, *, gross: bool) -> list[tuple[Decimal | None, Decimal]]:
    return [
        (None if rate is None else Decimal(rate), Decimal(coins).scaleb(-DIGITS[currency]))
        for rate, coins, is_gross in drawn
        if is_gross is gross
    ]


def judged_of(currency: str, drawn: Drawn) -> Judged:
    net, gross = (lines_of(currency, drawn, gross=one) for one in (False, True))
    return judge(net, DIGITS[currency], gross=gross)


def product_says(documents: list[tuple[str, Drawn]]) -> tuple[dict[int, Judged], list[tuple[Decimal, ...]]]:
    """What the product makes of the lines of each account, from the statements themselves; and what of lines with VAT.

    That is for each such line: rate, amount, its share without VAT; and of each rate what all are without it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(invoices.DROP)
        cursor.execute(
            "CREATE TEMP TABLE drafted_lines"
            " (account_id bigint, driver_id bigint, token_id bigint, started_at timestamptz, session_id bigint,"
            " component text, unit_price numeric,"
            " currency text, vat_rate numeric, amount numeric, tax_included boolean, fee_id bigint,"
            " country text DEFAULT 'SE') ON COMMIT DROP"
        )
        for number, (currency, drawn) in enumerate(documents):
            rows = [
                (number, place, currency, rate, amount, gross)
                for gross in (False, True)
                for place, (rate, amount) in enumerate(lines_of(currency, drawn, gross=gross))
            ]
            cursor.executemany("INSERT INTO drafted_lines VALUES (%s, 1, 1, now(), %s, 'X', 1, %s, %s, %s, %s)", rows)
        for statement in (invoices.VAT, invoices.SHARES):
            cursor.execute(statement)
        cursor.execute("SELECT account_id, vat_rate, taxable, vat, due FROM drafted_vat")
        found: dict[int, list[tuple[Decimal | None, Decimal, Decimal, Decimal]]] = defaultdict(list)
        for number, rate, *amounts in cursor.fetchall():
            found[number].append((None if rate is None else rate.normalize(), *amounts))
        cursor.execute(
            "SELECT l.account_id, l.vat_rate, l.currency, l.amount, s.net FROM drafted_lines l"
            " JOIN shares s ON s.line = l.ctid"
        )
        shares = cursor.fetchall()
    return {number: together(rows) for number, rows in found.items()}, shares


def together(rows: list[tuple[Decimal | None, Decimal, Decimal, Decimal]]) -> Judged:
    bases = sum((base for _, base, _, _ in rows), Decimal(0))
    vat, due = sum((row[2] for row in rows), Decimal(0)), sum((row[3] for row in rows), Decimal(0))
    return Judged(frozenset(row[:3] for row in rows), bases, vat, due)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(_documents)
@example([(code, [("25", 2 * sign, False)]) for code, sign in (("SEK", 1), ("SEK", -1), ("ISK", 1), ("KWD", 1))])
@example([("SEK", [("25", 2, False)] * 10)])  # once on the sum: 0.05, and not ten times 0.01
@example([("SEK", [(None, 100, False), ("0", 100, True), ("12", 37, False), ("6", 8, True)])])
@example([("SEK", [("25.5", 400_000_000_000_049, False)])])  # a quotient of four decimals would be rounded twice
@example([("SEK", [("25.5", 99_999_999_999_999, True), ("25", 2, True), ("25", 1, False)])])
def test_the_statements_and_the_judge_agree(documents):
    said, shares = product_says(documents)
    assert said == {number: judged_of(currency, drawn) for number, (currency, drawn) in enumerate(documents)}
    for number, (currency, drawn) in enumerate(documents):
        gross = lines_of(currency, drawn, gross=True)
        own = [(rate, amount, net) for of, rate, _, amount, net in shares if of == number]
        assert len(own) == len(gross)
        for rate in {one[0] for one in own}:
            factor = 1 + Fraction(rate or 0) / 100
            together_with_vat = sum((amount for of, amount, _ in own if of == rate), Decimal(0))
            together_without = sum((net for of, _, net in own if of == rate), Decimal(0))
            assert together_without == rounded(Fraction(together_with_vat) / factor, DIGITS[currency])
        coin = Fraction(1, 10 ** DIGITS[currency])
        assert all(
            abs(Fraction(net) - Fraction(amount) / (1 + Fraction(rate or 0) / 100)) <= coin for rate, amount, net in own
        )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.tuples(st.sampled_from(RATES), _coins), min_size=1, max_size=12))
def test_lines_with_vat_come_to_their_sum_and_the_rounding_is_at_most_a_coin_a_rate(drawn):
    """What a consumer adds up is what is to be paid; what is left over is what EN 16931 calls the rounding amount."""
    judged = judged_of("SEK", [(rate, coins, True) for rate, coins in drawn])
    assert judged.due == sum(coins for _, coins in drawn) / Decimal(100)
    assert abs(judged.rounding) <= Decimal("0.01") * len(judged.rows)


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
    return Judged(frozenset(rows), invoice.amount_excl_vat, invoice.vat, invoice.amount_due)


def judged(invoice: Invoice) -> Judged:
    lines = list(invoice.lines.all())
    assert sum(line.amount_excl_vat for line in lines) == invoice.amount_excl_vat
    net = [(line.vat_rate, line.amount) for line in lines if not line.tax_included]
    gross = [(line.vat_rate, line.amount) for line in lines if line.tax_included]
    return judge(net, DIGITS[invoice.currency], gross=gross)


@pytest.mark.parametrize("currency", ["SEK", "ISK"])
@pytest.mark.parametrize("kinds", [("NO",), ("YES",), ("NO", "YES")])
def test_drafts_issued_invoices_and_credit_notes_are_those_of_the_judge(currency, kinds, monkeypatch):
    """Prices and quantities that need rounding everywhere, with four rates, to the smallest coin of the currency.

    No tariff can be made in one without hundredths; the statements know no list of currencies.
    """
    monkeypatch.setattr(tariffs, "BILLED", (currency,))
    components = [
        {"type": "ENERGY", "price": "2.4937", "vat": "25"},
        {"type": "FLAT", "price": "0.335", "vat": "12"},
        {"type": "TIME", "price": "1.111", "vat": "6"},
        {"type": "PARKING_TIME", "price": "3.33"},
    ]
    places = [connector() for _ in kinds]
    for at, kind in zip(places, kinds, strict=True):
        document = {"elements": [{"price_components": components}], "tax_included": kind}
        tariff(document, name=f"Tariff {kind}", currency=currency, site=at.station.site)
    for number in range(4):
        payer = driver(f"Driver {number}")
        for day in range(3):
            begin = OCTOBER + timedelta(days=day)
            watt_hours = 1_237 * (number + 1) + 411 * day
            slots = [watt_hours - 3 * (watt_hours // 4)] + [watt_hours // 4] * 3
            charged = begin + timedelta(minutes=47 + day)
            session(
                places[day % len(places)],
                payer,
                start=begin,
                energy_wh=watt_hours,
                series_wh=slots,
                charging_ended_at=charged,
            )
    assert {invoice.account_id: said(invoice) for invoice in drafted().invoices.all()} == {
        invoice.account_id: judged(invoice) for invoice in Invoice.objects.all()
    }
    for invoice in issued().invoices.all():
        assert said(invoice) == judged(invoice)
        assert not invoice.rounding or "YES" in kinds
        if kinds == ("YES",):
            shown = SessionPrice.objects.filter(session__driver=invoice.account.driver)
            assert invoice.amount_due == sum(shown.values_list("amount_incl_vat", flat=True))
        note = credit(invoice, reason="Wrong", by=None, at=NOVEMBER)
        assert said(note) == judged(note)
        assert (note.amount_due, note.vat) == (-invoice.amount_due, -invoice.vat)
        assert said(note).rows == {(rate, -base, -vat) for rate, base, vat in said(invoice).rows}
