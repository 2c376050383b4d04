"""Other countries' VAT: documents under the operator's number there, on every form of them, or none at all."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pypdf
import pytest
from lxml import etree

from billing.domain.errors import BillingError, Code
from billing.e_invoices import checks
from billing.exports import tax_files
from billing.exports.tables import TABLES, VAT_BY_COUNTRY, Span
from billing.models import Export, Invoice, InvoiceRun, SellerNumber
from billing.selectors import run_checks, sellers
from billing.services import account_moves, documents, e_invoices, fees, runs, seller_numbers
from billing.services.credit_notes import credit
from billing.services.fees import Discount
from billing.tests.companies import BUYER, SELLER
from billing.tests.factories import NOVEMBER, OCTOBER, connector, drafted, driver, flat, issued, session, tariff
from charging.models import Site
from tenants.errors import Refused
from tenants.models import Account, AuditEntry, Operator
from tenants.services.people import accounts

pytestmark = pytest.mark.usefixtures("in_north")

GERMAN, DANISH = "DE136695976", "DK13585628"


@pytest.fixture
def payer(north):
    """A company's driver, and prices of 2.00 with the VAT of the site's country."""
    Operator.objects.update(**SELLER)
    tariff(flat("2.00"))
    member = driver()
    account_moves.move(member, to=accounts.create(**BUYER))
    return member


def abroad(country="DE", vat="19"):
    at = connector(Site.objects.create(name=f"Site {country}", country=country, time_zone="Europe/Berlin"))
    tariff(flat("2.00", vat=vat), site=at.station.site)
    return at


def pages(invoice):
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(documents.pdf(invoice))).pages)


def numbers(xml):
    name = "//cac:AccountingSupplierParty//cac:PartyTaxScheme[cac:TaxScheme/cbc:ID='VAT']/cbc:CompanyID/text()"
    return etree.fromstring(xml).xpath(name, namespaces=checks.NAMES)


def test_a_run_waits_for_the_number_of_the_country(payer):
    session(abroad(), payer)
    run = drafted()
    (finding,) = [each for each in run_checks.findings(run) if each.code == Code.SELLER_WITHOUT_NUMBER_ABROAD]
    assert (finding.count, finding.blocks) == (1, True)
    with pytest.raises(runs.RunRefused) as refused:
        runs.issue(run, by=None, at=NOVEMBER)
    assert refused.value.code == Code.SELLER_WITHOUT_NUMBER_ABROAD
    seller_numbers.keep({"DE": "de 136 695 976"})
    assert runs.issue(run, by=None, at=NOVEMBER).state == InvoiceRun.State.ISSUED
    assert Invoice.objects.get().seller["vat_number"] == GERMAN


def test_without_vat_or_without_sites_abroad_none_is_needed(payer):
    session(connector(), payer)
    session(abroad(vat="0"), payer, start=OCTOBER + timedelta(hours=3))
    issued()
    assert "vat_numbers" not in Invoice.objects.get().seller


def test_an_invoice_of_one_other_country_is_under_its_number_everywhere(payer):
    seller_numbers.keep({"DE": GERMAN, "DK": DANISH})
    session(abroad(), payer)
    run = drafted()
    assert Code.NO_E_INVOICE_OF_THESE not in {finding.code for finding in run_checks.findings(run)}
    runs.issue(run, by=None, at=NOVEMBER)
    invoice = Invoice.objects.get()
    assert (invoice.seller["vat_number"], invoice.seller["vat_numbers"]) == (GERMAN, {"DE": GERMAN})
    shown = pages(invoice)
    assert GERMAN in shown
    assert SELLER["vat_number"] not in shown
    assert DANISH not in shown
    # As a sale of Sweden it could not leave: 19 % is no rate there.
    xml = e_invoices.xml(invoice, at=NOVEMBER)
    assert numbers(xml) == [GERMAN]
    assert GERMAN.encode() in attached(documents.pdf(invoice))


def attached(content):
    (files,) = pypdf.PdfReader(io.BytesIO(content)).attachments.values()
    return files[0]


def test_one_with_vat_of_two_countries_shows_both_numbers(payer):
    seller_numbers.keep({"DE": GERMAN})
    session(abroad(), payer)
    session(connector(), payer, start=OCTOBER + timedelta(hours=3))
    issued()
    invoice = Invoice.objects.get()
    assert (invoice.seller["vat_number"], invoice.seller["vat_numbers"]) == (SELLER["vat_number"], {"DE": GERMAN})
    assert all(number in pages(invoice) for number in (SELLER["vat_number"], GERMAN))
    with pytest.raises(e_invoices.CannotLeave):  # a file has room for one
        e_invoices.xml(invoice, at=NOVEMBER)


def test_a_discount_changes_no_country(payer):
    seller_numbers.keep({"DE": GERMAN})
    agreed = Discount(text="Rabatt", taken_off="all", percent=Decimal(10), since=OCTOBER.date())
    fees.give(Account.objects.get(kind=Account.Kind.COMPANY), agreed, today=OCTOBER.date())
    session(abroad(), payer)
    issued()
    assert Invoice.objects.get().seller["vat_number"] == GERMAN


def test_a_credit_note_has_the_number_of_what_it_credits(payer):
    seller_numbers.keep({"DE": GERMAN})
    session(abroad(), payer)
    issued()
    seller_numbers.keep({})
    note = credit(Invoice.objects.get(), reason="Fel", by=None, at=NOVEMBER)
    note.refresh_from_db()
    assert (note.seller["vat_number"], note.seller["vat_numbers"]) == (GERMAN, {"DE": GERMAN})


def test_what_is_issued_alone_is_refused_too(payer):
    session(abroad(), payer)
    run = drafted()
    with pytest.raises(BillingError) as refused:
        sellers.abroad(list(run.invoices.values_list("pk", flat=True)), Operator.objects.get())
    assert (refused.value.code, refused.value.facts["countries"]) == (Code.SELLER_WITHOUT_NUMBER_ABROAD, ["DE"])


def worked(table, span):
    assert table.worked is not None
    return list(table.worked(span))


def test_a_return_has_no_other_countrys_vat_in_a_box_of_swedish_vat(payer, north):
    """Denmark has 25 % as Sweden has."""
    seller_numbers.keep({"DK": DANISH})
    session(abroad("DK", "25"), payer)
    issued()
    north.refresh_from_db()
    days = (NOVEMBER.date().replace(day=1), NOVEMBER.date().replace(day=30))
    span = Span(north, Export.DatedBy.BOOKED, days, datetime.now(UTC))
    rows = [dict(zip(VAT_BY_COUNTRY.names, row, strict=True)) for row in worked(VAT_BY_COUNTRY, span)]
    assert [(row["country"], row["vat_rate"], row["amount_excl_vat"], row["vat"]) for row in rows] == [
        ("DK", Decimal(25), Decimal(20), Decimal(5))
    ]
    assert tax_files.boxes(rows, []) == {"42": 20, "49": 0}
    (told,) = worked(TABLES[Export.Kind.VAT], span)
    assert told[:3] == ("SEK", Decimal(25), "S")


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ({"DE": DANISH}, Code.NUMBER_OF_ANOTHER_COUNTRY),
        ({"SE": SELLER["vat_number"]}, Code.NUMBER_OF_ANOTHER_COUNTRY),
        ({"DE": "DE1"}, "vat_number_wrong"),
    ],
)
def test_numbers_are_their_countrys_and_checked(payer, numbers, code):
    with pytest.raises((BillingError, Refused)) as refused:
        seller_numbers.keep(numbers)
    assert refused.value.code == code
    assert not SellerNumber.objects.exists()


def test_they_are_kept_as_a_whole_and_logged_once(payer):
    seller_numbers.keep({"GR": "EL 094259216", "DE": GERMAN})
    seller_numbers.keep({"DE": GERMAN, "GR": "EL094259216"})
    assert sellers.numbers_abroad() == {"DE": GERMAN, "GR": "EL094259216"}
    entry = AuditEntry.objects.get(event="invoice.seller_numbers_changed")
    assert entry.additional_data == {"vat_numbers": [GERMAN, "EL094259216"]}


def test_another_number_makes_an_approval_outdated(payer):
    before = sellers.digest(Operator.objects.get())
    seller_numbers.keep({"DE": GERMAN})
    assert sellers.digest(Operator.objects.get()) != before
