"""E-invoices of real documents: every kind meets the rules, says what the PDF says, and is the same file for ever."""

import io
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from lxml import etree

from billing.documents import summary
from billing.documents.writer import Writer
from billing.e_invoices import bill, checks
from billing.e_invoices.checks import NAMES
from billing.e_invoices.rules import Rule
from billing.models import EInvoice, Export, Invoice
from billing.selectors import e_invoices as selector
from billing.selectors import invoices
from billing.selectors.credits import Asked
from billing.services import account_moves, e_invoices, fees
from billing.services.credit_notes import credit
from billing.services.e_invoices import CannotLeave
from billing.services.fees import Agreed, Discount
from billing.tests.companies import BUYER, SELLER
from billing.tests.downloads import content, made
from billing.tests.factories import DAY_NIGHT, NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from tenants.models import Account, Operator
from tenants.services.people import accounts

pytestmark = pytest.mark.usefixtures("files")


def charged(document: dict[str, Any] | None = None, *, sessions: int = 3, kwh: int = 10, **buyer: Any) -> Invoice:
    """The issued invoice of a company for its driver's sessions in October."""
    tariff(document or DAY_NIGHT)
    firm, dana, at = accounts.create(**{**BUYER, **buyer}), driver(), connector()
    account_moves.move(dana, to=firm, since=None)
    for number in range(sessions):
        session(at, dana, start=OCTOBER + timedelta(hours=number * 7 % 700), kwh=kwh)
    issued()
    return invoices.referring().get(kind=Invoice.Kind.INVOICE)


def read(invoice: Invoice) -> Any:
    return etree.fromstring(e_invoices.xml(invoice, at=NOVEMBER))


def said(root: Any, path: str) -> list[str]:
    return [node.text for node in root.xpath(path, namespaces=NAMES)]


def priced(*components: tuple[str, str, str | None], **more: Any) -> dict[str, Any]:
    found = [{"type": kind, "price": price} | ({} if vat is None else {"vat": vat}) for kind, price, vat in components]
    return {"elements": [{"price_components": found}], **more}


KINDS: dict[str, dict[str, Any]] = {
    "ordinary": {},
    "including VAT": {"document": priced(("ENERGY", "3.33", "25"), ("FLAT", "4.99", "25"), tax_included="YES")},
    "mixed rates": {"document": priced(("ENERGY", "2.5637", "25"), ("FLAT", "4.00", "12"), ("TIME", "1.11", "6"))},
    "outside the scope of VAT": {"document": priced(("ENERGY", "1.9", None))},
    "taxed by a German buyer": {
        "document": priced(("ENERGY", "1.9", "0")),
        "country": "DE",
        "organisation_number": "",
        "vat_number": "DE136695976",
    },
    "exempt": {"document": priced(("ENERGY", "1.9", "0")), "seller": {"vat_number": ""}},
    "at 0 %": {"document": priced(("ENERGY", "1.9", "0"))},
    "least price": {"document": {**flat(), "min_price": {"excl_vat": "50"}}},
    "greatest price": {"document": {**flat(), "max_price": {"excl_vat": "5"}}},
    "foreign signs": {"name": "Łódź \u202e\x07 株式会社 🚗", "street": "  Rue\n de l'Œuvre "},
    "many sessions": {"sessions": 100, "document": priced(("ENERGY", "2.5637", "25"), ("TIME", "0.3333", "25"))},
    "Norwegian buyer": {"country": "NO", "organisation_number": "987654325", "vat_number": "NO987654325MVA"},
}


