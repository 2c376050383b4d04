"""Whether a written e-invoice meets the rules: asked of the file, sharing nothing with what wrote it.

A `Check` names where a rule is asked, what must hold there, and whose particulars are at fault where it does not. Where
a book allows a tolerance that hides a fault, ours is narrower.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final

from babel import Locale
from lxml import etree
from stdnum import ean, luhn

from billing.domain import money
from billing.domain.errors import MoneyError
from billing.e_invoices.rules import About, Fault, Rule

Node = Any
_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:Common"
NAMES: Final = {"cac": f"{_UBL}AggregateComponents-2", "cbc": f"{_UBL}BasicComponents-2"}
SPECIFICATION: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
SELF_BILLING: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
#: The process of each specification, and the types of its invoice and its credit note.
PROCESSES: Final = {
    SPECIFICATION: "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
    SELF_BILLING: "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0",
}
INVOICES: Final = {SPECIFICATION: "380", SELF_BILLING: "389"}
CREDIT_NOTES: Final = {SPECIFICATION: "381", SELF_BILLING: "261"}


@dataclass(frozen=True, slots=True)
class Check:
    """At each node of the path, `holds` must be true."""

    rule: Rule
    about: About
    path: str
    holds: Callable[[Node], bool]


def faults(xml: bytes) -> list[Fault]:
    """What is wrong with a written document, in the order of the rules; each rule once for each it is about."""
    found: dict[tuple[Rule, About], Fault] = {}
    for check, node in _broken(xml, CHECKS):
        fault = Fault(check.rule, check.about, _own_text(node), _line_of(node))
        found.setdefault((check.rule, check.about), fault)
    return list(found.values())


def meets_standard(xml: bytes) -> bool:
    """Whether a written document breaks no rule of EN 16931 itself."""
    return next(_broken(xml, OF_STANDARD), None) is None


def _broken(xml: bytes, checks: Iterable[Check]) -> Iterator[tuple[Check, Node]]:
    """Those of the checks that do not hold, each with the first node where it does not."""
    root = etree.fromstring(xml, _parser())
    places: dict[str, list[Node]] = {}  # many are asked of the same
    for check in checks:
        nodes = places.get(check.path)
        if nodes is None:
            nodes = places[check.path] = _all(root, check.path)
        broken = next((node for node in nodes if not _holds(check, node)), None)
        if broken is not None:
            yield check, broken


def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)


def _holds(check: Check, node: Node) -> bool:
    try:
        return check.holds(node)
    except (InvalidOperation, MoneyError):  # no number, or no currency, where one must stand
        return False


@cache
def _compiled(path: str) -> Any:
    return etree.XPath(path, namespaces=NAMES)


def _all(node: Node, path: str) -> list[Node]:
    return list(_compiled(path)(node))


def _own_text(node: Node) -> str:
    return (node.text or "").strip() if len(node) == 0 else ""


def _line_of(node: Node) -> str:
    return _text(node, "(ancestor-or-self::cac:InvoiceLine|ancestor-or-self::cac:CreditNoteLine)/cbc:ID")


def _text(node: Node, path: str) -> str:
    return next((_own_text(found) for found in _all(node, path)), "")


def _number(node: Node, path: str) -> Decimal:
    return Decimal(_text(node, path) or 0)


def _sum(node: Node, path: str) -> Decimal:
    return sum((Decimal(_own_text(found)) for found in _all(node, path)), Decimal(0))


def _has(path: str) -> Callable[[Node], bool]:
    return lambda node: bool(_text(node, path))


def _has_no(path: str) -> Callable[[Node], bool]:
    return lambda node: not _all(node, path)


def _is(pattern: str) -> Callable[[Node], bool]:
    meant = re.compile(pattern, re.ASCII)
    return lambda node: meant.fullmatch(_own_text(node)) is not None


def _never(_node: Node) -> bool:
    return False


SELLER, BUYER = "cac:AccountingSupplierParty/cac:Party", "cac:AccountingCustomerParty/cac:Party"
LINE, ROW, SUMS = "cac:InvoiceLine|cac:CreditNoteLine", "cac:TaxTotal/cac:TaxSubtotal", "cac:LegalMonetaryTotal"
_LINES = "*[self::cac:InvoiceLine or self::cac:CreditNoteLine]"
_SWEDE = f"{SELLER}[cac:PostalAddress/cac:Country/cbc:IdentificationCode='SE']"
_VAT = "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID='VAT']/cbc:CompanyID"
_DISCOUNT = "cac:AllowanceCharge[cbc:ChargeIndicator='false']"
_VAT_LINE = "cac:Item/cac:ClassifiedTaxCategory"
_COUNTRY = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"
_GIRO = "cac:PaymentMeans/cac:PayeeFinancialAccount[cac:FinancialInstitutionBranch/cbc:ID='SE:BANKGIRO']/cbc:ID"
_REASONS = "cac:TaxCategory/cbc:TaxExemptionReason|cac:TaxCategory/cbc:TaxExemptionReasonCode"
_DAYS = "//cbc:IssueDate|//cbc:DueDate|//cbc:StartDate|//cbc:EndDate"
_UNITS = frozenset(("KWH", "HUR", "MIN", "DAY", "MON", "ANN", "C62"))


def _rows(category: str) -> str:
    return f"{ROW}[cac:TaxCategory/cbc:ID='{category}']"


def _lines(category: str) -> str:
    return f"{_LINES}[{_VAT_LINE}/cbc:ID='{category}']"


def _rate(node: Node, path: str) -> Decimal | None:
    written = _text(node, f"{path}/cbc:Percent")
    return Decimal(written) if written else None


def _base(row: Node) -> bool:
    """The base of a rate is the sum of its lines less its discounts, exactly."""
    category, rate = _text(row, "cac:TaxCategory/cbc:ID"), _rate(row, "cac:TaxCategory")
    lines = _all(row, f"/*/{_lines(category)}")
    net = sum(
        (_number(line, "cbc:LineExtensionAmount") for line in lines if _rate(line, _VAT_LINE) == rate), Decimal(0)
    )
    taken_off = sum(
        (
            _number(one, "cbc:Amount")
            for one in _all(row, f"/*/{_DISCOUNT}[cac:TaxCategory/cbc:ID='{category}']")
            if _rate(one, "cac:TaxCategory") == rate
        ),
        Decimal(0),
    )
    return net - taken_off == _number(row, "cbc:TaxableAmount")


def _vat_is_rate(row: Node) -> bool:
    """VAT is base times rate; on a credit note within a coin, so that parts of an invoice end at zero."""
    exact = _number(row, "cbc:TaxableAmount") * _number(row, "cac:TaxCategory/cbc:Percent") / 100
    digits = money.minor_digits(_text(row, "/*/cbc:DocumentCurrencyCode"))
    coin = Decimal(1).scaleb(-min(digits, 2)) if _all(row, "/*/cbc:CreditNoteTypeCode") else Decimal(0)
    return abs(_number(row, "cbc:TaxAmount") - money.round_half_up(exact, min(digits, 2))) <= coin


def _is_product(line: Node) -> bool:
    quantity = _number(line, "cbc:InvoicedQuantity|cbc:CreditedQuantity")
    charged = _sum(line, "cac:AllowanceCharge[cbc:ChargeIndicator='true']/cbc:Amount")
    allowed = _sum(line, "cac:AllowanceCharge[cbc:ChargeIndicator='false']/cbc:Amount")
    comes = quantity * _number(line, "cac:Price/cbc:PriceAmount") + charged - allowed
    return abs(_number(line, "cbc:LineExtensionAmount") - comes) <= Decimal("0.02")


def _rows_of(category: str) -> Callable[[Node], bool]:
    """Where a line has the category, one row of VAT has it, of the same rate."""

    def holds(line: Node) -> bool:
        rate = _rate(line, _VAT_LINE)
        found = [row for row in _all(line, f"/*/{_rows(category)}") if _rate(row, "cac:TaxCategory") == rate]
        return len(found) == 1

    return holds


def _within(line_day: str, *, is_later: bool) -> Callable[[Node], bool]:
    def holds(line: Node) -> bool:
        day, bound = (
            _text(line, f"cac:InvoicePeriod/cbc:{line_day}"),
            _text(line, f"/*/cac:InvoicePeriod/cbc:{line_day}"),
        )
        return not day or not bound or (day >= bound if is_later else day <= bound)

    return holds


def _forward(period: Node) -> bool:
    start, end = _text(period, "cbc:StartDate"), _text(period, "cbc:EndDate")
    return not start or not end or start <= end


def _is_swedish_number(node: Node) -> bool:
    number = _own_text(node)
    return len(number) == 10 and number.isascii() and number.isdecimal() and bool(luhn.is_valid(number))


def _is_gln(node: Node) -> bool:
    number = _own_text(node)
    return len(number) == 13 and bool(ean.is_valid(number))


def _has_right_check_digit(node: Node) -> bool:
    """Of a number of another shape other rules speak."""
    number = _own_text(node)
    return not re.fullmatch(r"\d{10}", number, re.ASCII) or bool(luhn.is_valid(number))


def _states_country(node: Node) -> bool:
    return _own_text(node)[:2] in _countries() | {"EL", "XI"}


@cache
def _countries() -> frozenset[str]:
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


@cache
def _currencies() -> frozenset[str]:
    return frozenset(Locale("en").currencies)


def _numbers_for_reverse(root: Node) -> bool:
    """A buyer who accounts for the VAT has a number to do it under, and so has the seller."""
    of_buyer = _text(root, f"{BUYER}/{_VAT}")
    return bool(of_buyer and _text(root, f"{SELLER}/{_VAT}"))


def _specified(root: Node) -> str:
    return _text(root, "/*/cbc:CustomizationID")


def _is_of_its_process(root: Node) -> bool:
    """A process of the document's specification; of one that is not known another rule speaks."""
    process, meant = _text(root, "cbc:ProfileID"), PROCESSES.get(_specified(root))
    return process == meant if meant else process in PROCESSES.values()


