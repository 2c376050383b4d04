"""Where an invoice is paid to, and the code that a bank's app reads: what it says, and when there is none."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import zxingcpp

from billing.documents import layout, paying
from billing.documents.categories import category
from billing.models import Invoice, InvoiceVat
from tenants.models import Account, DriverIdentity

SELLER: dict[str, Any] = {
    "name": "Laddåkern",
    "legal_name": "Laddåkern AB",
    "organisation_number": "556677-8899",
    "vat_number": "SE556677889901",
    "bankgiro": "5050-1055",
    "iban": "SE4550000000058398257466",
    "time_zone": "Europe/Stockholm",
    "language": "sv",
    "approved_for_f_tax": True,
}


def invoice(**changes: Any) -> Invoice:
    facts: dict[str, Any] = {
        "kind": Invoice.Kind.INVOICE,
        "state": Invoice.State.ISSUED,
        "account": Account(kind=Account.Kind.PRIVATE),
        "buyer": DriverIdentity(name="Anna"),
        "customer_number": "1001",
        "number": 10234,
        "month": date(2026, 9, 1),
        "issued_at": datetime(2026, 9, 30, 22, 30, tzinfo=UTC),  # the first of October in Stockholm
        "due_on": date(2026, 10, 31),
        "currency": "SEK",
        "amount_due": Decimal("12500.00"),
        "amount_excl_vat": Decimal(10000),
        "vat": Decimal(2500),
    }
    return Invoice(**{**facts, **changes})


def test_kronor_to_a_bankgiro_have_the_code_of_swedish_banks():
    assert paying.code(invoice(), SELLER) == (
        '{"uqr":1,"tp":1,"nme":"Ladd\\u00e5kern AB","cid":"556677-8899","iref":"'
        + invoice().payment_reference
        + '","idt":"20261001","ddt":"20261031","due":12500,"pt":"BG","acc":"5050-1055"}'
    )
    assert json.loads(paying.code(invoice(amount_due=Decimal("2531.25")), SELLER))["due"] == 2531.25


def test_euro_to_an_iban_have_the_european_code():
    found = paying.code(invoice(currency="EUR"), {**SELLER, "legal_name": "Å" * 80})
    assert found.split("\n") == [
        *("BCD", "002", "1", "SCT", "", "Å" * 70, "SE4550000000058398257466", "EUR12500.00", "", ""),
        invoice().payment_reference,
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": Invoice.Kind.CREDIT_NOTE},
        {"number": None},
        {"issued_at": None},
        {"amount_due": Decimal(0)},
        {"amount_due": Decimal(-5)},
        {"currency": "NOK"},
        {"currency": "EUR", "amount_due": Decimal("1000000000.00")},
    ],
)
def test_there_is_none_where_nothing_is_to_be_paid_or_no_app_reads_it(changes):
    assert paying.code(invoice(**changes), SELLER) == ""


def test_there_is_none_without_the_account_it_is_for():
    assert paying.code(invoice(), {**SELLER, "bankgiro": ""}) == ""
    assert paying.code(invoice(currency="EUR"), {**SELLER, "iban": ""}) == ""


def test_money_goes_to_the_account_of_its_currency():
    assert paying.account(SELLER, "SEK") == ("bankgiro", "5050-1055")
    assert paying.account(SELLER, "EUR") == ("iban", "SE45 5000 0000 0583 9825 7466")
    assert paying.account({**SELLER, "iban": ""}, "EUR") == ("bankgiro", "5050-1055")
    assert paying.account({}, "SEK") is None


@pytest.mark.parametrize("name", ["Nordladdning AB", "Åre Laddning AB", "Zażółć Ładowanie", "東京充電"])
def test_a_reader_finds_the_text_in_the_picture(name):
    """In the bytes of UTF-8, as the code of euro says of itself: of "Åre" readers made something else."""
    text = paying.code(invoice(currency="EUR"), {**SELLER, "legal_name": name})
    assert name in text
    found = zxingcpp.read_barcode(seen(paying.picture(text)))
    assert found is not None
    assert (bytes(found.bytes).decode(), found.ec_level, found.symbology_identifier) == (text, "M", "]Q1")
    assert paying.picture("") == ""


def seen(svg: str) -> Any:
    """What a camera makes of the picture, at four dots a module."""
    side = int(svg.split('viewBox="0 0 ', 1)[1].split(" ", 1)[0])
    shades = np.full((side, side), 255, dtype=np.uint8)
    for x, y, wide in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", svg):
        shades[int(y), int(x) : int(x) + int(wide)] = 0
    return shades.repeat(4, axis=0).repeat(4, axis=1)


def page(rate: str | None, seller: dict[str, Any], **buyer: str) -> dict[str, Any]:
    made = invoice(buyer=DriverIdentity(name="Anna", **buyer), vat=Decimal(0))
    rows = [InvoiceVat(vat_rate=None if rate is None else Decimal(rate), taxable=Decimal(100), vat=Decimal(0))]
    return layout.page(made, seller=seller, lines=[], vat=rows)


@pytest.mark.parametrize(
    ("rate", "seller", "buyer", "told"),
    [
        ("25", {}, {}, []),
        ("0", {}, {"vat_number": "DE136695976"}, ["Omvänd betalningsskyldighet: köparen redovisar momsen."]),
        ("0", {"language": "en"}, {"vat_number": "DE 136695976"}, ["Reverse charge: the buyer accounts for the VAT."]),
        ("0", {"vat_number": ""}, {}, ["Undantag från skatteplikt: säljaren är inte momsregistrerad."]),
        ("0", {}, {"vat_number": "SE556036079301"}, []),
        (None, {}, {}, ["Det som saknar moms ligger utanför momsens tillämpningsområde."]),
    ],
)
def test_the_pdf_says_why_no_vat_is_charged(rate, seller, buyer, told):
    assert page(rate, {**SELLER, **seller}, **buyer)["vat_notes"] == told


def test_the_category_follows_from_the_rate_and_both_numbers():
    found = [
        category(rate, seller="SE556677889901", buyer=buyer)
        for rate, buyer in ((Decimal(25), "DE1"), (Decimal(0), "DE1"), (Decimal(0), "NO1"), (None, "DE1"))
    ]
    assert found == ["S", "AE", "Z", "O"]


def test_the_payment_names_account_and_reference_and_the_footer_all_accounts():
    shown = page("25", SELLER)
    assert ["Bankgiro", "5050-1055"] in shown["payment"]
    assert shown["code"].startswith("<svg")
    assert shown["footer"][1][-2:] == ["Bankgiro 5050-1055", "IBAN SE45 5000 0000 0583 9825 7466"]
    assert shown["footer"][2][-1] == "Godkänd för F-skatt"