def of_buyer(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name != "seller"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("whole_kronor", [False, True])
def test_every_kind_of_document_meets_the_rules_and_adds_up_to_what_it_says(seller, kind, whole_kronor):
    facts = KINDS[kind]
    Operator.objects.update(rounds_to_crowns=whole_kronor, **facts.get("seller", {}))
    invoice = charged(**{"kwh": 7, **of_buyer(facts)})
    note = credit(invoice, reason="Fel mätare", by=None, at=NOVEMBER)
    for document, sign in ((invoice, 1), (invoices.referring().get(pk=note.pk), -1)):
        root = read(document)
        assert checks.faults(etree.tostring(root)) == []
        lines = said(root, "cac:*/cbc:LineExtensionAmount[../cac:Item]")
        assert sum(map(Decimal, lines)) == sign * document.amount_excl_vat
        assert said(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == [f"{sign * document.amount_due:.2f}"]
        assert said(root, "cac:TaxTotal/cbc:TaxAmount") == [f"{sign * document.vat + 0:.2f}"]
        rounding = said(root, "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount")
        assert sum(map(Decimal, rounding)) == sign * document.rounding


def test_it_has_the_rows_of_the_pdf(seller):
    invoice = charged(sessions=40)
    root = read(invoice)
    rows = summary.rows(invoices.lines(invoice, with_terms=True), Writer("sv"))
    assert said(root, "cac:InvoiceLine/cac:Item/cbc:Name") == [row.what for row in rows]
    assert said(root, "cac:InvoiceLine/cac:Price/cbc:PriceAmount") == [f"{row.price.normalize():f}" for row in rows]
    assert len(rows) == 3


def test_who_sells_who_buys_and_how_it_is_paid(seller):
    root = read(charged())
    sells, buys = checks.SELLER, checks.BUYER
    (address,) = root.xpath(f"{buys}/cbc:EndpointID", namespaces=NAMES)
    assert (address.get("schemeID"), address.text) == ("0007", "5560360793")
    assert said(root, f"{sells}/cac:PartyTaxScheme/cbc:CompanyID") == ["SE556016068001", "Godkänd för F-skatt"]
    assert said(root, f"{sells}/cac:PartyLegalEntity/*") == ["North Charging AB", "5560160680"]
    assert said(root, f"{buys}/cac:PartyLegalEntity/cbc:RegistrationName") == ["Åkeri & Söner <AB>"]
    assert said(root, "cac:PaymentMeans/cbc:*") == ["30", "18"]
    assert said(root, "cac:PaymentMeans/cac:PayeeFinancialAccount//cbc:ID") == ["50501055", "SE:BANKGIRO"]
    assert said(root, "cbc:IssueDate|cbc:DueDate|cbc:BuyerReference") == [
        "2026-11-02",
        "2026-12-02",
        "Kostnadsställe 410",
    ]
    assert said(root, "cac:InvoicePeriod/*") == ["2026-10-01", "2026-10-01"]


def test_a_part_that_is_credited_names_its_invoice_and_asks_for_nothing(seller):
    invoice = charged(sessions=3)
    place = invoices.lines(invoice)[0].position
    note = credit(invoice, reason="Tre kronor", by=None, at=NOVEMBER, asked=Asked({place: Decimal(3)}))
    root = read(invoices.referring().get(pk=note.pk))
    assert said(root, "cac:BillingReference//cbc:*") == ["F1", "2026-11-02"]
    assert said(root, "cac:CreditNoteLine/cbc:CreditedQuantity|cac:CreditNoteLine/cac:Price/*") == ["1", "3"]
    assert said(root, "cac:PaymentMeans") == []
    assert said(root, "cac:PaymentTerms/cbc:Note")[0].startswith("Efter den här kreditfakturan återstår")


def test_a_discount_is_an_allowance_and_a_note_gives_back_its_share(seller):
    tariff(priced(("ENERGY", "2.5637", "25"), ("FLAT", "4.00", "12")))
    firm, dana, at = accounts.create(**BUYER), driver(), connector()
    account_moves.move(dana, to=firm, since=None)
    for number in range(3):
        session(at, dana, start=OCTOBER + timedelta(hours=number * 7), kwh=7)
    first = date(2026, 10, 1)
    for discount in (
        Discount(text="Stamkund", taken_off="energy", percent=Decimal("12.5"), since=first),
        Discount(text="Stamkund", taken_off="all", amount=Decimal(10), since=first),
    ):
        fees.give(firm, discount, today=first)
    issued()
    invoice = invoices.referring().get()
    place = invoices.lines(invoice)[0].position
    note = credit(invoice, reason="Fel mätare", by=None, at=NOVEMBER, asked=Asked({place: None}))
    for document, sign, off in ((invoice, 1, "16.73"), (invoices.referring().get(pk=note.pk), -1, "2.24")):
        root = read(document)
        assert checks.faults(etree.tostring(root)) == []
        lines = said(root, "cac:*/cbc:LineExtensionAmount[../cac:Item]")
        assert sum(map(Decimal, lines)) - Decimal(off) == sign * document.amount_excl_vat
        assert said(root, "cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount") == [off]
        reasons = said(root, "cac:AllowanceCharge/cbc:AllowanceChargeReason")
        assert "Stamkund 12,5 %, 2026-10-01" in reasons
        assert len(reasons) == (3 if sign == 1 else 1)


def test_fees_have_their_days_and_the_period_holds_them(seller):
    firm = accounts.create(**BUYER)
    agreed: dict[str, Any] = {"text": "Abonnemang", "reason": "Avtal", "since": date(2026, 10, 12)}
    for kind, price in (("monthly", "300"), ("yearly", "1200"), ("credit", "20")):
        fees.add(firm, Agreed(kind=kind, price=Decimal(price), **agreed), today=date(2026, 10, 12))
    issued()
    root = read(invoices.referring().get())
    assert said(root, "cac:InvoicePeriod/*") == ["2026-10-12", "2027-10-11"]
    quantities = root.xpath("cac:InvoiceLine/cbc:InvoicedQuantity", namespaces=NAMES)
    assert [(node.get("unitCode"), node.text) for node in quantities] == [
        ("MON", "0.645161"),
        ("ANN", "1"),
        ("C62", "-1"),
    ]


def test_a_document_that_asks_for_nothing_says_no_way_to_pay(seller):
    firm = accounts.create(**BUYER)
    for kind in ("once", "credit"):
        agreed = Agreed(kind=kind, text="Kort", reason="Avtal", price=Decimal(20), since=date(2026, 10, 12))
        fees.add(firm, agreed, today=date(2026, 10, 12))
    issued()
    root = read(invoices.referring().get())
    assert said(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == ["0.00"]
    assert said(root, "cac:PaymentMeans") == []


def test_too_many_prices_become_one_line_each_component(seller, monkeypatch):
    monkeypatch.setattr(bill, "MOST_LINES", 2)
    invoice = charged(sessions=40)
    root = read(invoice)
    assert sum(map(Decimal, said(root, "cac:InvoiceLine/cbc:LineExtensionAmount"))) == invoice.amount_excl_vat
    assert len(said(root, "cac:InvoiceLine/cbc:ID")) <= 3


def test_it_is_made_once_and_stays_the_same_file(seller):
    invoice = charged()
    first = e_invoices.xml(invoice, at=NOVEMBER)
    assert first == selector.written(invoice)
    Operator.objects.update(legal_name="Another AB", bankgiro="991-2346")
    accounts.change(invoice.account, name="Someone else", country="SE")
    assert e_invoices.xml(invoices.referring().get(), at=NOVEMBER + timedelta(days=400)) == first
    kept = EInvoice.objects.get()
    assert b"<" not in bytes(kept.xml)[:4]
    assert first[200:240] not in bytes(kept.xml)
    for change in (lambda: EInvoice.objects.update(xml=b""), kept.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_what_breaks_a_rule_does_not_leave_and_is_not_kept(seller):
    invoice = charged(buyer_reference="", organisation_number="")
    with pytest.raises(CannotLeave) as refused:
        e_invoices.xml(invoice, at=NOVEMBER)
    assert [fault.rule for fault in refused.value.faults] == [Rule.BUYER_ADDRESS, Rule.REFERENCE]
    assert not EInvoice.objects.exists()


def test_fees_outside_the_scope_of_vat_do_not_stand_beside_taxed_ones(seller):
    invoice = charged(priced(("ENERGY", "2", "25"), ("FLAT", "5", None)))
    with pytest.raises(CannotLeave) as refused:
        e_invoices.xml(invoice, at=NOVEMBER)
    assert Rule.OUTSIDE_ALONE in {fault.rule for fault in refused.value.faults}


def test_what_is_lacking_is_known_before_anything_is_billed(seller):
    firm = accounts.create(**{**BUYER, "organisation_number": "", "buyer_reference": ""})
    assert [fault.rule for fault in selector.of_buyer(firm, seller, at=NOVEMBER)] == [
        Rule.BUYER_ADDRESS,
        Rule.REFERENCE,
    ]
    assert selector.of_seller(seller, at=NOVEMBER) == []
    Operator.objects.update(vat_number="", bankgiro="")
    lacking = {fault.rule for fault in selector.of_seller(Operator.objects.get(), at=NOVEMBER)}
    assert lacking == {Rule.SELLER_VAT_STANDARD, Rule.PAYMENT_ACCOUNT}
    Account.objects.update(delivery=Account.Delivery.EMAIL)
    firm.refresh_from_db()
    assert selector.of_buyer(firm, seller, at=NOVEMBER) == []
    assert selector.of_seller(Operator.objects.get(), at=NOVEMBER) == []


#: Particulars of a payer, and whether an e-invoice lacks some of them.
PARTICULARS = [
    ({}, False),
    ({"buyer_reference": ""}, True),
    ({"buyer_reference": "", "order_number": "PO 7"}, False),
    ({"organisation_number": ""}, True),
    ({"organisation_number": "", "gln": "7300009000005"}, False),
    ({"country": "DE", "organisation_number": "", "vat_number": "DE136695976"}, False),
    ({"country": "DE", "organisation_number": "HRB 17", "vat_number": ""}, True),
    ({"country": "DE", "organisation_number": "", "vat_number": "", "gln": "7300009000005"}, False),
    ({"country": "NO", "organisation_number": "987654325", "vat_number": ""}, False),
    ({"country": "US", "organisation_number": "17", "vat_number": ""}, True),
]


@pytest.mark.parametrize(("particulars", "lacks"), PARTICULARS)
def test_a_run_finds_the_payers_that_the_rules_would(seller, particulars, lacks):
    firm = accounts.create(**{**BUYER, **particulars})
    assert bool(selector.of_buyer(firm, seller, at=NOVEMBER)) is lacks
    assert selector.lacking(Account.objects.filter(pk=firm.pk)).exists() is lacks


@pytest.mark.parametrize(
    ("document", "is_one"),
    [
        (flat(), True),
        (priced(("ENERGY", "2", "0")), True),
        (priced(("ENERGY", "2", None)), True),
        (priced(("ENERGY", "2", "25"), ("FLAT", "5", None)), False),
        (priced(("ENERGY", "2", "19")), False),
    ],
)
def test_a_run_finds_the_drafts_that_the_rules_would(seller, document, is_one):
    invoice = charged(document)
    assert Invoice.objects.filter(selector.cannot_be_one(seller), pk=invoice.pk).exists() is not is_one
    if is_one:
        assert e_invoices.xml(invoice, at=NOVEMBER)
    else:
        with pytest.raises(CannotLeave):
            e_invoices.xml(invoice, at=NOVEMBER)


def test_the_archive_of_a_month_has_those_of_businesses_and_says_which_break_a_rule(north):
    from tenants.scoping import tenant_scope  # noqa: PLC0415

    with tenant_scope(north.pk):
        Operator.objects.filter(pk=north.pk).update(**SELLER)
        tariff(DAY_NIGHT)
        at = connector()
        for name, facts in (("A", BUYER), ("B", {**BUYER, "buyer_reference": "", "organisation_number": "5560160680"})):
            dana = driver(name)
            account_moves.move(dana, to=accounts.create(**facts), since=None)
            session(at, dana)
        session(at, driver("Private"))
        issued()
    export = made(north, Export.Kind.XML_ZIP)
    archive = zipfile.ZipFile(io.BytesIO(content(export, north)))
    names = archive.namelist()
    assert [name[-4:] for name in names] == [".xml", ".csv"]
    assert archive.read("missing.csv").decode().split(",")[-1] == "PEPPOL-EN16931-R003\n"
    assert export.error_facts["count"] == 1
