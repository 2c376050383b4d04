"""A handful of what somebody types, of each kind, for the one search: found with work that does not grow with the data.

Of more than a search looks at these are the newest. The lists show all of them (`charging.selectors.words`).
"""

from functools import cached_property

from django.db.models import Q, QuerySet

from charging.models import ChargingSession, Token
from charging.selectors import numbers
from tenants.models import Account, Driver, DriverIdentity
from tenants.selectors import accounts as payers
from tenants.selectors import names
from tenants.selectors.search import after_all, among

#: So many people are looked at for what belongs to them.
MANY = 100


class Meant:
    """What a text may mean: the people, looked up once for all kinds, and only when one asks."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def identities(self) -> list[int]:
        """The people with these words in their name or e-mail."""
        return names.like(self.text, most=MANY)

    @cached_property
    def owners(self) -> list[int]:
        """The drivers who are these people, or were while they had that name."""
        rows = DriverIdentity.objects.filter(among("pk", self.identities), driver__isnull=False)
        return list(rows.values_list("driver_id", flat=True).distinct())

    @cached_property
    def numbered(self) -> list[int]:
        """The drivers whose customer number begins with the text."""
        rows = Driver.objects.filter(customer_number__gte=self.text, customer_number__lt=after_all(self.text))
        return list(rows.order_by("customer_number").values_list("pk", flat=True)[:MANY])


def sessions(meant: Meant, *, most: int) -> QuerySet[ChargingSession]:
    """The newest sessions with the text in their id."""
    ids = numbers.newest_sessions(meant.text, most=most)
    return ChargingSession.objects.filter(pk__in=ids).order_by("-started_at", "-pk")


def drivers(meant: Meant, *, most: int) -> QuerySet[Driver]:
    """Drivers by name, e-mail, number or card: customers of today first, then by number."""
    owned = _standing(numbers.newest_cards(meant.text, most=most, which=Q(driver__isnull=False)))
    owners = [card.driver_id for card in owned if card.driver_id is not None]
    sure, maybe = {*meant.numbered, *owners}, {*meant.owners}
    rows = Driver.objects.select_related("identity").prefetch_related("tokens").filter(among("pk", sure | maybe))
    rows = rows.filter(among("pk", sure) | among("identity", meant.identities))
    return rows.order_by("-is_active", "customer_number", "pk")[:most]


def accounts(meant: Meant, *, most: int) -> QuerySet[Account]:
    """Payers that are no private persons: those of today first, then by number."""
    # Of very many people with a name the few companies among them may be old ones.
    identities = meant.identities if len(meant.identities) < MANY else names.like(meant.text)
    return payers.few(meant.text, identities).order_by("-is_active", "customer_number")[:most]


def cards(meant: Meant, *, most: int) -> QuerySet[Token]:
    """The newest cards with the text in a number, also in that of a card that was merged into them."""
    rows = _standing(numbers.newest_cards(meant.text, most=most))
    return rows.filter(merged_into=None).select_related("driver__identity").order_by("-pk")


def _standing(cards: list[int]) -> QuerySet[Token]:
    """The cards, and those that stand for them since they were merged."""
    merged = Token.objects.filter(pk__in=cards, merged_into__isnull=False).values("merged_into")
    return Token.objects.filter(Q(pk__in=cards) | Q(pk__in=merged))
