"""Whose sessions stand on a document of who pays for others: by driver, and of each by card."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.models import Invoice
from charging.models import ChargingSession
from tenants.scoping import current_operator_id

# A session has several lines, and its energy counts once.
_BY_CARD = """
SELECT s.driver_id, s.token_id, array_agg(l.session_id ORDER BY l.first), coalesce(sum(s.energy_wh), 0), sum(l.net),
    sum(l.amount), bool_or(l.is_net), bool_or(NOT l.is_net)
FROM (SELECT session_id, min(position) AS first, sum(amount_excl_vat) AS net,
        sum(coalesce(amount_incl_vat, amount_excl_vat)) AS amount, bool_or(amount_incl_vat IS NULL) AS is_net
    FROM billing_invoiceline
    WHERE operator_id = %(operator)s AND invoice_id = %(invoice)s AND session_id IS NOT NULL GROUP BY session_id) l
JOIN charging_chargingsession s ON s.operator_id = %(operator)s AND s.id = l.session_id
GROUP BY s.driver_id, s.token_id ORDER BY min(l.first)
"""


@dataclass(frozen=True, slots=True)
class Card:
    """What somebody charged with one card, or without one. sessions: their numbers, in the order of the lines."""

    token_id: int | None
    sessions: list[int]
    energy_wh: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Person:
    """A driver, or a card that no driver has, with the cards that were charged with."""

    cards: list[Card] = field(default_factory=list)

    @property
    def sessions(self) -> list[int]:
        """The numbers of their sessions, in the order of the lines."""
        return [session for card in self.cards for session in card.sessions]

    @property
    def energy_wh(self) -> int:
        """What all of them drew."""
        return sum(card.energy_wh for card in self.cards)

    @property
    def amount(self) -> Decimal:
        """What all of them come to."""
        return sum((card.amount for card in self.cards), Decimal(0))


@dataclass(frozen=True, slots=True)
class People:
    """Everybody on a document, in the order of its lines.

    includes_vat: whether amounts do, as the lines then do as well. is_mixed: some lines do and some do not; amounts are
    then without VAT.
    """

    everybody: Sequence[Person]
    includes_vat: bool
    is_mixed: bool

    @property
    def sessions(self) -> list[int]:
        """The numbers of all sessions, each person's together."""
        return [session for person in self.everybody for session in person.sessions]


def of(invoice: Invoice) -> People:
    """Whose the sessions on the document are, with what they come to. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_CARD, {"operator": current_operator_id(), "invoice": invoice.pk})
        rows: list[Any] = cursor.fetchall()
    has_net, has_gross = any(row[6] for row in rows), any(row[7] for row in rows)
    is_mixed = has_net and has_gross
    found: dict[tuple[int | None, int | None], Person] = {}
    for driver, token, sessions, energy_wh, net, amount, *_kinds in rows:
        whose = found.setdefault((driver, None if driver else token), Person())
        whose.cards.append(Card(token, sessions, int(energy_wh), net if is_mixed else amount))
    return People(list(found.values()), includes_vat=has_gross and not has_net, is_mixed=is_mixed)


def named(people: Iterable[Person]) -> dict[int, ChargingSession]:
    """A session of each of their cards, by its number, that says the driver's name and the card's. One query."""
    firsts = [card.sessions[0] for person in people for card in person.cards]
    rows = ChargingSession.objects.select_related("driver__identity", "token").defer("series_wh")
    return rows.in_bulk(firsts)
