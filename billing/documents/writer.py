"""The words and figures of documents: how a price, a quantity and a rate are written in a document's language."""

from decimal import Decimal
from typing import Any

from billing.documents import words
from billing.documents.rules import Rules
from billing.documents.words import Words
from billing.models import BilledFee, InvoiceLine
from tenants.figures import figures

Seller = dict[str, Any]


class Writer:
    """The words and figures of a document's language."""

    def __init__(self, language: str) -> None:
        self.figures = figures(language)
        self.language = self.figures.language
        self.words: Words = words.of(self.language)
        self.rules = Rules(self.words)

    def amount(self, value: Decimal) -> str:
        """An amount in the currency of the document, which stands beside the sum."""
        return self.figures.number(value, 2)

    def price(self, value: Decimal) -> str:
        """A price: two decimals, more where it has more."""
        return self.figures.all_decimals(value, at_least=2)

    def money(self, value: Decimal, currency: str) -> str:
        """A sum with the currency's code, as both languages have it on an invoice: `1 190,00 SEK`."""
        return self.figures.quantity(value, currency, 2)

    def quantity(self, value: Decimal, unit: str) -> str:
        """What was delivered; what is counted in pieces has no decimals."""
        return self.figures.quantity(value, self.words.get(unit, unit), 0 if unit == "1" else 3)

    def what(self, line: InvoiceLine) -> str:
        """What a line prices: of a fee its text and days; else when the price holds, or that it is part of a line."""
        if line.fee is not None:
            off = "" if line.fee.percent is None else f" {self.figures.rate(line.fee.percent)}"
            return f"{line.fee.text}{off}, {self.days(line.fee)}"
        name = self.words.get(line.component, line.component)
        rule = self.words["part"] if line.is_part else self.rules.of(line)
        return f"{name}, {rule}" if rule else name

    def days(self, fee: BilledFee) -> str:
        """The days a fee is charged for."""
        first, last = fee.first_day.isoformat(), fee.last_day.isoformat()
        return first if first == last else f"{first}\u2013{last}"

    def sessions(self, count: int) -> str:
        """How many sessions."""
        if count == 1:
            return self.words["one_session"]
        return f"{self.figures.number(Decimal(count), 0)} {self.words['session_count']}"

    def rate(self, vat: Decimal | None) -> str:
        """A VAT rate, or that there is none."""
        return self.words["no_vat"] if vat is None else self.figures.rate(vat)
