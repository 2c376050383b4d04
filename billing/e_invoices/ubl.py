"""A bill as UBL 2.1, in the form of Peppol BIS Billing 3.0, or of BIS Self-Billing 3.0: invoice and credit note.

Elements stand in the order that the schemas of UBL ask for; what is empty is left out (PEPPOL-EN16931-R008). The same
bill gives the same bytes.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from billing.documents.categories import OUTSIDE
from billing.documents.paying import BANKGIRO, Account
from billing.e_invoices.bill import (
    BANKGIRO_BRANCH,
    CREDIT_TRANSFER,
    DISCOUNT,
    F_TAX,
    REASONS,
    Allowance,
    Bill,
    Line,
    Party,
    Vat,
    plain,
)

_NS: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
INVOICE, CREDIT_NOTE = f"{_NS}Invoice-2", f"{_NS}CreditNote-2"
CAC, CBC = f"{_NS}CommonAggregateComponents-2", f"{_NS}CommonBasicComponents-2"
#: What document it is (BT-24), and of which process (BT-23); self-billed it is of another one.
CUSTOMIZATION: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
SELF_BILLING: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
SELF_BILLING_PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0"


def write(bill: Bill) -> bytes:
    """The document as a file."""
    return bytes(etree.tostring(_document(bill), xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _document(bill: Bill) -> Any:
    kind, root = ("CreditNote", CREDIT_NOTE) if bill.is_note else ("Invoice", INVOICE)
    names: dict[Any, str] = {None: root, "cac": CAC, "cbc": CBC}
    document = etree.Element(f"{{{root}}}{kind}", nsmap=names)
    parts = [
        _text("CustomizationID", SELF_BILLING if bill.is_self_billed else CUSTOMIZATION),
        _text("ProfileID", SELF_BILLING_PROFILE if bill.is_self_billed else PROFILE),
        _text("ID", bill.number),
        _text("IssueDate", _day(bill.issued_on)),
        *([_text("DueDate", _day(bill.due_on))] if bill.due_on else []),
        _text(f"{kind}TypeCode", bill.type_code),
        _text("Note", bill.text),
        _text("DocumentCurrencyCode", bill.currency),
        _text("BuyerReference", bill.buyer_reference),
        _period(bill.first_day, bill.last_day),
        _group("OrderReference", _text("ID", bill.order_number)),
        _refers_to(bill),
        _group("AccountingSupplierParty", _party(bill.seller, bill, is_seller=True)),
        _group("AccountingCustomerParty", _party(bill.buyer, bill, is_seller=False)),
        _payment(bill),
        _group("PaymentTerms", _text("Note", bill.terms)),
        *(_allowance(one, bill) for one in bill.allowances),
        _tax_total(bill),
        _sums(bill),
        *(_line(number, line, bill, kind) for number, line in enumerate(bill.lines, 1)),
    ]
    document.extend(part for part in parts if part is not None)
    return document


def _text(name: str, text: str, **attributes: str) -> Any:
    """An element with a text; None without one."""
    if not text:
        return None
    element = etree.Element(f"{{{CBC}}}{name}", attrib=attributes)
    element.text = text
    return element


def _group(name: str, *parts: Any) -> Any:
    """An element with those parts that there are; None without any."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    element = etree.Element(f"{{{CAC}}}{name}")
    element.extend(found)
    return element


def _amount(name: str, amount: Decimal, bill: Bill) -> Any:
    return _text(name, f"{amount:.2f}", currencyID=bill.currency)


def _day(day: date) -> str:
    return day.isoformat()


def _period(first: date, last: date) -> Any:
    return _group("InvoicePeriod", _text("StartDate", _day(first)), _text("EndDate", _day(last)))


def _refers_to(bill: Bill) -> Any:
    if bill.refers_to is None:
        return None
    number, issued_on = bill.refers_to
    dated = _text("IssueDate", _day(issued_on)) if issued_on else None
    return _group("BillingReference", _group("InvoiceDocumentReference", _text("ID", number), dated))


