"""A made-up document between a seller and a buyer, to tell before there is a real one what its e-invoice would lack."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing.documents.writer import Seller
from billing.e_invoices import bill
from billing.e_invoices.bill import Bill
from billing.models import BilledFee, Invoice, InvoiceLine, InvoiceVat
from tenants.models import Account, DriverIdentity


def of(seller: Seller, buyer: DriverIdentity, *, at: datetime) -> Bill:
    """One line at the Swedish rate."""
    day, net, vat = at.astimezone(UTC).date(), Decimal(100), Decimal(25)
    priced: dict[str, Any] = {"vat_rate": vat}
    invoice = Invoice(
        state=Invoice.State.ISSUED,
        account=Account(kind=Account.Kind.COMPANY, customer_number="1"),
        buyer=buyer,
        number=1,
        month=day.replace(day=1),
        currency="SEK",
        amount_excl_vat=net,
        vat=vat,
        amount_due=net + vat,
        drafted_at=at,
        issued_at=at,
        due_on=day,
    )
    fee = BilledFee(text="1", first_day=day, last_day=day)
    line = InvoiceLine(
        fee=fee, component="ONCE", quantity=Decimal(1), unit="1", unit_price=net, amount_excl_vat=net, **priced
    )
    return bill.of(invoice, seller=seller, lines=[line], vat=[InvoiceVat(taxable=net, vat=vat, **priced)])
