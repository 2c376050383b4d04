"""E-invoices: the one that is kept of a document, and what would keep a document from being one."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.e_invoices import bill, checks, sample, ubl
from billing.e_invoices.addresses import BY_ORGANISATION, BY_VAT
from billing.e_invoices.bill import Bill
from billing.e_invoices.rules import About, Fault
from billing.models import EInvoice, HostContract, HostStatement, Invoice, InvoiceVat
from billing.selectors import credits, invoices, sellers
from tenants import sealed_content
from tenants.models import Account, DriverIdentity, Operator
from tenants.selectors.search import among

_WITHOUT_REFERENCE: Final = Q(identity__buyer_reference="", identity__order_number="")
_BY_ORGANISATION: Final = Q(identity__country__in=[*BY_ORGANISATION])
_SWEDISH_RATES: Final = (0, 6, 12, 25)


def lacking(rows: QuerySet[Account]) -> QuerySet[Account]:
    """Those of the accounts whose particulars lack what an e-invoice needs, as `checks` would say of the file.

    A reference or order number, and an address in the network. The numbers that make one lie sealed: those of VAT are
    opened, where the country's do.
    """
    by_number = _BY_ORGANISATION & Q(identity__organisation_number="") | ~_BY_ORGANISATION & Q(identity__vat_number="")
    others = rows.exclude(_BY_ORGANISATION).filter(identity__gln="").exclude(identity__vat_number="")
    numbers = others.values_list("pk", "identity__vat_number")
    unknown = [pk for pk, number in numbers if not str(number).startswith(tuple(BY_VAT))]
    return rows.filter(_WITHOUT_REFERENCE | Q(identity__gln="") & by_number | among("pk", unknown))


def cannot_be_one(operator: Operator) -> Q:
    """Of an invoice: its rates or currency keep it from being an e-invoice, whoever sells and buys."""
    rates = InvoiceVat.objects.filter(invoice=OuterRef("pk"))
    is_mixed = Q(Exists(rates.filter(vat_rate=None)), Exists(rates.exclude(vat_rate=None)))
    if operator.country != "SE":
        return is_mixed
    abroad = ~Q(currency="SEK") & Exists(rates.filter(vat_rate__gt=0))
    return is_mixed | abroad | Exists(rates.exclude(vat_rate=None).exclude(vat_rate__in=_SWEDISH_RATES))


#: What may leave as an e-invoice: an issued invoice or credit note, or a self-billed statement to a host.
Document = Invoice | HostStatement


def of(document: Document) -> dict[str, Any]:
    """The document as a row names it (`EInvoice`, `Sending`)."""
    return {"statement" if isinstance(document, HostStatement) else "invoice": document}


def kept(document: Document) -> bytes | None:
    """The e-invoice of a document, if it has been made."""
    row = EInvoice.objects.filter(**of(document)).first()
    return sealed_content.unseal(bytes(row.xml), about=about(document)) if row else None


def about(document: Document) -> str:
    """What an e-invoice is sealed as."""
    return f"{'e_statement' if isinstance(document, HostStatement) else 'e_invoice'}:{document.pk}"


def written(document: Document) -> bytes:
    """The document as an e-invoice, whatever it lacks; an invoice with its buyer, account and what it refers to."""
    if isinstance(document, HostStatement):
        return ubl.write(bill.of_statement(document, document.months.order_by("month")))
    return ubl.write(_of_invoice(document))


def _of_invoice(invoice: Invoice) -> Bill:
    left = credits.left(invoice.credits, up_to=invoice).amount_due if invoice.credits else Decimal(0)
    return bill.of(
        invoice,
        seller=invoice.seller,
        lines=invoices.lines(invoice, with_terms=True),
        vat=list(invoice.vat_rows.all()),
        left=left,
    )


def of_buyer(account: Account, operator: Operator, *, at: datetime) -> list[Fault]:
    """What the particulars of an account that gets e-invoices lack for them; nothing of one that gets none."""
    if account.delivery != Account.Delivery.E_INVOICE or account.identity is None:
        return []
    return _about(About.BUYER, operator, account.identity, at=at)


def of_host(contract: HostContract, operator: Operator, *, at: datetime) -> list[Fault]:
    """What the particulars of a host lack for self-billing by e-invoice; nothing of one that gets none.

    contract: with its account and their identity.
    """
    account = contract.account
    if not contract.is_self_billed or account.delivery != Account.Delivery.E_INVOICE or account.identity is None:
        return []
    xml = ubl.write(sample.of_host(sellers.seller(operator), contract, at=at))
    return [fault for fault in checks.faults(xml) if fault.about is About.SELLER]


def of_seller(operator: Operator, *, at: datetime) -> list[Fault]:
    """What the operator's particulars lack for e-invoices; nothing where no account gets any."""
    if not Account.objects.filter(delivery=Account.Delivery.E_INVOICE, is_active=True).exists():
        return []
    return _about(About.SELLER, operator, DriverIdentity(), at=at)


def _about(whose: About, operator: Operator, buyer: DriverIdentity, *, at: datetime) -> list[Fault]:
    xml = ubl.write(sample.of(sellers.seller(operator), buyer, at=at))
    return [fault for fault in checks.faults(xml) if fault.about is whose]
