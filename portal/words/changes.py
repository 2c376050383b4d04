"""An amount before and after: both, what lies between, and that as a share."""

from dataclasses import dataclass
from decimal import Decimal

from portal.words import measures

#: A price that changes by more than this share is pointed out.
MUCH = Decimal("0.25")


@dataclass(frozen=True, slots=True)
class Change:
    """An amount of money by the old prices and by the new ones; None where there is none."""

    old: Decimal | None
    new: Decimal | None
    currency: str

    @property
    def share(self) -> Decimal | None:
        """The difference as a share of the old amount; None where that says nothing."""
        if self.old is None or self.new is None or not self.old:
            return None
        return (self.new - self.old) / self.old

    @property
    def is_much(self) -> bool:
        """Whether the change is to be pointed out."""
        if self.share is None:
            return bool(self.new) and self.old is not None
        return abs(self.share) > MUCH

    @property
    def was(self) -> str:
        """The old amount."""
        return measures.money(self.old, self.currency)

    @property
    def becomes(self) -> str:
        """The new amount."""
        return measures.money(self.new, self.currency)

    @property
    def difference(self) -> str:
        """The difference with its sign."""
        if self.old is None or self.new is None:
            return measures.DASH
        between = self.new - self.old
        return ("+" if between > 0 else "") + measures.money(between, self.currency)

    @property
    def percent(self) -> str:
        """The difference as a percentage with its sign; a dash where it says nothing."""
        if self.share is None:
            return measures.DASH
        return ("+" if self.share > 0 else "") + measures.percent(self.share, 1)
