"""Statements to hosts as self-billed e-invoices: the file says what the PDF says, meets the rules, and leaves once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as outbox
from lxml import etree

from billing.documents import statement as layout
from billing.documents.writer import Writer
from billing.domain.errors import BillingError, Code
from billing.e_invoices import checks, ubl
from billing.e_invoices.checks import NAMES
from billing.e_invoices.rules import About, Rule
from billing.models import EInvoice, HostStatement, Invoice, Sending, SendingWay
from billing.selectors import e_invoices as selector
from billing.services import credit_notes, e_invoices, sendings
from billing.services.e_invoices import CannotLeave
from billing.tests import bills, standard
from billing.tests.companies import BUYER, SELLER
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from billing.tests.test_sendings import go_on
from billing.tests.test_settlements import DECEMBER, NOV, OCT, closed, contract, host, said
from charging.models import Connector
from tenants import work
from tenants.models import Account, Operator
from tenants.models.audit_entry import name_in_log

HOST: dict[str, Any] = {
    **{name: BUYER[name] for name in ("organisation_number", "vat_number", "street", "postal_code", "city")},
    "delivery": Account.Delivery.E_INVOICE,
    "customer_number": "V77",
}
AGREED: dict[str, Any] = {"is_self_billed": True, "agreed_on": OCT}


@pytest.fixture
def seller(in_north: Operator) -> Operator:
    Operator.objects.update(**SELLER)
    return Operator.objects.get()


@pytest.fixture
def folder(tmp_path: Path, settings: Any, seller: Operator) -> Path:
    """The operator's folder for what leaves."""
    settings.E_INVOICE_FOLDER = str(tmp_path)
    sendings.choose(SendingWay.Kind.FOLDER, at=NOVEMBER)
    return tmp_path / seller.slug


def settled(host_facts: dict[str, Any] | None = None, **terms: Any) -> HostStatement:
    """A host's closed statement of October: 30 % of 20.00."""
    tariff(flat("2.00"))
    at = connector()
    contract(at, host("Värden & Co AB", **{**HOST, **(host_facts or {})}), **{**AGREED, **terms})
    session(at, driver("A"), kwh=10)
    issued()
    closed()
    statement: HostStatement = said()
    return statement


def read(statement: HostStatement) -> Any:
    return etree.fromstring(e_invoices.xml(statement, at=NOVEMBER))


def told(root: Any, path: str) -> list[str]:
    return [node.text for node in root.xpath(path, namespaces=NAMES)]


def test_it_is_another_document_type_and_the_host_sells(seller):
    root = read(settled())
    assert told(root, "cbc:CustomizationID") == [
        "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
    ]
    assert told(root, "cbc:ProfileID") == ["urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0"]
    assert told(root, "cbc:InvoiceTypeCode") == ["389"]
    assert told(root, "cbc:ID") == ["V77-1"]
    assert told(root, f"{checks.SELLER}/cbc:EndpointID") == ["5560360793"]
    assert told(root, f"{checks.SELLER}/cac:PartyName/cbc:Name") == ["Värden & Co AB"]
    assert told(root, f"{checks.BUYER}/cbc:EndpointID") == ["5560160680"]
    assert told(root, "cac:PaymentMeans") == []
    assert "Självfakturering enligt avtal den 2026-10-01" in told(root, "cbc:Note")[0]


