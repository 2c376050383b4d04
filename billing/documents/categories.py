"""Which of the law's reasons a rate without VAT has: the PDF says it in words, an e-invoice by its code (BT-151)."""

from decimal import Decimal
from typing import Final

from tenants.company_numbers import PREFIXES, UNION

STANDARD, REVERSE, EXEMPT, ZERO, OUTSIDE = "S", "AE", "E", "Z", "O"
#: Those that a document must give a reason for (ML 2023:200, 17 kap. 24 §).
REASONED: Final = (REVERSE, EXEMPT, OUTSIDE)
#: What the VAT numbers of members of the union begin with.
_EU: Final = frozenset(PREFIXES.get(country, country) for country in UNION)


def category(rate: Decimal | None, *, seller: str, buyer: str) -> str:
    """The category of VAT. At 0 % a buyer with a VAT number of another member state accounts for it.

    seller, buyer: their VAT numbers, written plainly. A seller who has none is exempt at 0 %.
    """
    if rate is None:
        return OUTSIDE
    if rate:
        return STANDARD
    if not seller:
        return EXEMPT
    states = tuple(PREFIXES.get(number[:2], number[:2]) for number in (seller, buyer))
    return REVERSE if states[0] != states[1] and _EU.issuperset(states) else ZERO
