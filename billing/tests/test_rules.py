"""The rules of EN 16931: no document is made that breaks one, and each rule has a document that does."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from billing.models import Invoice, RunProblem
from billing.services import rules
from billing.services.credit_notes import credit
from billing.services.rules import DocumentRefused
from billing.sql.rules import BROKEN, OF_DOCUMENT, OF_LINE, OF_RATE, WITHOUT_RATE
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, flat, issued, session, tariff
from tenants.services.people import operators

pytestmark = pytest.mark.usefixtures("in_north")

COMPONENTS = [
    {"type": "ENERGY", "price": "2.4937", "vat": "25"},
    {"type": "FLAT", "price": "0.335", "vat": "0"},
    {"type": "TIME", "price": "1.111"},
]
CENT = Decimal("0.01")


@pytest.fixture
def invoice() -> Invoice:
    """A draft with lines of 25 %, of 0 % and without VAT, from prices with VAT and without."""
    payer, places = driver(), [connector(), connector()]
    for at, kind in zip(places, ("YES", "NO"), strict=True):
        document = {"elements": [{"price_components": COMPONENTS}], "tax_included": kind}
        tariff(document, name=f"Tariff {kind}", site=at.station.site)
        for day in range(3):
            session(at, payer, start=OCTOBER + timedelta(days=day, minutes=13), kwh=7 + day)
    return drafted().invoices.get()


def test_lines_are_found_by_their_document_in_one_index_alone():
    """Another one led by the operator would be taken for as good where nobody has counted the operator yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE tablename = 'billing_invoiceline'"
            " AND indexdef LIKE '%(operator_id%' AND indexdef NOT LIKE '% WHERE %'"
        )
        assert cursor.fetchall() == [("invoice_line_position_once",)]


def test_what_many_documents_take_is_not_compared_each_with_each(invoice):
    """Also where the tables were counted before there was much in them, as in a new installation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT refresh_statistics('{billing_invoice,billing_invoicevat}')")
        cursor.execute(
            "INSERT INTO billing_invoice SELECT (jsonb_populate_record(i, jsonb_build_object('run_id', NULL,"
            " 'id', nextval(pg_get_serial_sequence('billing_invoice', 'id')), 'public_id', gen_random_uuid()))).*"
            " FROM billing_invoice i, generate_series(1, 4000) WHERE i.id = %s",
            [invoice.pk],
        )
        cursor.execute(
            "EXPLAIN (ANALYZE, FORMAT JSON)"
            " INSERT INTO billing_invoicevat (operator_id, invoice_id, vat_rate, taxable, vat)"
            " SELECT operator_id, id, 25, 0, 0 FROM billing_invoice WHERE id > %s",
            [invoice.pk],
        )
        ((plan,),) = cursor.fetchone()
    took = {trigger["Trigger Name"]: trigger["Time"] for trigger in plan["Triggers"]}
    assert took["parts_added"] < 10 * took["invoice_vat_same_operator_insert"]


def broken(invoice: Invoice) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(BROKEN, {"operator": invoice.operator_id, "ids": [invoice.pk]})
        return {rule for _, rule in cursor.fetchall()}


def spoil(invoice: Invoice, rule: str) -> None:
    """Make a document of it that breaks the rule."""
    lines, rates, document = invoice.lines.all(), invoice.vat_rows.all(), Invoice.objects.filter(pk=invoice.pk)
    of_rate = {"S": Decimal(25), "Z": Decimal(0), "O": None}.get(rule[3], Decimal(25))
    equal = {"vat_rate": of_rate} if of_rate is not None else {"vat_rate__isnull": True}
    match rule:
        case "BR-16":
            lines.delete()
        case "BR-CO-18":
            rates.delete()
        case "BR-CO-04" | "BR-CO-14":
            rates.filter(vat_rate=25).delete()
        case "BR-CO-10" | "BR-CO-13":
            document.update(amount_excl_vat=F("amount_excl_vat") + CENT, rounding=F("rounding") - CENT)
        case "BR-CO-17" | "BR-Z-09" | "BR-O-09":
            rates.filter(**equal).update(vat=F("vat") + CENT)
        case "BR-S-08" | "BR-Z-08" | "BR-O-08":
            rates.filter(**equal).update(taxable=F("taxable") + CENT)
        case "BR-27":
            lines.filter(component="ENERGY").update(unit_price=-1)
        case _:
            lines.filter(component="ENERGY").update(amount_excl_vat=F("amount_excl_vat") + 3 * CENT)


def test_what_is_drafted_and_credited_breaks_no_rule(invoice):
    assert broken(invoice) == set()
    note = credit(issued().invoices.get(), reason="Wrong", by=None, at=NOVEMBER)
    assert broken(note) == set()
    assert note.rounding == -invoice.rounding


@pytest.mark.parametrize("rule", [*OF_DOCUMENT, *OF_RATE, *OF_LINE, WITHOUT_RATE])
def test_every_rule_has_a_document_that_breaks_it(invoice, rule):
    spoil(invoice, rule)
    assert rule in broken(invoice)
    with pytest.raises(DocumentRefused) as refusal:
        rules.check([invoice.pk])
    assert rule in str(refusal.value.facts["rules"])


def test_what_is_to_pay_is_held_by_the_table_itself(invoice):
    with pytest.raises(IntegrityError, match="invoice_adds_up"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(amount_due=F("amount_due") + CENT)


def test_a_document_that_breaks_a_rule_is_not_made_and_stops_nobody_else(monkeypatch):
    """As if the arithmetic were wrong for one of the two."""
    tariff(flat("2.00"))
    at, dana, dora = connector(), driver("Dana"), driver("Dora")
    session(at, dana)
    session(at, dora, start=OCTOBER + timedelta(hours=3))
    check = rules.check

    def wrong(ids):
        Invoice.objects.filter(pk__in=ids, account__driver=dana).update(
            amount_excl_vat=F("amount_excl_vat") + CENT, rounding=F("rounding") - CENT
        )
        check(ids)

    monkeypatch.setattr(rules, "check", wrong)
    run = drafted()
    assert [one.account.driver for one in run.invoices.all()] == [dora]
    problem = RunProblem.objects.get(run=run)
    assert (problem.account.driver, problem.code, problem.facts) == (
        dana,
        "breaks_rules",
        {"rules": "BR-CO-10, BR-CO-13"},
    )


@pytest.mark.parametrize(
    ("kwh", "rounding", "due"), [(99, "0.25", "124"), (100, "0", "125"), (98, "0.50", "123"), (97, "-0.25", "121")]
)
def test_what_is_to_pay_is_rounded_to_whole_kronor_and_vat_is_not(north, kwh, rounding, due):
    operators.change(north, rounds_to_crowns=True)
    tariff(flat("1.00"))
    session(connector(), driver(), kwh=kwh)
    invoice = issued().invoices.get()
    expected = (Decimal(kwh), Decimal(kwh) * Decimal("0.25"), Decimal(rounding), Decimal(due))
    assert (invoice.amount_excl_vat, invoice.vat, invoice.rounding, invoice.amount_due) == expected
    note = credit(invoice, reason="Wrong", by=None, at=NOVEMBER)
    assert (note.vat, note.rounding, note.amount_due) == tuple(-one for one in expected[1:])


def test_another_currency_is_not_rounded_to_whole_units(north):
    operators.change(north, rounds_to_crowns=True)
    tariff(flat("1.00"), currency="EUR")
    session(connector(), driver(), kwh=99)
    assert issued().invoices.get().amount_due == Decimal("123.75")