def test_it_comes_to_what_the_pdf_comes_to(seller):
    statement = settled(rent=Decimal(100), least_payout=Decimal(1))
    root = read(statement)
    rows = layout.parts(statement, statement.months.order_by("month"), Writer("sv"))
    assert told(root, "cac:InvoiceLine/cac:Item/cbc:Name") == [row.what for row in rows]
    assert [Decimal(text) for text in told(root, "cac:InvoiceLine/cbc:LineExtensionAmount")] == [
        row.amount for row in rows
    ]
    assert told(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == [f"{statement.total:.2f}"]
    assert told(root, "cac:TaxTotal/cbc:TaxAmount") == [f"{statement.vat:.2f}"]
    page = layout.page(statement, statement.months.order_by("month"))
    assert page["name"] == "V77-1"


def test_what_is_carried_and_taken_back_are_lines_too(seller):
    statement = settled(least_payout=Decimal(10))
    assert statement.number is None  # 6.00 are carried over
    at = Connector.objects.get()
    gone = session(at, driver("B"), kwh=5, start=OCTOBER + timedelta(days=33))
    session(at, driver("C"), kwh=50, start=OCTOBER + timedelta(days=34))
    issued(OCTOBER + timedelta(days=33), at=DECEMBER)
    credit_notes.credit(Invoice.objects.earliest("number"), reason="Fel", by=None, at=DECEMBER)
    closed(NOV, at=DECEMBER)
    november = said(NOV)
    root = read(november)
    assert [Decimal(text) for text in told(root, "cac:InvoiceLine/cbc:LineExtensionAmount")] == [
        Decimal("-6.00"),
        november.months.get(month=NOV).amount,
        Decimal("6.00"),
    ]
    assert told(root, "cac:InvoiceLine[1]/cbc:InvoicedQuantity") == ["-1"]
    assert told(root, "cac:InvoiceLine[1]/cac:Price/cbc:PriceAmount") == ["6"]
    assert checks.faults(etree.tostring(root)) == []
    assert gone.pk


@pytest.fixture(scope="module")
def judged():
    schemas = {kind: standard.schema(f"ubl-2.1/maindoc/UBL-{kind}-2.1.xsd") for kind in ("Invoice", "CreditNote")}
    return schemas, standard.judge("ubl-2.1/EN16931-UBL-validation.xslt")


@pytest.mark.parametrize("facts", [{}, {"vat_number": "", "terms": {"has_standard_rate": False}}], ids=["VAT", "none"])
def test_the_schema_and_the_rules_of_the_standard_agree(seller, judged, facts):
    terms = facts.pop("terms", {})
    xml = e_invoices.xml(settled(facts, **terms), at=NOVEMBER)
    schemas, judge = judged
    schemas["Invoice"].assertValid(etree.fromstring(xml))
    assert judge(xml) == set()


def test_a_self_billed_credit_note_is_of_its_own_type(judged):
    xml = ubl.write(replace(bills.note(), is_self_billed=True))
    schemas, judge = judged
    schemas["CreditNote"].assertValid(etree.fromstring(xml))
    assert told(etree.fromstring(xml), "cbc:CreditNoteTypeCode") == ["261"]
    assert checks.faults(xml) == []
    assert judge(xml) == set()


SELF_BILLED = {"is_self_billed": True, "account": None}


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("cbc:InvoiceTypeCode", "380", Rule.INVOICE_TYPE),
        ("cbc:InvoiceTypeCode", "261", Rule.INVOICE_TYPE),
        ("cbc:ProfileID", ubl.PROFILE, Rule.PROFILE),
        ("cbc:CustomizationID", ubl.CUSTOMIZATION, Rule.PROFILE),
        ("cbc:CustomizationID", ubl.CUSTOMIZATION, Rule.INVOICE_TYPE),
        ("cbc:CustomizationID", "urn:cen.eu:en16931:2017", Rule.SPECIFICATION),
    ],
)
def test_a_document_of_two_minds_does_not_leave(path, text, rule):
    root: Any = etree.fromstring(ubl.write(bills.bill(**SELF_BILLED)))
    assert checks.faults(etree.tostring(root)) == []
    root.find(path, NAMES).text = text
    assert rule in {fault.rule for fault in checks.faults(etree.tostring(root))}


def test_it_is_made_once_and_stays_the_same_file(seller):
    statement = settled()
    first = e_invoices.xml(statement, at=NOVEMBER)
    assert e_invoices.xml(said(), at=NOVEMBER + timedelta(days=400)) == first
    kept = EInvoice.objects.get()
    assert (kept.statement, kept.invoice) == (statement, None)
    assert bytes(kept.xml) != first  # sealed


