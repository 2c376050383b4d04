"""The first page at a glance: beside the month before, by site and by driver, and everybody of a large company."""

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pypdf
import pytest

from billing.documents import layout, overview
from billing.documents.writer import Writer
from billing.models import Invoice
from billing.selectors import invoices
from billing.services import account_moves, documents
from billing.services.credit_notes import credit
from billing.tests.factories import NOVEMBER, OCTOBER, connector, driver, flat, issued, session, tariff
from tenants.models import Account, Operator
from tenants.services.people import accounts

SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("in_north")


def page(invoice):
    return layout.page(
        invoice,
        seller=invoice.seller,
        lines=invoices.lines(invoice, with_terms=True),
        vat=list(invoice.vat_rows.all()),
        before=invoices.month_before(invoice),
    )


def company(drivers, sites=2):
    """The issued invoice of a company for a session of each driver, of 10, 11 … kWh, at sites in turn."""
    tariff(flat("2.00"))
    firm = accounts.create(kind=Account.Kind.COMPANY, name="Åkeriet", country="SE", street="A 1", city="Umeå")
    places = [connector() for _ in range(sites)]
    for number in range(drivers):
        one = driver(f"Förare {number}")
        account_moves.move(one, to=firm, since=None)
        session(places[number % sites], one, kwh=10 + number)
    issued()
    return invoices.referring().get(kind=Invoice.Kind.INVOICE)


def test_this_month_stands_beside_the_one_before():
    tariff(flat("2.00"))
    dana, at = driver(), connector()
    session(at, dana, start=OCTOBER - timedelta(days=9), kwh=20)
    issued(SEPTEMBER)
    session(at, dana, kwh=10)
    issued()
    first, second = invoices.referring().order_by("month")
    assert page(first)["compared"] == []
    assert page(second)["compared"] == [
        ["oktober 2026", "1 laddning", "10,0\u00a0kWh", "25,00\u00a0SEK"],
        ["september 2026", "1 laddning", "20,0\u00a0kWh", "50,00\u00a0SEK"],
    ]
    credit(first, reason="Fel", by=None, at=NOVEMBER)
    assert page(second)["compared"] == []
    assert page(invoices.referring().get(kind=Invoice.Kind.CREDIT_NOTE))["compared"] == []


def test_a_company_sees_where_and_who_the_largest_first():
    shown = page(company(3))
    assert [row[1:] for row in shown["by_site"]] == [["22,0\u00a0kWh", "44,00"], ["11,0\u00a0kWh", "22,00"]]
    assert [row[0].partition(" (")[0] for row in shown["by_whom"]] == ["Förare 2", "Förare 1", "Förare 0"]
    assert shown["everybody"] == []


def test_many_are_added_up_on_the_first_page_and_all_stand_on_the_next():
    invoice = company(20, sites=1)
    shown = page(invoice)
    assert shown["by_site"] == []
    assert len(shown["by_whom"]) == overview.MOST + 1
    assert shown["by_whom"][-1][0] == "13 andra"
    assert len(shown["everybody"]) == 20
    for rows in (shown["by_whom"], shown["everybody"]):
        amounts = [Decimal(row[-1].replace("\u00a0", "").replace(",", ".")) for row in rows]
        assert sum(amounts) == invoice.amount_excl_vat
    assert documents.pdf(invoice).startswith(b"%PDF")


def test_who_pays_for_themselves_sees_neither_sites_nor_people():
    tariff(flat())
    dana = driver()
    for place in (connector(), connector()):
        session(place, dana)
    issued()
    shown = page(invoices.referring().get())
    assert (shown["by_site"], shown["by_whom"], shown["everybody"]) == ([], [], [])


def test_one_alone_is_compared_with_nobody():
    assert overview.largest([overview.Part("Ensam")], Writer("sv")) == []


@pytest.mark.parametrize("is_note", [False, True])
def test_no_driver_s_name_stands_alone_at_the_foot_of_a_page(is_note):
    Operator.objects.update(street="Kajen 1", postal_code="411 01", city="Göteborg")
    invoice = company(60)
    document = credit(invoice, reason="Fel pris", by=None, at=NOVEMBER) if is_note else invoice
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(documents.pdf(document))).pages]
    of_sessions = [each for each in pages if "Charging" in each or "kWh" in each]
    assert len(of_sessions) > 3
    assert [each[-200:] for each in of_sessions if each.rfind("Förare") > each.rfind("kWh")] == []


def test_swedish_organisation_numbers_have_their_hyphen():
    invoice = company(2)
    buyer = invoice.buyer
    buyer.organisation_number = "5560360793"
    seller = {**invoice.seller, "organisation_number": "5566778899"}
    shown = layout.page(invoice, seller=seller, lines=[], vat=[])
    assert any(line.endswith(" 556036-0793") for line in shown["buyer"])
    assert shown["footer"][2][0].endswith(" 556677-8899")
    buyer.country = "NO"
    assert any(line.endswith(" 5560360793") for line in layout.page(invoice, seller=seller, lines=[], vat=[])["buyer"])
