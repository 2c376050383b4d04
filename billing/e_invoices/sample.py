"""A made-up document between a seller and a buyer, to tell before there is a real one what its e-invoice would lack."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing.documents.writer import Seller
from billing.e_invoices import bill
from billing.e_invoices.bill import Bill
from billing.models import BilledFee, HostContract, HostMonth, HostStatement, Invoice, InvoiceLine, InvoiceVat
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


def of_host(buyer: Seller, contract: HostContract, *, at: datetime) -> Bill:
    """One month of a host at the Swedish rate, or without VAT where the contract has none."""
    day, net = at.astimezone(UTC).date(), Decimal(100)
    rate = Decimal(25) if contract.vat_country or contract.vat_rate else None
    vat = Decimal(25) if rate else Decimal(0)
    month = day.replace(day=1)
    statement = HostStatement(
        contract=contract,
        host=contract.account.identity,
        customer_number="1",
        buyer=buyer,
        number=1,
        month=month,
        currency="SEK",
        amount=net,
        payout=net,
        vat_rate=rate,
        vat=vat,
        total=net + vat,
        drafted_at=at,
        closed_at=at,
        due_on=day,
    )
    return bill.of_statement(statement, [HostMonth(month=month, amount=net)])
