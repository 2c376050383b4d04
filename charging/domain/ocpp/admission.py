"""Who may charge: one decision of what is known about a card, with the ground it rests on."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

#: What is looked up of a card, by whoever decides: the fields of `Card`. marks: what its UID may stand as
#: (`charging.domain.card_numbers.uid_marks`). Merged cards: what is said of one is said of the one it turned out to be.
#: Its group: its driver, where that driver has more cards than this one.
CARD = """
    SELECT c.is_blocked, c.lost_at IS NOT NULL, d.is_active, EXISTS (
        SELECT 1 FROM charging_accountmember m WHERE m.token_id = c.id AND m.pays
            AND (m.since IS NULL OR m.since <= %(at)s) AND (m.until IS NULL OR m.until > %(at)s)),
        CASE WHEN EXISTS (SELECT 1 FROM charging_token o WHERE o.operator_id = c.operator_id
            AND o.driver_id = c.driver_id AND o.id <> c.id) THEN c.driver_id END
    FROM charging_token t JOIN charging_token c ON c.id = coalesce(t.merged_into_id, t.id)
    LEFT JOIN tenants_driver d ON d.id = c.driver_id
    WHERE t.operator_id = %(operator)s AND t.uid_mark = ANY(%(marks)s::varchar[])
    ORDER BY c.is_blocked DESC LIMIT 1
"""


#: What a guest charges with: made for one start, and known to the command that asks for it.
GUEST = "GUEST"
#: Whether a guest may begin a charge at the station with this: the start was asked for, and not too long ago.
GUEST_ASKED = """
    SELECT 1 FROM charging_stationcommand
    WHERE station_id = %(station)s AND kind = 'start' AND wanted ->> 'guest' = %(tag)s
        AND not_after > %(at)s::timestamptz - interval '15 minutes'
"""


class Verdict(StrEnum):
    """OCPP 1.6, AuthorizationStatus."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    INVALID = "Invalid"


class Boot(StrEnum):
    """OCPP, RegistrationStatus: how a station is received as it starts. Stored, so the codes never change."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


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
    HELD = "held"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a card. driver_active: None when it has no driver. account_pays: one pays for this very card.

    group: the driver, where the driver has other cards too; one of them may end what another began.
    """

    is_blocked: bool
    is_lost: bool
    driver_active: bool | None
    account_pays: bool = False
    group: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and its ground. group: of a card that is let in, as of `Card`."""

    verdict: Verdict
    basis: Basis
    group: int | None = None


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
    found = _paid_for(card)
    return replace(found, group=card.group) if found.verdict is Verdict.ACCEPTED else found


def group_name(group: int | None, operator_id: int, keys: Sequence[bytes]) -> str:
    """Return what stations call the group, in the 20 signs that OCPP 1.6 has for it; empty for none.

    Whoever reads it learns nothing of the driver, and cannot tell the name of another group.
    """
    if group is None:
        return ""
    return "G" + hmac.digest(keys[0], f"{operator_id}#{group}".encode(), "sha256").hex()[:19].upper()


def _paid_for(card: Card) -> Decision:
    if card.driver_active is None:
        basis = Basis.ACCOUNT if card.account_pays else Basis.NOBODYS
        return Decision(Verdict.ACCEPTED if card.account_pays else Verdict.INVALID, basis)
    if not card.driver_active:
        return Decision(Verdict.BLOCKED, Basis.INACTIVE)
    return Decision(Verdict.ACCEPTED, Basis.DRIVER)
