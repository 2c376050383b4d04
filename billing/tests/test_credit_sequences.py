"""Any sequence of credits: never above the invoice, at zero in the end, and every sum of it the same everywhere."""

from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.exports.tables import DOCUMENTS, INVOICES, LINES, Span, rows, stretches
from billing.models import Invoice, InvoiceVat
from billing.selectors import credits, invoice_sums, ledger, reconciliation
from billing.selectors.credits import Asked
from billing.services.credit_notes import CreditRefused, credit
from billing.sql.documents import month as whole_month
from billing.tests.domain.judge_of_invoices import judge
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, issued, session, tariff
from tenants.services.people import operators

pytestmark = pytest.mark.usefixtures("in_north")

COMPONENTS = [
    {"type": "ENERGY", "price": "2.4937", "vat": "25"},
    {"type": "FLAT", "price": "0.335", "vat": "12"},
    {"type": "TIME", "price": "1.111"},
]
#: Of so many lines, of each how many thousandths of what is left; 1000 is all.
_step = st.dictionaries(st.integers(1, 18), st.sampled_from([1, 137, 333, 500, 999, 1000, 1001]), max_size=6)


@pytest.fixture(params=[False, True], ids=["to the öre", "to whole kronor"])
def invoice(request, north) -> Invoice:
    """Six sessions by prices with VAT and without, two rates and no rate: everything is rounded."""
    operators.change(north, rounds_to_crowns=request.param)
    payer, places = driver(), [connector(), connector()]
    for at, kind in zip(places, ("YES", "NO"), strict=True):
        document = {"elements": [{"price_components": COMPONENTS}], "tax_included": kind}
        tariff(document, name=f"Tariff {kind}", site=at.station.site)
        for day in range(3):
            watt_hours = 1237 + 411 * day
            slots = [watt_hours - 3 * (watt_hours // 4)] + [watt_hours // 4] * 3
            begin = OCTOBER + timedelta(days=day, minutes=13)
            session(at, payer, start=begin, energy_wh=watt_hours, series_wh=slots)
    return issued().invoices.get()


def asked(invoice: Invoice, step: dict[int, int]) -> Asked:
    lines = list(invoice.lines.all())
    gone = credits.by_position(invoice, lines)
    wanted: dict[int, Decimal | None] = {}
    for line in lines:
        share, left = step.get(line.position, 0), line.amount - gone.get(line.position, Decimal(0))
        if share == 1000:
            wanted[line.position] = None
        elif share:
            wanted[line.position] = (left * share / 1000).quantize(Decimal("0.01")) + (share > 1000)
    return Asked(wanted)


def judged_rates(invoice: Invoice) -> dict[Decimal | None, tuple[Decimal, Decimal]]:
    """What all notes together say of each rate, by the judge: from the lines that they took back."""
    taken = [line for note in invoice.credit_notes.all() for line in note.lines.all()]
    net = [(line.vat_rate, -line.amount) for line in taken if not line.tax_included]
    gross = [(line.vat_rate, -line.amount) for line in taken if line.tax_included]
    return {rate: (base, vat) for rate, base, vat in judge(net, 2, gross=gross).rows}


def said_rates(invoice: Invoice) -> dict[Decimal | None, tuple[Decimal, Decimal]]:
    sums: dict[Decimal | None, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in InvoiceVat.objects.filter(invoice__credits=invoice):
        found = sums[None if row.vat_rate is None else row.vat_rate.normalize()]
        found[0] -= row.taxable
        found[1] -= row.vat
    return {rate: (base, vat) for rate, (base, vat) in sums.items()}


def sums_agree(north) -> None:
    """Documents, their list, both files and the ledger say the same."""
    documents = list(Invoice.objects.all())
    due = sum((one.amount_due for one in documents), Decimal(0))
    net = sum((one.amount_excl_vat for one in documents), Decimal(0))
    (listed,) = invoice_sums.of(Invoice.objects.all())
    assert (listed.amount_due, listed.amount_excl_vat) == (due, net)
    span = Span(north, "issued", whole_month(NOVEMBER.date()), NOVEMBER)
    parts = stretches(DOCUMENTS, span)
    assert sum((row["amount_due"] for part in parts for row in rows(INVOICES, span, part)), Decimal(0)) == due
    assert sum((row["amount_excl_vat"] for part in parts for row in rows(LINES, span, part)), Decimal(0)) == net
    assert reconciliation.check().adds_up
    assert all(check.booked == check.told for check in ledger.checks(NOVEMBER.date().replace(day=1)))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.tuples(_step, st.booleans()), min_size=1, max_size=5))
def test_any_sequence_of_credits_stays_within_the_invoice_and_ends_at_zero(north, invoice, steps):
    """Also where the operator begins or ends rounding to whole kronor between two of them."""
    with transaction.atomic():
        for step, rounds in steps:
            operators.change(north, rounds_to_crowns=rounds)
            with suppress(CreditRefused), transaction.atomic():
                credit(invoice, reason="A part", by=None, at=NOVEMBER, asked=asked(invoice, step))
            left = credits.left(invoice)
            assert 0 <= left.amount_due <= invoice.amount_due
            assert 0 <= left.amount_excl_vat <= invoice.amount_excl_vat
            assert {rate: said for rate, said in said_rates(invoice).items() if rate in judged_rates(invoice)} == (
                judged_rates(invoice)
            )
        sums_agree(north)
        credit(invoice, reason="The rest", by=None, at=NOVEMBER)
        assert credits.left(invoice) == credits.Left(Decimal(0), Decimal(0))
        for row in invoice.vat_rows.all():
            rate = None if row.vat_rate is None else row.vat_rate.normalize()
            assert said_rates(invoice)[rate] == (row.taxable, row.vat)
        gone = credits.by_position(invoice, list(invoice.lines.all()))
        assert all(line.amount == gone[line.position] for line in invoice.lines.all())
        sums_agree(north)
        transaction.set_rollback(True)