def _is_type(types: Mapping[str, str]) -> Callable[[Node], bool]:
    return lambda node: _own_text(node) == types.get(_specified(node), types[SPECIFICATION])


def _refers(root: Node) -> bool:
    return bool(_text(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"))


def _checks() -> Iterable[Check]:
    seller, buyer, document = About.SELLER, About.BUYER, About.DOCUMENT
    rule = Rule
    yield Check(rule.SPECIFICATION, document, ".", lambda root: _specified(root) in PROCESSES)
    yield Check(rule.PROFILE, document, ".", _is_of_its_process)
    yield Check(rule.NUMBER, document, ".", _has("cbc:ID"))
    yield Check(rule.DATE, document, ".", _has("cbc:IssueDate"))
    yield Check(rule.DATE_FORM, document, _DAYS, _is(r"\d{4}-\d\d-\d\d"))
    yield Check(rule.INVOICE_TYPE, document, "cbc:InvoiceTypeCode", _is_type(INVOICES))
    yield Check(rule.CREDIT_NOTE_TYPE, document, "cbc:CreditNoteTypeCode", _is_type(CREDIT_NOTES))
    yield Check(rule.CURRENCY, document, ".", _has("cbc:DocumentCurrencyCode"))
    yield Check(rule.CURRENCY_CODE, document, "cbc:DocumentCurrencyCode", lambda node: _own_text(node) in _currencies())
    yield Check(
        rule.ONE_CURRENCY,
        document,
        "//*[@currencyID]",
        lambda node: node.get("currencyID") == _text(node, "/*/cbc:DocumentCurrencyCode"),
    )
    yield Check(
        rule.VAT_IN_CROWNS,
        document,
        f"self::*[{_SWEDE}/{_VAT}[starts-with(., 'SE')]][cbc:DocumentCurrencyCode!='SEK'][{_rows('S')}]",
        lambda root: _text(root, "cbc:TaxCurrencyCode") == "SEK",
    )
    yield Check(rule.ONE_NOTE, document, ".", lambda root: len(_all(root, "cbc:Note")) <= 1)
    yield Check(rule.NOTHING_EMPTY, document, "//*[not(*)]", lambda node: bool(_own_text(node)))
    yield Check(rule.PERIOD_FORWARD, document, "cac:InvoicePeriod", _forward)
    yield Check(rule.LINE_PERIOD_FORWARD, document, f"{_LINES}/cac:InvoicePeriod", _forward)
    yield Check(rule.LINE_PERIOD_START, document, LINE, _within("StartDate", is_later=True))
    yield Check(rule.LINE_PERIOD_END, document, LINE, _within("EndDate", is_later=False))
    yield Check(
        rule.CREDITS, document, "self::*[cbc:CreditNoteTypeCode]", lambda root: bool(_all(root, "cac:BillingReference"))
    )
    yield Check(rule.REFERS_BY_NUMBER, document, "self::*[cac:BillingReference]", _refers)
    yield from _of_seller(seller)
    yield from _of_buyer(buyer)
    yield from _of_payment(seller)
    yield from _of_lines(document)
    yield from _of_sums(document)
    yield from _of_vat(document)
    yield from _of_decimals(document)


def _of_seller(about: About) -> Iterable[Check]:
    rule, number = Rule, f"{_SWEDE}/cac:PartyLegalEntity/cbc:CompanyID"
    swedish_vat = f"{_SWEDE}/{_VAT}[starts-with(., 'SE')]"
    yield Check(rule.SELLER_NAME, about, SELLER, _has("cac:PartyLegalEntity/cbc:RegistrationName"))
    yield Check(rule.SELLER_COUNTRY, about, SELLER, _has(_COUNTRY))
    yield Check(rule.COUNTRY_CODE, about, f"{SELLER}/{_COUNTRY}", lambda node: _own_text(node) in _countries())
    yield Check(rule.SELLER_ADDRESS, about, SELLER, _has("cbc:EndpointID"))
    yield Check(rule.SELLER_SCHEME, about, f"{SELLER}/cbc:EndpointID", lambda node: bool(node.get("schemeID")))
    yield Check(rule.SWEDISH_ADDRESS, about, f"{SELLER}/cbc:EndpointID[@schemeID='0007']", _is_swedish_number)
    yield Check(rule.GLN_ADDRESS, about, f"{SELLER}/cbc:EndpointID[@schemeID='0088']", _is_gln)
    yield Check(
        rule.SELLER_KNOWN,
        about,
        SELLER,
        lambda party: _has("cac:PartyLegalEntity/cbc:CompanyID")(party) or _has(_VAT)(party),
    )
    yield Check(rule.SELLER_VAT_STANDARD, about, f"self::*[{_lines('S')}]/{SELLER}", _has(_VAT))
    yield Check(rule.SELLER_VAT_ZERO, about, f"self::*[{_lines('Z')}]/{SELLER}", _has(_VAT))
    any_tax = _has("cac:PartyTaxScheme/cbc:CompanyID")
    yield Check(rule.SELLER_EXEMPT, about, f"self::*[{_lines('E')}]/{SELLER}", any_tax)
    yield Check(rule.VAT_NUMBER_COUNTRY, about, f"{SELLER}/{_VAT}", _states_country)
    yield Check(rule.VAT_NUMBER_LENGTH, about, swedish_vat, _is(r".{14}"))
    yield Check(rule.VAT_NUMBER_DIGITS, about, swedish_vat, _is(r"..\d*"))
    yield Check(rule.ORGANISATION_DIGITS, about, number, _is(r"\d*"))
    yield Check(rule.ORGANISATION_LENGTH, about, number, _is(r".{10}"))
    yield Check(rule.ORGANISATION_CHECK, about, number, _has_right_check_digit)
    other_tax = f"{_SWEDE}/cac:PartyTaxScheme[cac:TaxScheme/cbc:ID!='VAT']/cbc:CompanyID"
    yield Check(rule.F_TAX, about, other_tax, _is("Godkänd för F-skatt"))
    swedish_lines = f"self::*[{swedish_vat}]/{_lines('S')}/{_VAT_LINE}/cbc:Percent"
    yield Check(rule.SWEDISH_RATES, About.DOCUMENT, swedish_lines, lambda node: Decimal(_own_text(node)) in (25, 12, 6))


def _of_buyer(about: About) -> Iterable[Check]:
    rule = Rule
    yield Check(rule.BUYER_NAME, about, BUYER, _has("cac:PartyLegalEntity/cbc:RegistrationName"))
    yield Check(rule.BUYER_COUNTRY, about, BUYER, _has(_COUNTRY))
    yield Check(rule.COUNTRY_CODE, about, f"{BUYER}/{_COUNTRY}", lambda node: _own_text(node) in _countries())
    yield Check(rule.BUYER_ADDRESS, about, BUYER, _has("cbc:EndpointID"))
    yield Check(rule.BUYER_SCHEME, about, f"{BUYER}/cbc:EndpointID", lambda node: bool(node.get("schemeID")))
    yield Check(rule.SWEDISH_ADDRESS, about, f"{BUYER}/cbc:EndpointID[@schemeID='0007']", _is_swedish_number)
    yield Check(rule.GLN_ADDRESS, about, f"{BUYER}/cbc:EndpointID[@schemeID='0088']", _is_gln)
    yield Check(rule.VAT_NUMBER_COUNTRY, about, f"{BUYER}/{_VAT}", _states_country)
    yield Check(
        rule.REFERENCE, about, ".", lambda root: bool(_text(root, "cbc:BuyerReference|cac:OrderReference/cbc:ID"))
    )
    yield Check(rule.REVERSE_NUMBERS, about, f"self::*[{_lines('AE')}]", _numbers_for_reverse)
    of_both = f"{SELLER}/{_VAT}|{BUYER}/{_VAT}"
    yield Check(rule.OUTSIDE_NO_NUMBERS, About.DOCUMENT, f"self::*[{_lines('O')}]", _has_no(of_both))


def _of_payment(about: About) -> Iterable[Check]:
    rule, means = Rule, "cac:PaymentMeans"
    yield Check(rule.PAYMENT_CODE, About.DOCUMENT, means, _has("cbc:PaymentMeansCode"))
    transfers = f"{means}[cbc:PaymentMeansCode='30' or cbc:PaymentMeansCode='58']"
    yield Check(rule.PAYMENT_ACCOUNT, about, transfers, _has("cac:PayeeFinancialAccount/cbc:ID"))
    yield Check(rule.BANKGIRO_DIGITS, about, _GIRO, _is(r"\d*"))
    yield Check(rule.BANKGIRO_LENGTH, about, _GIRO, _is(r".{7,8}"))
    code = f"self::*[{_SWEDE}]/{means}/cbc:PaymentMeansCode"
    yield Check(rule.NOT_BY_GIRO_CODE, About.DOCUMENT, code, lambda node: _own_text(node) not in ("50", "56"))
    yield Check(rule.NOT_DOMESTIC_CODE, About.DOCUMENT, code, lambda node: _own_text(node) != "31")
    is_asked = f"self::*[number({SUMS}/cbc:PayableAmount) > 0]"
    yield Check(
        rule.DUE, About.DOCUMENT, is_asked, lambda root: bool(_text(root, "cbc:DueDate|cac:PaymentTerms/cbc:Note"))
    )


def _of_lines(about: About) -> Iterable[Check]:
    rule = Rule
    yield Check(rule.LINES, about, ".", lambda root: bool(_all(root, LINE)))
    yield Check(rule.LINE_NUMBER, about, LINE, _has("cbc:ID"))
    quantity = "cbc:InvoicedQuantity|cbc:CreditedQuantity"
    yield Check(rule.LINE_QUANTITY, about, LINE, _has(quantity))
    units = f"{_LINES}/cbc:InvoicedQuantity|{_LINES}/cbc:CreditedQuantity"
    yield Check(rule.LINE_UNIT, about, units, lambda node: bool(node.get("unitCode")))
    yield Check(rule.UNIT_CODE, about, units, lambda node: node.get("unitCode", "C62") in _UNITS)
    yield Check(rule.LINE_NET, about, LINE, _has("cbc:LineExtensionAmount"))
    yield Check(rule.LINE_NAME, about, LINE, _has("cac:Item/cbc:Name"))
    yield Check(rule.LINE_PRICE, about, LINE, _has("cac:Price/cbc:PriceAmount"))
    yield Check(rule.PRICE_NOT_NEGATIVE, about, LINE, lambda line: _number(line, "cac:Price/cbc:PriceAmount") >= 0)
    yield Check(rule.LINE_IS_PRODUCT, about, LINE, _is_product)
    extra = f"{_LINES}/cac:AllowanceCharge"
    yield Check(rule.CHARGE_SAID, about, f"{extra}/cbc:ChargeIndicator", _is("true|false"))
    reason = _has("cbc:AllowanceChargeReason|cbc:AllowanceChargeReasonCode")
    yield Check(rule.ALLOWANCE_REASON, about, f"{extra}[cbc:ChargeIndicator='false']", reason)
    yield Check(rule.CHARGE_REASON, about, f"{extra}[cbc:ChargeIndicator='true']", reason)
    yield Check(rule.DISCOUNT_AMOUNT, about, _DISCOUNT, _has("cbc:Amount"))
    yield Check(rule.DISCOUNT_CATEGORY, about, _DISCOUNT, _has("cac:TaxCategory/cbc:ID"))
    yield Check(rule.DISCOUNT_REASON, about, _DISCOUNT, reason)
    yield Check(rule.LINE_CATEGORY, about, LINE, _has(f"{_VAT_LINE}/cbc:ID"))


def _of_sums(about: About) -> Iterable[Check]:
    rule = Rule
    yield Check(
        rule.SUM_OF_LINES,
        about,
        SUMS,
        lambda sums: _number(sums, "cbc:LineExtensionAmount") == _sum(sums, f"/*/{_LINES}/cbc:LineExtensionAmount"),
    )
    yield Check(
        rule.SUM_OF_DISCOUNTS,
        about,
        SUMS,
        lambda sums: _number(sums, "cbc:AllowanceTotalAmount") == _sum(sums, f"/*/{_DISCOUNT}/cbc:Amount"),
    )
    yield Check(
        rule.SUM_WITHOUT_VAT,
        about,
        SUMS,
        lambda sums: (
            _number(sums, "cbc:TaxExclusiveAmount")
            == _number(sums, "cbc:LineExtensionAmount") - _number(sums, "cbc:AllowanceTotalAmount")
        ),
    )
    yield Check(
        rule.SUM_OF_VAT,
        about,
        "cac:TaxTotal[cac:TaxSubtotal]",
        lambda total: _number(total, "cbc:TaxAmount") == _sum(total, "cac:TaxSubtotal/cbc:TaxAmount"),
    )
    yield Check(
        rule.SUM_WITH_VAT,
        about,
        SUMS,
        lambda sums: (
            _number(sums, "cbc:TaxInclusiveAmount")
            == _number(sums, "cbc:TaxExclusiveAmount") + _number(sums, "/*/cac:TaxTotal/cbc:TaxAmount")
        ),
    )
    yield Check(
        rule.TO_PAY,
        about,
        SUMS,
        lambda sums: (
            _number(sums, "cbc:PayableAmount")
            == _number(sums, "cbc:TaxInclusiveAmount") + _number(sums, "cbc:PayableRoundingAmount")
        ),
    )


def _of_vat(about: About) -> Iterable[Check]:
    rule = Rule
    yield Check(rule.VAT_ROWS, about, ".", lambda root: bool(_all(root, ROW)))
    yield Check(rule.ONE_VAT_TOTAL, about, ".", lambda root: len(_all(root, "cac:TaxTotal[cac:TaxSubtotal]")) == 1)
    yield Check(rule.VAT_IS_RATE, about, ROW, _vat_is_rate)
    by_category = {
        "S": (rule.STANDARD_ROW, rule.STANDARD_BASE),
        "E": (rule.EXEMPT_ROW, rule.EXEMPT_BASE),
        "AE": (rule.REVERSE_ROW, rule.REVERSE_BASE),
        "Z": (rule.ZERO_ROW, rule.ZERO_BASE),
        "O": (rule.OUTSIDE_ROW, rule.OUTSIDE_BASE),
    }
    for category, (of_line, base) in by_category.items():
        yield Check(of_line, about, _lines(category), _rows_of(category))
        yield Check(base, about, _rows(category), _base)
    rates = {
        "S": rule.STANDARD_RATE,
        "E": rule.EXEMPT_RATE,
        "AE": rule.REVERSE_RATE,
        "Z": rule.ZERO_RATE,
        "O": rule.OUTSIDE_RATE,
    }
    for category, named in rates.items():
        yield Check(named, about, f"{_lines(category)}/{_VAT_LINE}", _rate_of(category))
        yield Check(named, about, f"{_rows(category)}/cac:TaxCategory", _rate_of(category))
    amounts = {
        "E": rule.EXEMPT_AMOUNT,
        "AE": rule.REVERSE_AMOUNT,
        "Z": rule.ZERO_AMOUNT,
        "O": rule.OUTSIDE_AMOUNT,
    }
    for category, named in amounts.items():
        yield Check(named, about, _rows(category), lambda row: _number(row, "cbc:TaxAmount") == 0)
    for category, named in {"S": rule.STANDARD_NO_REASON, "Z": rule.ZERO_NO_REASON}.items():
        yield Check(named, about, _rows(category), _has_no(_REASONS))
    for category, named in {
        "E": rule.EXEMPT_REASON,
        "AE": rule.REVERSE_REASON,
        "O": rule.OUTSIDE_REASON,
    }.items():
        yield Check(named, about, _rows(category), _has(_REASONS))
    code = "cac:TaxCategory/cbc:TaxExemptionReasonCode"
    for reason, (category, named) in {
        "VATEX-EU-AE": ("AE", rule.REVERSE_CODE),
        "VATEX-EU-O": ("O", rule.OUTSIDE_CODE),
    }.items():
        yield Check(named, about, f"{ROW}[{code}='{reason}'][cac:TaxCategory/cbc:ID!='{category}']", _never)
    yield Check(rule.OUTSIDE_ALONE, about, f"self::*[{_rows('O')}]", lambda root: len(_all(root, ROW)) == 1)


def _rate_of(category: str) -> Callable[[Node], bool]:
    def holds(node: Node) -> bool:
        rate = _rate(node, ".")
        if category == "O":
            return rate is None
        return rate is not None and (rate > 0 if category == "S" else rate == 0)

    return holds


def _of_decimals(about: About) -> Iterable[Check]:
    rule = Rule
    two = _is(r"-?\d+(?:\.\d{1,2})?")
    for named, path in {
        rule.DECIMALS_DISCOUNT: f"{_DISCOUNT}/cbc:Amount",
        rule.DECIMALS_DISCOUNTS: f"{SUMS}/cbc:AllowanceTotalAmount",
        rule.DECIMALS_LINES: f"{SUMS}/cbc:LineExtensionAmount",
        rule.DECIMALS_NET: f"{SUMS}/cbc:TaxExclusiveAmount",
        rule.DECIMALS_VAT: "cac:TaxTotal/cbc:TaxAmount",
        rule.DECIMALS_TOTAL: f"{SUMS}/cbc:TaxInclusiveAmount",
        rule.DECIMALS_ROUNDING: f"{SUMS}/cbc:PayableRoundingAmount",
        rule.DECIMALS_DUE: f"{SUMS}/cbc:PayableAmount",
        rule.DECIMALS_BASE: f"{ROW}/cbc:TaxableAmount",
        rule.DECIMALS_VAT_ROW: f"{ROW}/cbc:TaxAmount",
        rule.DECIMALS_LINE: f"{_LINES}/cbc:LineExtensionAmount",
        rule.DECIMALS_LINE_ROUNDING: f"{_LINES}/cac:AllowanceCharge/cbc:Amount",
    }.items():
        yield Check(named, about, path, two)


CHECKS: Final = tuple(_checks())
OF_STANDARD: Final = tuple(check for check in CHECKS if check.rule.is_of_standard)
