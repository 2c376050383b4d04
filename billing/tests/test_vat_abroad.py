"""Other countries' VAT: documents under the operator's number there, on every form of them, or none at all."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pypdf
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from billing.domain.errors import BillingError, Code
from billing.e_invoices import checks
from billing.exports import tax_files
from billing.exports.tables import TABLES, VAT_BY_COUNTRY, Span
from billing.models import BilledSession, Export, Invoice, InvoiceRun, RunProblem, SellerNumber, WriteOff
from billing.selectors import booking_accounts as booking_accounts_of
from billing.selectors import ledger, reconciliation, run_checks, sellers
from billing.services import (
    account_moves,
    booking_accounts,
    documents,
    e_invoices,
    fees,
    operator_changes,
    runs,
    seller_numbers,
    site_changes,
    write_offs,
)
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


@pytest.mark.parametrize(("country", "vat", "number"), [("DE", "19", GERMAN), ("DK", "25", DANISH)])
def test_who_charged_in_two_countries_gets_an_invoice_for_each(payer, north, country, vat, number):
    """Denmark has the rate of Sweden: what tells them apart is the country."""
    seller_numbers.keep({country: number})
    session(abroad(country, vat), payer)
    session(connector(), payer, start=OCTOBER + timedelta(hours=3), kwh=20)
    issued()
    found = {invoice.vat_country: invoice for invoice in Invoice.objects.all()}
    assert {key: (invoice.seller["vat_number"], invoice.amount_excl_vat) for key, invoice in found.items()} == {
        "SE": (SELLER["vat_number"], Decimal(40)),
        country: (number, Decimal(20)),
    }
    assert {invoice.session_count for invoice in found.values()} == {1}
    for invoice in found.values():
        assert numbers(e_invoices.xml(invoice, at=NOVEMBER)) == [invoice.seller["vat_number"]]
    assert reconciliation.check().adds_up
    north.refresh_from_db()
    assert [(row["country"], row["vat_rate"], row["vat"]) for row in rows_of_vat(north)] == [
        ("", Decimal(25), Decimal(10)),
        (country, Decimal(vat), Decimal(vat) / 5),
    ]


def earlier(payer):
    """An invoice with VAT of two countries, as they were drafted before there was one for each."""
    session(abroad("DK", "25"), payer)
    session(connector(), payer, start=OCTOBER + timedelta(hours=3))
    sites = Site.objects.filter(name="Site DK")
    sites.update(country="SE")
    run = drafted()
    sites.update(country="DK")
    Invoice.objects.update(vat_country="")
    runs.issue(run, by=None, at=NOVEMBER)
    return Invoice.objects.get()


def test_an_earlier_one_of_two_countries_shows_both_numbers_and_is_no_e_invoice(payer):
    seller_numbers.keep({"DK": DANISH})
    invoice = earlier(payer)
    assert (invoice.seller["vat_number"], invoice.seller["vat_numbers"]) == (SELLER["vat_number"], {"DK": DANISH})
    assert all(number in pages(invoice) for number in (SELLER["vat_number"], DANISH))
    with pytest.raises(e_invoices.CannotLeave):  # a file has room for one, though both have the rate of 25 %
        e_invoices.xml(invoice, at=NOVEMBER)


def test_credits_stay_at_home_and_a_country_that_comes_to_nothing_stops_no_other(payer):
    seller_numbers.keep({"DK": DANISH})
    agreed = fees.Agreed(kind="credit", text="Kredit", reason="-", price=Decimal(99), since=OCTOBER.date())
    fees.add(Account.objects.get(kind=Account.Kind.COMPANY), agreed, today=OCTOBER.date())
    session(abroad("DK", "25"), payer, kwh=200)
    session(connector(), payer, start=OCTOBER + timedelta(hours=3))
    run = drafted()
    assert [invoice.vat_country for invoice in run.invoices.all()] == ["DK"]
    assert RunProblem.objects.get(run=run).code == Code.NEGATIVE_SUM


def test_the_smallest_invoice_is_of_all_that_is_asked_for(payer):
    seller_numbers.keep({"DK": DANISH})
    Account.objects.filter(kind=Account.Kind.COMPANY).update(least_amount=Decimal(40))
    session(abroad("DK", "25"), payer)
    session(connector(), payer, start=OCTOBER + timedelta(hours=3))
    assert drafted().invoices.count() == 2


def test_discounts_are_taken_off_where_their_lines_are(payer):
    """A percentage of each; an amount off the invoice on which its lines come to most."""
    seller_numbers.keep({"DK": DANISH})
    company = Account.objects.get(kind=Account.Kind.COMPANY)
    offs: list[Any] = [{"percent": Decimal(10)}, {"amount": Decimal(7)}]
    for off in offs:
        agreed = Discount(text="Rabatt", taken_off="energy", since=OCTOBER.date(), **off)
        fees.give(company, agreed, today=OCTOBER.date())
    session(abroad("DK", "25"), payer, kwh=50)
    session(connector(), payer, start=OCTOBER + timedelta(hours=3))
    issued()
    assert dict(Invoice.objects.values_list("vat_country", "amount_excl_vat")) == {
        "SE": Decimal(18),
        "DK": Decimal(83),
    }


def test_the_ledger_books_a_countrys_vat_apart_whatever_its_rate(payer, north):
    seller_numbers.keep({"DK": DANISH})
    session(abroad("DK", "25"), payer)
    session(connector(), payer, start=OCTOBER + timedelta(hours=3), kwh=20)
    issued()
    month = NOVEMBER.date().replace(day=1)
    assert [(tax.country, tax.rate, tax.sales, tax.vat) for tax in ledger.taxes(month)] == [
        ("", Decimal(25), 4000, 1000),
        ("DK", Decimal(25), 2000, 500),
    ]
    assert all(check.holds for check in ledger.checks(month))
    standing = {line.number: line.after for line in ledger.trial_balance(month)}
    assert (standing["2611"], standing["2670"], standing["3001"], standing["3106"]) == (-1000, -500, -4000, -2000)
    booking_accounts.keep({}, {("vat_abroad", "DK"): booking_accounts_of.Account("2671", "Dansk moms")})
    named = {line.number: (line.name, line.after) for line in ledger.trial_balance(month)}
    assert named["2671"] == ("Dansk moms", -500)
    assert [row.country for row in ledger.rows("2671", month)] == ["DK"]


def test_a_loss_abroad_lowers_no_box_of_swedish_vat(payer, north):
    seller_numbers.keep({"DK": DANISH})
    session(abroad("DK", "25"), payer)
    issued()
    write_offs.write_off(
        Invoice.objects.get(), Decimal(25), why=WriteOff.Why.BANKRUPTCY, reason="-", by=None, at=NOVEMBER
    )
    month = NOVEMBER.date().replace(day=1)
    assert [(tax.country, tax.sales, tax.vat) for tax in ledger.taxes(month)] == [("DK", 0, 0)]
    days = (month, month.replace(day=30))
    assert [tax.country for tax in ledger.lost(days, as_of=datetime.now(UTC))] == ["DK"]


@given(st.lists(st.tuples(st.sampled_from(["SE", "DK", "DE"]), st.integers(1, 90_000)), min_size=1, max_size=6))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_is_charged_where_every_session_stands_on_its_countrys_invoice(payer, charged):
    with transaction.atomic():
        seller_numbers.keep({"DE": GERMAN, "DK": DANISH})
        places = {"SE": connector(), "DK": abroad("DK", "25"), "DE": abroad()}
        for hours, (country, wh) in enumerate(charged):
            session(places[country], payer, start=OCTOBER + timedelta(hours=2 * hours), energy_wh=wh, series_wh=None,
                    series_start=None, series_interval_s=None)  # fmt: skip
        issued()
        for invoice in Invoice.objects.all():
            at = set(invoice.billed_sessions.values_list("session__site__country", flat=True))
            assert at == {invoice.vat_country}
        assert BilledSession.objects.count() == len(charged)
        assert all(check.holds for check in ledger.checks(NOVEMBER.date().replace(day=1)))
        assert reconciliation.check().adds_up
        transaction.set_rollback(True)


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


def rows_of_vat(north, table=VAT_BY_COUNTRY):
    days = (NOVEMBER.date().replace(day=1), NOVEMBER.date().replace(day=30))
    span = Span(north, Export.DatedBy.BOOKED, days, datetime.now(UTC))
    return [dict(zip(table.names, row, strict=True)) for row in table.worked(span)]


def test_a_return_has_no_other_countrys_vat_in_a_box_of_swedish_vat(payer, north):
    """Denmark has 25 % as Sweden has."""
    seller_numbers.keep({"DK": DANISH})
    session(abroad("DK", "25"), payer)
    issued()
    north.refresh_from_db()
    rows = rows_of_vat(north)
    assert [(row["country"], row["vat_rate"], row["amount_excl_vat"], row["vat"]) for row in rows] == [
        ("DK", Decimal(25), Decimal(20), Decimal(5))
    ]
    assert tax_files.boxes(rows, []) == {"42": 20, "49": 0}
    (told,) = rows_of_vat(north, TABLES[Export.Kind.VAT])
    assert (told["currency"], told["vat_rate"], told["category"], told["country"]) == ("SEK", Decimal(25), "S", "DK")


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


def changed_countries(run: InvoiceRun) -> list[tuple[int, bool]]:
    findings = run_checks.findings(run)
    return [(each.count, each.blocks) for each in findings if each.code == Code.RUN_COUNTRY_CHANGED]


def test_a_run_waits_where_a_draft_has_the_vat_of_the_country_that_a_site_was_in(payer):
    seller_numbers.keep({"DE": GERMAN})
    there = abroad("SE")
    moved = session(there, payer)
    session(connector(), driver("Another"))
    run = drafted()
    assert not changed_countries(run)
    site_changes.change(there.station.site, at=NOVEMBER, country="DE")
    assert changed_countries(run) == [(1, True)]
    site_changes.change(there.station.site, at=NOVEMBER, country="SE")
    assert not changed_countries(run), "corrected back, the draft is right"
    site_changes.change(there.station.site, at=NOVEMBER, country="DE")
    with pytest.raises(runs.RunRefused):
        runs.issue(run, by=None, at=NOVEMBER)
    runs.discard(run, by=None)
    issued()
    assert BilledSession.objects.get(session=moved).invoice.vat_country == "DE"


def test_a_site_without_vat_may_move_without_a_word(payer):
    there = abroad("SE", vat="0")
    session(there, payer)
    run = drafted()
    site_changes.change(there.station.site, at=NOVEMBER, country="DE")
    assert not changed_countries(run)


def test_an_operator_who_is_established_elsewhere_has_its_drafts_made_anew(payer, north):
    charged = session(abroad("DE", vat="0"), payer)
    run = drafted()
    operator_changes.change(north, at=NOVEMBER, name="North")
    assert not changed_countries(run)
    operator_changes.change(north, at=NOVEMBER, country="NO")
    assert changed_countries(run) == [(1, True)]
    runs.discard(run, by=None)
    issued()
    assert BilledSession.objects.get(session=charged).invoice.vat_country == "NO"
