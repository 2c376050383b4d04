"""Who may charge: one decision of what is known about a card, with the ground it rests on."""

from dataclasses import dataclass
from enum import StrEnum

#: What is looked up of a card, by whoever decides: the fields of `Card`. marks: what its UID may stand as
#: (`charging.domain.card_numbers.uid_marks`). Merged cards: what is said of one is said of the one it turned out to be.
CARD = """
    SELECT c.is_blocked, c.lost_at IS NOT NULL, d.is_active, EXISTS (
        SELECT 1 FROM charging_accountmember m WHERE m.token_id = c.id AND m.pays
            AND (m.since IS NULL OR m.since <= %(at)s) AND (m.until IS NULL OR m.until > %(at)s))
    FROM charging_token t JOIN charging_token c ON c.id = coalesce(t.merged_into_id, t.id)
    LEFT JOIN tenants_driver d ON d.id = c.driver_id
    WHERE t.operator_id = %(operator)s AND t.uid_mark = ANY(%(marks)s::varchar[])
    ORDER BY c.is_blocked DESC LIMIT 1
"""


class Verdict(StrEnum):
    """OCPP 1.6, AuthorizationStatus."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    INVALID = "Invalid"


class Basis(StrEnum):
    """What a verdict rests on. Stored with the charge, so the codes never change."""

    DRIVER = "driver"
    ACCOUNT = "account"
    NOBODYS = "nobodys"
    INACTIVE = "inactive"
    BLOCKED = "blocked"
    LOST = "lost"
    UNKNOWN = "unknown"
    NO_CARD = "no_card"


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a card. driver_active: None when it has no driver. account_pays: one pays for this very card."""

    is_blocked: bool
    is_lost: bool
    driver_active: bool | None
    account_pays: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and its ground."""

    verdict: Verdict
    basis: Basis


def decide(id_tag: str, card: Card | None) -> Decision:
    """Tell whether whoever shows this card may charge here. Whoever is not known stays out.

    A card that is lost or blocked is refused whatever else holds. One without a driver is refused too, unless an
    account pays for it: else nobody would pay for what it takes.
    """
    if not id_tag:
        return Decision(Verdict.INVALID, Basis.NO_CARD)
    if card is None:
        return Decision(Verdict.INVALID, Basis.UNKNOWN)
    if card.is_lost or card.is_blocked:
        return Decision(Verdict.BLOCKED, Basis.LOST if card.is_lost else Basis.BLOCKED)
    return _paid_for(card)


def _paid_for(card: Card) -> Decision:
    if card.driver_active is None:
        basis = Basis.ACCOUNT if card.account_pays else Basis.NOBODYS
        return Decision(Verdict.ACCEPTED if card.account_pays else Verdict.INVALID, basis)
    if not card.driver_active:
        return Decision(Verdict.BLOCKED, Basis.INACTIVE)
    return Decision(Verdict.ACCEPTED, Basis.DRIVER)
