"""A bill as the file that stands in its PDF: Factur-X (UN/CEFACT Cross Industry Invoice), profile EN 16931.

Elements stand in the order that the schemas of Factur-X ask for; what is empty is left out. The same bill gives the
same bytes.
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

_NS: Final = "urn:un:unece:uncefact:data:standard:"
RSM: Final = f"{_NS}CrossIndustryInvoice:100"
RAM: Final = f"{_NS}ReusableAggregateBusinessInformationEntity:100"
UDT, QDT = f"{_NS}UnqualifiedDataType:100", f"{_NS}QualifiedDataType:100"
#: What document it is (BT-24).
PROFILE: Final = "urn:cen.eu:en16931:2017"
#: A day is written as year, month and day in eight digits (UNTDID 2379).
_DAY: Final = "102"


def write(bill: Bill) -> bytes:
    """The document as a file."""
    return bytes(etree.tostring(_document(bill), xml_declaration=True, encoding="UTF-8"))


def _document(bill: Bill) -> Any:
    document = etree.Element(f"{{{RSM}}}CrossIndustryInvoice", nsmap={"rsm": RSM, "ram": RAM, "udt": UDT, "qdt": QDT})
    document.extend(
        [
            _of(RSM, "ExchangedDocumentContext", [_group("GuidelineSpecifiedDocumentContextParameter", _id(PROFILE))]),
            _of(
                RSM,
                "ExchangedDocument",
                [
                    _id(bill.number),
                    _text("TypeCode", bill.type_code),
                    _day("IssueDateTime", bill.issued_on),
                    _group("IncludedNote", _text("Content", bill.text)),
                ],
            ),
            _of(
                RSM,
                "SupplyChainTradeTransaction",
                [
                    *(_line(number, line, bill) for number, line in enumerate(bill.lines, 1)),
                    _agreement(bill),
                    _of(RAM, "ApplicableHeaderTradeDelivery", []),
                    _settlement(bill),
                ],
            ),
        ]
    )
    return document


def _of(space: str, name: str, parts: Iterable[Any]) -> Any:
    element = etree.Element(f"{{{space}}}{name}")
    element.extend([part for part in parts if part is not None])
    return element


def _group(name: str, *parts: Any) -> Any:
    """An element with those parts that there are; None without any."""
    found = [part for part in parts if part is not None]
    return _of(RAM, name, found) if found else None


def _text(name: str, text: str, *, space: str = RAM, **attributes: str) -> Any:
    """An element with a text; None without one."""
    if not text:
        return None
    element = etree.Element(f"{{{space}}}{name}", attrib=attributes)
    element.text = text
    return element


def _id(text: str, **attributes: str) -> Any:
    return _text("ID", text, **attributes)


def _amount(name: str, amount: Decimal, **attributes: str) -> Any:
    return _text(name, f"{amount:.2f}", **attributes)


def _day(name: str, day: date | None, *, space: str = UDT) -> Any:
    if day is None:
        return None
    return _group(name, _text("DateTimeString", f"{day:%Y%m%d}", space=space, format=_DAY))


def _period(first: date, last: date) -> Any:
    return _group("BillingSpecifiedPeriod", _day("StartDateTime", first), _day("EndDateTime", last))


def _agreement(bill: Bill) -> Any:
    return _group(
        "ApplicableHeaderTradeAgreement",
        _text("BuyerReference", bill.buyer_reference),
        _party("SellerTradeParty", bill.seller, bill),
        _party("BuyerTradeParty", bill.buyer, bill),
        _group("BuyerOrderReferencedDocument", _text("IssuerAssignedID", bill.order_number)),
    )


def _party(name: str, party: Party, bill: Bill) -> Any:
    """Seller or buyer. A document outside the scope of VAT names no VAT number (BR-O-02)."""
    is_seller = party is bill.seller
    is_outside = any(row.category == OUTSIDE for row in bill.vat)
    address = party.address
    scheme = {"schemeID": address.scheme} if address else {}
    of_organisation = scheme if address and address.number == party.organisation_number else {}
    trade_name = party.name if party.name != party.legal_name else ""
    return _group(
        name,
        _id(party.number),
        _text("Name", party.legal_name),
        _group(
            "SpecifiedLegalOrganization",
            _id(party.organisation_number, **of_organisation),
            _text("TradingBusinessName", trade_name),
        ),
        _group(
            "DefinedTradeContact",
            _group("TelephoneUniversalCommunication", _text("CompleteNumber", party.phone)),
            _group("EmailURIUniversalCommunication", _text("URIID", party.email)),
        ),
        _group(
            "PostalTradeAddress",
            _text("PostcodeCode", party.postal_code),
            _text("LineOne", party.street),
            _text("CityName", party.city),
            _text("CountryID", party.country),
        ),
        _group("URIUniversalCommunication", _text("URIID", address.number, **scheme)) if address else None,
        _group("SpecifiedTaxRegistration", _id("" if is_outside else party.vat_number, schemeID="VA")),
        _group("SpecifiedTaxRegistration", _id(F_TAX if is_seller and bill.f_tax else "", schemeID="FC")),
    )


def _settlement(bill: Bill) -> Any:
    is_asked = not bill.is_note and bill.due > 0
    return _group(
        "ApplicableHeaderTradeSettlement",
        _text("PaymentReference", bill.payment_reference if is_asked else ""),
        _text("InvoiceCurrencyCode", bill.currency),
        _means(bill) if is_asked else None,
        *(_vat(row) for row in bill.vat),
        _period(bill.first_day, bill.last_day),
        *(_allowance(one) for one in bill.allowances),
        _group("SpecifiedTradePaymentTerms", _text("Description", bill.terms), _day("DueDateDateTime", bill.due_on)),
        _group(
            "SpecifiedTradeSettlementHeaderMonetarySummation",
            _amount("LineTotalAmount", bill.net + bill.allowed),
            _amount("AllowanceTotalAmount", bill.allowed) if bill.allowances else None,
            _amount("TaxBasisTotalAmount", bill.net),
            _amount("TaxTotalAmount", bill.vat_amount, currencyID=bill.currency),
            _amount("RoundingAmount", bill.rounding) if bill.rounding else None,
            _amount("GrandTotalAmount", bill.net + bill.vat_amount),
            _amount("DuePayableAmount", bill.due),
        ),
        _refers_to(bill),
    )


def _allowance(one: Allowance) -> Any:
    return _group(
        "SpecifiedTradeAllowanceCharge",
        _group("ChargeIndicator", _text("Indicator", "false", space=UDT)),
        _amount("ActualAmount", one.amount),
        _text("ReasonCode", DISCOUNT),
        _text("Reason", one.reason),
        _group("CategoryTradeTax", _text("TypeCode", "VAT"), _text("CategoryCode", one.category), _rate(one.rate)),
    )


def _means(bill: Bill) -> Any:
    """How an invoice is paid; nobody pays a credit note."""
    return _group(
        "SpecifiedTradeSettlementPaymentMeans",
        _text("TypeCode", CREDIT_TRANSFER),
        *(_account(bill.account) if bill.account else ()),
    )


def _account(account: Account) -> Iterable[Any]:
    is_giro = account.kind == BANKGIRO
    number = _text("ProprietaryID" if is_giro else "IBANID", account.number)
    yield _group("PayeePartyCreditorFinancialAccount", number)
    if is_giro:
        yield _group("PayeeSpecifiedCreditorFinancialInstitution", _text("BICID", BANKGIRO_BRANCH))


def _refers_to(bill: Bill) -> Any:
    if bill.refers_to is None:
        return None
    number, issued_on = bill.refers_to
    return _group(
        "InvoiceReferencedDocument",
        _text("IssuerAssignedID", number),
        _day("FormattedIssueDateTime", issued_on, space=QDT),
    )


def _vat(row: Vat) -> Any:
    return _group(
        "ApplicableTradeTax",
        _amount("CalculatedAmount", row.amount),
        _text("TypeCode", "VAT"),
        _text("ExemptionReason", row.reason),
        _amount("BasisAmount", row.taxable),
        _text("CategoryCode", row.category),
        _text("ExemptionReasonCode", REASONS.get(row.category, "") if row.reason else ""),
        _rate(row.rate),
    )


def _rate(rate: Decimal | None) -> Any:
    return None if rate is None else _text("RateApplicablePercent", plain(rate))


def _line(number: int, line: Line, bill: Bill) -> Any:
    return _group(
        "IncludedSupplyChainTradeLineItem",
        _group("AssociatedDocumentLineDocument", _text("LineID", str(number))),
        _group("SpecifiedTradeProduct", _text("Name", line.name)),
        _group(
            "SpecifiedLineTradeAgreement",
            _group("NetPriceProductTradePrice", _text("ChargeAmount", plain(line.price))),
        ),
        _group("SpecifiedLineTradeDelivery", _text("BilledQuantity", plain(line.quantity), unitCode=line.unit)),
        _group(
            "SpecifiedLineTradeSettlement",
            _group(
                "ApplicableTradeTax", _text("TypeCode", "VAT"), _text("CategoryCode", line.category), _rate(line.rate)
            ),
            _period(line.first_day, line.last_day),
            _rounding(line, bill),
            _group("SpecifiedTradeSettlementLineMonetarySummation", _amount("LineTotalAmount", line.net)),
        ),
    )


def _rounding(line: Line, bill: Bill) -> Any:
    if not line.rounding:
        return None
    return _group(
        "SpecifiedTradeAllowanceCharge",
        _group("ChargeIndicator", _text("Indicator", "true" if line.rounding > 0 else "false", space=UDT)),
        _amount("ActualAmount", abs(line.rounding)),
        _text("Reason", bill.rounding_reason),
    )