def _party(party: Party, bill: Bill, *, is_seller: bool) -> Any:
    """Seller or buyer. A document outside the scope of VAT names no VAT number (BR-O-02)."""
    is_outside = any(row.category == OUTSIDE for row in bill.vat)
    vat_number = "" if is_outside else party.vat_number
    scheme = {"schemeID": party.address.scheme} if party.address else {}
    of_organisation = scheme if party.address and party.address.number == party.organisation_number else {}
    return _group(
        "Party",
        _text("EndpointID", party.address.number, **scheme) if party.address else None,
        _group("PartyIdentification", _text("ID", party.number)),
        _group("PartyName", _text("Name", party.name)),
        _group(
            "PostalAddress",
            _text("StreetName", party.street),
            _text("CityName", party.city),
            _text("PostalZone", party.postal_code),
            _group("Country", _text("IdentificationCode", party.country)),
        ),
        _tax_scheme(vat_number, "VAT"),
        _tax_scheme(F_TAX if is_seller and bill.f_tax else "", "TAX"),
        _group(
            "PartyLegalEntity",
            _text("RegistrationName", party.legal_name),
            _text("CompanyID", party.organisation_number, **of_organisation),
        ),
        _group("Contact", _text("Telephone", party.phone), _text("ElectronicMail", party.email)),
    )


def _tax_scheme(number: str, scheme: str) -> Any:
    return (
        _group("PartyTaxScheme", _text("CompanyID", number), _group("TaxScheme", _text("ID", scheme)))
        if number
        else None
    )


def _payment(bill: Bill) -> Any:
    """How an invoice is paid; nobody pays a credit note, and who writes a self-billed one knows how it pays."""
    if bill.is_note or bill.is_self_billed or bill.due <= 0:
        return None
    return _group(
        "PaymentMeans",
        _text("PaymentMeansCode", CREDIT_TRANSFER),
        _text("PaymentID", bill.payment_reference),
        _account(bill.account) if bill.account else None,
    )


def _account(account: Account) -> Any:
    branch = _text("ID", BANKGIRO_BRANCH) if account.kind == BANKGIRO else None
    return _group("PayeeFinancialAccount", _text("ID", account.number), _group("FinancialInstitutionBranch", branch))


def _allowance(one: Allowance, bill: Bill) -> Any:
    return _group(
        "AllowanceCharge",
        _text("ChargeIndicator", "false"),
        _text("AllowanceChargeReasonCode", DISCOUNT),
        _text("AllowanceChargeReason", one.reason),
        _amount("Amount", one.amount, bill),
        _category("TaxCategory", one.category, one.rate),
    )


def _tax_total(bill: Bill) -> Any:
    return _group("TaxTotal", _amount("TaxAmount", bill.vat_amount, bill), *(_tax_row(row, bill) for row in bill.vat))


def _tax_row(row: Vat, bill: Bill) -> Any:
    return _group(
        "TaxSubtotal",
        _amount("TaxableAmount", row.taxable, bill),
        _amount("TaxAmount", row.amount, bill),
        _category("TaxCategory", row.category, row.rate, row.reason),
    )


def _category(name: str, category: str, rate: Decimal | None, reason: str = "") -> Any:
    return _group(
        name,
        _text("ID", category),
        _text("Percent", plain(rate)) if rate is not None else None,
        _text("TaxExemptionReasonCode", REASONS.get(category, "") if reason else ""),
        _text("TaxExemptionReason", reason),
        _group("TaxScheme", _text("ID", "VAT")),
    )


def _sums(bill: Bill) -> Any:
    return _group(
        "LegalMonetaryTotal",
        _amount("LineExtensionAmount", bill.net + bill.allowed, bill),
        _amount("TaxExclusiveAmount", bill.net, bill),
        _amount("TaxInclusiveAmount", bill.net + bill.vat_amount, bill),
        _amount("AllowanceTotalAmount", bill.allowed, bill) if bill.allowances else None,
        _amount("PayableRoundingAmount", bill.rounding, bill) if bill.rounding else None,
        _amount("PayableAmount", bill.due, bill),
    )


def _line(number: int, line: Line, bill: Bill, kind: str) -> Any:
    quantity = "CreditedQuantity" if bill.is_note else "InvoicedQuantity"
    return _group(
        f"{kind}Line",
        _text("ID", str(number)),
        _text(quantity, plain(line.quantity), unitCode=line.unit),
        _amount("LineExtensionAmount", line.net, bill),
        _period(line.first_day, line.last_day),
        *_rounding(line, bill),
        _group(
            "Item",
            _text("Name", line.name),
            _category("ClassifiedTaxCategory", line.category, line.rate),
        ),
        _group("Price", _text("PriceAmount", plain(line.price), currencyID=bill.currency)),
    )


def _rounding(line: Line, bill: Bill) -> Iterable[Any]:
    if line.rounding:
        yield _group(
            "AllowanceCharge",
            _text("ChargeIndicator", "true" if line.rounding > 0 else "false"),
            _text("AllowanceChargeReason", bill.rounding_reason),
            _amount("Amount", abs(line.rounding), bill),
        )
