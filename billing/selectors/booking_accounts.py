"""The accounts that amounts are booked on: the operator's own, or the usual ones of the BAS chart."""

from collections.abc import Iterator
from dataclasses import dataclass
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
    Use.LATE_COSTS: Account("3990", "Övriga ersättningar och intäkter"),
    Use.INTEREST: Account("8313", "Ränteintäkter från kortfristiga fordringar"),
    Use.LOSS: Account("6351", "Konstaterade förluster på kundfordringar"),
    Use.LOSS_FEARED: Account("6352", "Befarade förluster på kundfordringar"),
    Use.HOST_SHARE: Account("5090", "Övriga lokalkostnader"),
    Use.HOST_DEBT: Account("2890", "Skulder till platsvärdar"),
    Use.HOST_CARRIED: Account("2990", "Övriga upplupna kostnader"),
    Use.INPUT_VAT: Account("2641", "Debiterad ingående moms"),
    Use.INPUT_LATER: Account("2648", "Vilande ingående moms"),
    Use.BANK: Account("1930", "Företagskonto"),
    Use.UNIDENTIFIED: Account("2899", "Övriga kortfristiga skulder"),
    Use.ON_ACCOUNT: Account("2420", "Förskott från kunder"),
}
#: The accounts of a fee that names its own.
OF_FEES: Final = "Avgifter"


#: What may have an account for each country.
BY_COUNTRY: Final = (Use.SALES_ABROAD, Use.VAT_ABROAD)


@dataclass(frozen=True, slots=True)
class Chart:
    """The account of each use, and of a use in another country where that has its own."""

    usual: dict[str, Account]
    abroad: dict[tuple[str, str], Account]

    def account(self, use: str, country: str = "") -> Account:
        """Where a use is booked."""
        return self.abroad.get((use, country)) or self.usual[use]

    def __iter__(self) -> Iterator[Account]:
        """All accounts; one of a country comes last."""
        yield from self.usual.values()
        yield from self.abroad.values()


def chart() -> Chart:
    """The operator's accounts."""
    rows = list(BookingAccount.objects.order_by("country", "use"))
    own = {row.use: Account(row.number, row.name) for row in rows if not row.country}
    abroad = {(row.use, row.country): Account(row.number, row.name) for row in rows if row.country}
    return Chart({**USUAL, **own}, abroad)
