"""What a document charges for, one row a price: the same rows stand on the PDF and in the e-invoice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from billing.documents.writer import Writer
from billing.models import InvoiceLine

#: The difference to a least or greatest price is another amount each time: one row for all of them, without a price.
LIMITS: Final = ("MINIMUM", "MAXIMUM")
_ORDER: Final = (
    *("ENERGY", "FLAT", "TIME", "PARKING_TIME", "RESERVATION_FLAT", "RESERVATION_TIME", *LIMITS),
    *("MONTH_FEE", "YEAR_FEE", "ONCE", "DISCOUNT", "CREDIT"),
)


@dataclass(slots=True)
class Row:
    """All that is charged at one price. `amount` is in the kind of the price, with VAT or without; `net` is without.

    first_day, last_day: of what was delivered, by the clock of the place.
    """

    component: str
    what: str
    unit: str
    price: Decimal
    rate: Decimal | None
    tax_included: bool
    first_day: date
    last_day: date
    quantity: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    net: Decimal = Decimal(0)

    @property
    def is_limit(self) -> bool:
        """Whether it is what least or greatest prices changed."""
        return self.component in LIMITS

    @property
    def is_discount(self) -> bool:
        """Whether it is taken off other rows."""
        return self.component == "DISCOUNT"

    def add(self, line: InvoiceLine, first_day: date, last_day: date) -> None:
        """Count a line."""
        self.quantity += line.quantity
        self.amount += line.amount
        self.net += line.amount_excl_vat
        self.first_day, self.last_day = min(self.first_day, first_day), max(self.last_day, last_day)


def rows(lines: Iterable[InvoiceLine], writer: Writer) -> list[Row]:
    """The rows in the order of a document. lines: with their sessions, `named` as `billing.selectors.invoices` does."""
    found: dict[tuple[object, ...], Row] = {}
    for line in lines:
        price = line.unit_price if line.component not in LIMITS else Decimal(0)
        what = writer.what(line) if line.fee else f"{writer.what(line)} · {line.named.tariff}"
        key = (line.component, what, line.unit, price, line.vat_rate, line.tax_included)
        days = _days(line)
        row = found.get(key)
        if row is None:
            row = found[key] = Row(*key, *days)
        row.add(line, *days)
    return sorted(found.values(), key=lambda row: (rank(row.component), -row.price))


def rank(component: str) -> int:
    """Where a component stands among others."""
    return _ORDER.index(component) if component in _ORDER else len(_ORDER)


def _days(line: InvoiceLine) -> tuple[date, date]:
    if line.fee is not None:
        return line.fee.first_day, line.fee.last_day
    session, zone = line.session, line.named.zone
    start = session.started_at.astimezone(zone).date()
    return start, max(start, (session.ended_at or session.started_at).astimezone(zone).date())
