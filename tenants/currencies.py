"""Currencies that an operator bills in: those of hundredths, which is what all that is made of money keeps.

Invoices, e-invoices (EN 16931), SIE files and the ledger have two decimals. A currency without any, such as ISK or JPY,
would be shown with a coin that does not exist, and one of three, such as KWD, would lose its last. So neither can be
chosen, for an operator or for a tariff.
"""

from typing import Final

from tenants.errors import Code, Refused

#: By ISO 4217; those of the Nordic countries first, as they stand in lists.
BILLED: Final = ("SEK", "EUR", "NOK", "DKK", "CHF", "CZK", "GBP", "HUF", "PLN", "RON", "USD")


def check_billed(currency: str) -> None:
    """Refuse what nothing is billed in.

    Raises:
        Refused: the currency has no hundredths, or is none of those that are known here.
    """
    if currency not in BILLED:
        raise Refused(Code.CURRENCY_NOT_BILLED, currency=currency, currencies=", ".join(BILLED))
