"""A made-up invoice of an operator, to see how its documents look: one row, one rate, nobody real."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing.documents import layout
from billing.documents.writer import Seller, Writer
from billing.models import Invoice, InvoiceVat, Letterhead
from tenants.models import Account, DriverIdentity


def page(seller: Seller, look: Letterhead | None, *, at: datetime) -> dict[str, Any]:
    """The page model of the sample."""
    writer = Writer(str(seller.get("language", "")))
    net, vat = Decimal(100), Decimal(25)
    invoice = Invoice(
        kind=Invoice.Kind.INVOICE,
        state=Invoice.State.DRAFT,
        account=Account(kind=Account.Kind.PRIVATE),
        buyer=DriverIdentity(name="Anna Andersson", street="Storgatan 1", postal_code="123 45", city="Storstad"),
        customer_number="1001",
        month=at.astimezone(UTC).date().replace(day=1),
        currency="SEK",
        amount_excl_vat=net,
        vat=vat,
        amount_due=net + vat,
        session_count=2,
        energy_wh=50_000,
    )
    rows = [InvoiceVat(vat_rate=Decimal(25), taxable=net, vat=vat)]
    shown = layout.page(invoice, seller=seller, lines=[], vat=rows, look=look)
    price = Decimal(2)
    row = [
        writer.words["ENERGY"],
        writer.quantity(Decimal(50), "kWh"),
        writer.price(price),
        writer.price(Decimal("2.5")),
        writer.rate(vat),
        writer.amount(net),
    ]
    return shown | {"summary": [row]}
