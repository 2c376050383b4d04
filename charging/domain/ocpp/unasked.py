"""What is answered about a card when nobody can decide in time: by rules of the operator, up to a sum a month."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What kind of card it is, as far as is known. Stored, so the codes never change."""

    CARD = "card"
    APP = "app"
    PARTNER = "partner"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether such cards are let in unasked, and how far.

    most: what that may come to in a calendar month (UTC), in whole units of the operator's currency. reckoned: what one
    charge is taken to cost, at least, until it is over: nobody knows then what it will cost.
    """

    is_open: bool
    most: int
    reckoned: int

    def lets_in(self, charges: int, cost: int = 0) -> bool:
        """Whether one more is let in this month.

        charges: those let in of which nobody has counted yet what they cost; cost: what the others have come to.
        """
        return self.is_open and self.money(charges + 1, cost) <= self.most

    def money(self, charges: int, cost: int) -> int:
        """What charges come to, of which so many have not been counted, and the others cost so much."""
        return charges * self.reckoned + cost


#: What holds until an operator says otherwise.
USUAL: Final = {
    Kind.CARD: Rule(is_open=True, most=2_000, reckoned=200),
    Kind.APP: Rule(is_open=True, most=2_000, reckoned=200),
    # Of those alone whose partner allows that they are let in while it is silent.
    Kind.PARTNER: Rule(is_open=True, most=2_000, reckoned=200),
    Kind.UNKNOWN: Rule(is_open=False, most=0, reckoned=200),
}
#: By when a driver who holds a card to a reader has an answer, in seconds; and for how long that holds for a charge.
IN_TIME_S, HOLDS_S = 2.5, 900