def test_what_the_host_lacks_is_said_at_the_host_and_keeps_it_from_leaving(seller):
    statement = settled({"organisation_number": ""})
    with pytest.raises(CannotLeave) as refused:
        e_invoices.xml(statement, at=NOVEMBER)
    assert {(fault.rule, fault.about) for fault in refused.value.faults} == {(Rule.SELLER_ADDRESS, About.SELLER)}
    assert not EInvoice.objects.exists()
    found = selector.of_host(statement.contract, seller, at=NOVEMBER)
    assert [fault.rule for fault in found] == [Rule.SELLER_ADDRESS]


@pytest.mark.parametrize("facts", [{"delivery": Account.Delivery.EMAIL}, {}])
def test_who_gets_e_invoices_and_lacks_nothing_is_told_nothing(seller, facts):
    assert selector.of_host(settled(facts).contract, seller, at=NOVEMBER) == []


def test_closing_sends_it_once_on_the_operator_s_way(folder):
    statement = settled()
    assert go_on() == 1
    (file,) = folder.glob("*.xml")
    assert file.name.startswith("V77-1-")
    assert file.read_bytes() == e_invoices.xml(statement, at=NOVEMBER)
    row = Sending.objects.get()
    assert (row.statement, row.invoice, row.stage) == (statement, None, Sending.Stage.SENT)
    with pytest.raises(BillingError) as refused:
        sendings.send(statement, at=NOVEMBER)
    assert refused.value.code == Code.SENT_ALREADY


@pytest.mark.parametrize(
    ("facts", "terms"),
    [({"delivery": Account.Delivery.EMAIL}, {}), ({}, {"is_self_billed": False, "agreed_on": None})],
)
def test_what_is_no_e_invoice_of_the_host_is_not_sent(folder, facts, terms):
    settled(facts, **terms)
    assert not Sending.objects.exists()


def test_what_breaks_a_rule_is_held_back_and_sent_once_there_is_a_way(folder):
    statement = settled({"organisation_number": ""})
    go_on()
    row = Sending.objects.get()
    assert (row.stage, row.reason) == (Sending.Stage.HELD, Rule.SELLER_ADDRESS)
    assert str(row) == str(statement)
    assert sendings.send(statement, at=NOVEMBER).stage == Sending.Stage.WAITING


def test_a_name_of_a_file_leads_nowhere(folder):
    settled({"customer_number": "../../V 7/7"})
    go_on()
    (file,) = folder.glob("*.xml")
    assert file.name.startswith("_V_7_7-1-")


def letters_sent() -> list[Any]:
    """What was mailed, once everything in the queue is."""
    while work.do_next(work.kind_named("document_letter"), Operator.objects.get().pk, clock=lambda: NOVEMBER):
        pass
    return outbox.outbox


@pytest.mark.parametrize(
    ("terms", "told_so"),
    [
        ({"objection_days": 10}, "Om ni inte invänder senast"),
        ({}, "Godkänn den i portalen."),
        ({"is_self_billed": False, "agreed_on": None}, "Ni får 7,50 kr utbetalt senast"),
    ],
)
def test_a_host_is_told_of_a_statement_by_letter(seller, settings, terms, told_so):
    settings.EMAIL_HOST = "mail.example"
    statement = settled({"delivery": "portal", "email": "host@example.com"}, **terms)
    (letter,) = letters_sent()
    body = letter.body.replace("\xa0", " ")
    assert letter.to == ["host@example.com"]
    assert str(statement) in letter.subject
    assert "oktober 2026" in body
    assert "7,50 kr" in body
    assert told_so in body
    assert [name for name, _content, _kind in letter.attachments] == [f"{statement}.pdf"]
    assert letters_sent() == [letter]
    row = statement.letters.get()
    assert name_in_log(row) == name_in_log(statement) != str(row), "the number is the customer's"


@pytest.mark.parametrize("facts", [{}, {"delivery": "letter", "email": "host@example.com"}, {"delivery": "portal"}])
def test_who_gets_an_e_invoice_or_has_no_address_gets_no_letter(seller, settings, facts):
    settings.EMAIL_HOST = "mail.example"
    settled({"email": "", **facts})
    assert letters_sent() == []
