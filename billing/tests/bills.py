"""Bills for the tests of e-invoices, made without a database."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing.documents.paying import Account
from billing.e_invoices.addresses import Address
from billing.e_invoices.bill import Allowance, Bill, Line, Party, Vat

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
D = Decimal

SELLER = Party(
    address=Address("0007", "5560160680"),
    number="",
    name="Laddåkern",
    legal_name="Laddåkern AB",
    organisation_number="5560160680",
    vat_number="SE556016068001",
    street="Kajen 1",
    city="Göteborg",
    postal_code="411 01",
    country="SE",
    email="faktura@laddakern.example",
    phone="031-10 20 30",
)
BUYER = Party(
    address=Address("0007", "5560360793"),
    number="1001",
    name="Åkeri & Söner AB",
    legal_name="Åkeri & Söner AB",
    organisation_number="5560360793",
    vat_number="SE556036079301",
    street="Ringvägen 3",
    city="Stockholm",
    postal_code="118 60",
    country="SE",
    email="",
    phone="",
)


def line(net: str, *, quantity: str = "1", price: str | None = None, rate: str | None = "25", **facts: Any) -> Line:
    values: dict[str, Any] = {
        "name": "Energi · Dag",
        "quantity": D(quantity),
        "unit": "KWH",
        "price": D(price or net),
        "net": D(net),
        "rounding": D(0),
        "category": "S",
        "rate": None if rate is None else D(rate),
        "first_day": FIRST,
        "last_day": LAST,
    }
    return Line(**{**values, **facts})


def bill(**changes: Any) -> Bill:
    """An invoice of two rates, with a line that says what rounding each session came to, and whole kronor."""
    made = Bill(
        is_note=False,
        number="F17",
        issued_on=date(2026, 11, 2),
        due_on=date(2026, 12, 2),
        currency="SEK",
        text="Laddning under oktober 2026",
        buyer_reference="Kostnadsställe 410",
        order_number="4500017",
        first_day=FIRST,
        last_day=LAST,
        refers_to=None,
        seller=SELLER,
        buyer=BUYER,
        f_tax=True,
        account=Account("bankgiro", "50501055"),
        payment_reference="174",
        terms="",
        rounding_reason="Avrundning av varje laddning",
        lines=[
            line("2000.10", quantity="1000", price="2", rounding=D("0.10")),
            line("50.00", quantity="10", price="5", unit="C62", name="Startavgift · Dag"),
            line("10.00", rate="12", unit="C62", name="Kaffe"),
        ],
        allowances=[],
        vat=[Vat("S", D(25), D("2050.10"), D("512.53"), ""), Vat("S", D(12), D("10.00"), D("1.20"), "")],
        net=D("2060.10"),
        vat_amount=D("513.73"),
        rounding=D("0.17"),
        due=D("2574.00"),
    )
    return replace(made, **changes)


def note() -> Bill:
    """A credit note of a part."""
    return bill(
        is_note=True,
        number="F18",
        due_on=None,
        refers_to=("F17", date(2026, 11, 2)),
        terms="Du behöver inte betala faktura F17.",
        lines=[line("50.00", quantity="10", price="5", unit="C62")],
        vat=[Vat("S", D(25), D("50.00"), D("12.50"), "")],
        net=D("50.00"),
        vat_amount=D("12.50"),
        rounding=D(0),
        due=D("62.50"),
    )


def discounted() -> Bill:
    """An invoice with a tenth off its energy."""
    return bill(
        lines=[line("2000.00", quantity="1000", price="2"), *bill().lines[1:]],
        allowances=[Allowance("Stamkund 10 %", D("200.00"), "S", D(25))],
        vat=[Vat("S", D(25), D("1850.00"), D("462.50"), ""), Vat("S", D(12), D("10.00"), D("1.20"), "")],
        net=D("1860.00"),
        vat_amount=D("463.70"),
        rounding=D("0.30"),
        due=D("2324.00"),
    )


def without_vat(category: str, reason: str = "", **changes: Any) -> Bill:
    """An invoice without VAT, of one category."""
    rate = None if category == "O" else "0"
    return bill(
        lines=[line("100.00", rate=rate, category=category)],
        vat=[Vat(category, None if rate is None else D(rate), D("100.00"), D(0), reason)],
        net=D("100.00"),
        vat_amount=D(0),
        rounding=D(0),
        due=D("100.00"),
        **changes,
    )


def reverse() -> Bill:
    """One that its buyer in Germany accounts for."""
    german = replace(BUYER, country="DE", vat_number="DE136695976", address=Address("9930", "DE136695976"))
    return without_vat("AE", "Omvänd betalningsskyldighet", buyer=german)


def zero() -> Bill:
    """One at 0 %."""
    return without_vat("Z")


def exempt() -> Bill:
    """One of a seller that is not registered for VAT."""
    return without_vat("E", "Undantag från skatteplikt", seller=replace(SELLER, vat_number=""))


def by_iban() -> Bill:
    """One in euro, paid by IBAN."""
    return without_vat("Z", currency="EUR", account=Account("iban", "SE4550000000058398257466"))


def by_gln() -> Bill:
    """One to a department that is found by its own number."""
    return bill(buyer=replace(BUYER, address=Address("0088", "7300009000005")))


def outside() -> Bill:
    """One outside the scope of VAT."""
    return without_vat("O", "Utanför momsens tillämpningsområde")


def mixed() -> Bill:
    """An ordinary one with a fee outside the scope of VAT, as no e-invoice may be."""
    made = bill()
    return bill(
        lines=[*made.lines, line("10.00", rate=None, category="O")],
        vat=[*made.vat, Vat("O", None, D("10.00"), D(0), "Utanför momsens tillämpningsområde")],
        net=made.net + 10,
        due=made.due + 10,
    )
