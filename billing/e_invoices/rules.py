"""The names of the rules that an e-invoice must meet, and what it is to break one.

Three books: EN 16931 (`BR-…`), Peppol BIS Billing 3.0 (`PEPPOL-…`) and its Swedish part (`SE-R-…`); of each those rules
that a document of ours could break. `checks` asks them, `portal.words.e_invoices` has the sentence of each.
"""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """A rule, by its name in its book. Those of Swedish law alone that no book has are named after their term."""

    SPECIFICATION = "PEPPOL-EN16931-R004"
    PROFILE = "PEPPOL-EN16931-R001"
    NUMBER = "BR-02"
    DATE = "BR-03"
    INVOICE_TYPE = "PEPPOL-EN16931-P0100"
    CREDIT_NOTE_TYPE = "PEPPOL-EN16931-P0101"
    CURRENCY = "BR-05"
    CURRENCY_CODE = "BR-CL-04"
    ONE_CURRENCY = "PEPPOL-EN16931-R051"
    VAT_IN_CROWNS = "BT-111"
    ONE_NOTE = "PEPPOL-EN16931-R002"
    NOTHING_EMPTY = "PEPPOL-EN16931-R008"
    DATE_FORM = "PEPPOL-EN16931-F001"
    PERIOD_FORWARD = "BR-29"
    LINE_PERIOD_FORWARD = "BR-30"
    LINE_PERIOD_START = "PEPPOL-EN16931-R110"
    LINE_PERIOD_END = "PEPPOL-EN16931-R111"
    CREDITS = "BT-25"
    REFERS_BY_NUMBER = "BR-55"
    SELLER_NAME = "BR-06"
    SELLER_COUNTRY = "BR-09"
    SELLER_ADDRESS = "PEPPOL-EN16931-R020"
    SELLER_SCHEME = "BR-62"
    SELLER_KNOWN = "BR-CO-26"
    SELLER_VAT_STANDARD = "BR-S-02"
    SELLER_VAT_ZERO = "BR-Z-02"
    SELLER_EXEMPT = "BR-E-02"
    VAT_NUMBER_COUNTRY = "BR-CO-09"
    VAT_NUMBER_LENGTH = "SE-R-001"
    VAT_NUMBER_DIGITS = "SE-R-002"
    ORGANISATION_DIGITS = "SE-R-003"
    ORGANISATION_LENGTH = "SE-R-004"
    ORGANISATION_CHECK = "SE-R-013"
    F_TAX = "SE-R-005"
    SWEDISH_RATES = "SE-R-006"
    BANKGIRO_DIGITS = "SE-R-008"
    BANKGIRO_LENGTH = "SE-R-009"
    NOT_BY_GIRO_CODE = "SE-R-011"
    NOT_DOMESTIC_CODE = "SE-R-012"
    BUYER_NAME = "BR-07"
    BUYER_COUNTRY = "BR-11"
    COUNTRY_CODE = "BR-CL-14"
    BUYER_ADDRESS = "PEPPOL-EN16931-R010"
    BUYER_SCHEME = "BR-63"
    SWEDISH_ADDRESS = "PEPPOL-COMMON-R049"
    GLN_ADDRESS = "PEPPOL-COMMON-R040"
    REFERENCE = "PEPPOL-EN16931-R003"
    REVERSE_NUMBERS = "BR-AE-02"
    OUTSIDE_NO_NUMBERS = "BR-O-02"
    PAYMENT_CODE = "BR-49"
    PAYMENT_ACCOUNT = "BR-61"
    DUE = "BR-CO-25"
    LINES = "BR-16"
    LINE_NUMBER = "BR-21"
    LINE_QUANTITY = "BR-22"
    LINE_UNIT = "BR-23"
    UNIT_CODE = "BR-CL-23"
    LINE_NET = "BR-24"
    LINE_NAME = "BR-25"
    LINE_PRICE = "BR-26"
    PRICE_NOT_NEGATIVE = "BR-27"
    LINE_IS_PRODUCT = "PEPPOL-EN16931-R120"
    CHARGE_SAID = "PEPPOL-EN16931-R043"
    ALLOWANCE_REASON = "BR-42"
    CHARGE_REASON = "BR-44"
    LINE_CATEGORY = "BR-CO-04"
    SUM_OF_LINES = "BR-CO-10"
    SUM_WITHOUT_VAT = "BR-CO-13"
    SUM_OF_VAT = "BR-CO-14"
    SUM_WITH_VAT = "BR-CO-15"
    TO_PAY = "BR-CO-16"
    VAT_IS_RATE = "BR-CO-17"
    VAT_ROWS = "BR-CO-18"
    ONE_VAT_TOTAL = "PEPPOL-EN16931-R053"
    STANDARD_ROW = "BR-S-01"
    STANDARD_RATE = "BR-S-05"
    STANDARD_BASE = "BR-S-08"
    STANDARD_NO_REASON = "BR-S-10"
    EXEMPT_ROW = "BR-E-01"
    EXEMPT_RATE = "BR-E-05"
    EXEMPT_BASE = "BR-E-08"
    EXEMPT_AMOUNT = "BR-E-09"
    EXEMPT_REASON = "BR-E-10"
    REVERSE_ROW = "BR-AE-01"
    REVERSE_RATE = "BR-AE-05"
    REVERSE_BASE = "BR-AE-08"
    REVERSE_AMOUNT = "BR-AE-09"
    REVERSE_REASON = "BR-AE-10"
    REVERSE_CODE = "PEPPOL-EN16931-P0107"
    ZERO_ROW = "BR-Z-01"
    ZERO_RATE = "BR-Z-05"
    ZERO_BASE = "BR-Z-08"
    ZERO_AMOUNT = "BR-Z-09"
    ZERO_NO_REASON = "BR-Z-10"
    OUTSIDE_ROW = "BR-O-01"
    OUTSIDE_RATE = "BR-O-05"
    OUTSIDE_BASE = "BR-O-08"
    OUTSIDE_AMOUNT = "BR-O-09"
    OUTSIDE_REASON = "BR-O-10"
    OUTSIDE_ALONE = "BR-O-11"
    OUTSIDE_CODE = "PEPPOL-EN16931-P0105"
    DECIMALS_LINES = "BR-DEC-09"
    DECIMALS_NET = "BR-DEC-12"
    DECIMALS_VAT = "BR-DEC-13"
    DECIMALS_TOTAL = "BR-DEC-14"
    DECIMALS_ROUNDING = "BR-DEC-17"
    DECIMALS_DUE = "BR-DEC-18"
    DECIMALS_BASE = "BR-DEC-19"
    DECIMALS_VAT_ROW = "BR-DEC-20"
    DECIMALS_LINE = "BR-DEC-23"
    DECIMALS_LINE_ROUNDING = "BR-DEC-24"

    @property
    def is_of_standard(self) -> bool:
        """Whether it is a rule of EN 16931, which every syntax and network keeps to."""
        return self.startswith("BR-")


class About(StrEnum):
    """Whose particulars cause a fault."""

    SELLER = "seller"
    BUYER = "buyer"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that the document breaks; what stands there, and on which line."""

    rule: Rule
    about: About
    value: str = ""
    line: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """What its sentence names."""
        return {"value": self.value, "line": self.line}
