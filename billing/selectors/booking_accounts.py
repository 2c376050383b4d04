"""The accounts that amounts are booked on: the operator's own, or the usual ones of the BAS chart."""

from decimal import Decimal
from typing import Final, NamedTuple

from billing.models import BookingAccount

Use = BookingAccount.Use


class Account(NamedTuple):
    """An account of a chart."""

    number: str
    name: str


USUAL: Final[dict[str, Account]] = {
    Use.RECEIVABLE: Account("1510", "Kundfordringar"),
    Use.SALES_25: Account("3001", "Försäljning inom Sverige, 25 % moms"),
    Use.SALES_12: Account("3002", "Försäljning inom Sverige, 12 % moms"),
    Use.SALES_6: Account("3003", "Försäljning inom Sverige, 6 % moms"),
    Use.SALES_0: Account("3004", "Försäljning inom Sverige, momsfri"),
    Use.SALES_ABROAD: Account("3106", "Försäljning av varor till annat EU-land"),
    Use.VAT_25: Account("2611", "Utgående moms, 25 %"),
    Use.VAT_12: Account("2621", "Utgående moms, 12 %"),
    Use.VAT_6: Account("2631", "Utgående moms, 6 %"),
    Use.VAT_ABROAD: Account("2670", "Utgående moms i andra EU-länder, OSS"),
    Use.ROUNDING: Account("3740", "Öres- och kronutjämning"),
}
#: The accounts of a fee that names its own.
OF_FEES: Final = "Avgifter"
_SWEDISH: Final = {Decimal(25): "25", Decimal(12): "12", Decimal(6): "6"}


def accounts() -> dict[str, Account]:
    """The account of each use."""
    own = {row.use: Account(row.number, row.name) for row in BookingAccount.objects.all()}
    return {**USUAL, **own}


def use_of(part: str, rate: Decimal | None) -> str:
    """The use that a part of a document (`billing.sql.bookings`) has at this rate of VAT."""
    if part in ("sales", "vat"):
        return f"{part}_{_SWEDISH.get(rate, 'abroad') if rate else '0'}"
    return part
