"""Who may charge: one decision of what is known about a card, with the ground it rests on."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

#: What is looked up of a card, by whoever decides: the fields of `Card`. marks: what its UID may stand as
#: (`charging.domain.card_numbers.uid_marks`). Merged cards: what is said of one is said of the one it turned out to be.
#: Its group: its driver, where that driver has more cards than this one. Where the operator and partners have a card of
#: that UID, the operator's own is meant (decision 91).
CARD = """
    SELECT c.is_blocked, c.lost_at IS NOT NULL, d.is_active, EXISTS (
        SELECT 1 FROM charging_accountmember m WHERE m.token_id = c.id AND m.pays
            AND (m.since IS NULL OR m.since <= %(at)s) AND (m.until IS NULL OR m.until > %(at)s)),
        CASE WHEN EXISTS (SELECT 1 FROM charging_token o WHERE o.operator_id = c.operator_id
            AND o.driver_id = c.driver_id AND o.id <> c.id) THEN c.driver_id END,
        c.issuer_id, p.is_active, c.whitelist, c.is_valid, count(c.issuer_id) OVER () > 1
    FROM charging_token t JOIN charging_token c ON c.id = coalesce(t.merged_into_id, t.id)
    LEFT JOIN tenants_driver d ON d.id = c.driver_id
    LEFT JOIN tenants_account p ON p.id = c.issuer_id
    WHERE t.operator_id = %(operator)s AND t.uid_mark = ANY(%(marks)s::varchar[]) AND NOT c.is_set_aside
    ORDER BY c.issuer_id IS NOT NULL, c.is_blocked DESC LIMIT 1
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


class Whitelist(StrEnum):
    """OCPI, WhitelistType: whether a partner wants to be asked before its card is let in. Stored, so never changed."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


class Said(StrEnum):
    """OCPI, AllowedType: what a partner answers when it is asked about its card."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"


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
    SEVERAL = "several"
    PARTNER_ENDED = "partner_ended"
    WHITELIST = "whitelist"
    NOT_VALID = "not_valid"
    PARTNER = "partner"
    PARTNER_TIMEOUT = "partner_timeout"
    PARTNER_BLOCKED = "partner_blocked"
    PARTNER_EXPIRED = "partner_expired"
    PARTNER_NO_CREDIT = "partner_no_credit"
    PARTNER_REFUSED = "partner_refused"


#: What becomes of a card by its partner's answer.
_SAID: Final = {
    Said.ALLOWED: (Verdict.ACCEPTED, Basis.PARTNER),
    Said.BLOCKED: (Verdict.BLOCKED, Basis.PARTNER_BLOCKED),
    Said.EXPIRED: (Verdict.INVALID, Basis.PARTNER_EXPIRED),
    Said.NO_CREDIT: (Verdict.INVALID, Basis.PARTNER_NO_CREDIT),
    Said.NOT_ALLOWED: (Verdict.INVALID, Basis.PARTNER_REFUSED),
}


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a card. driver_active: None when it has no driver. account_pays: one pays for this very card.

    group: the driver, where the driver has other cards too; one of them may end what another began.
    issuer: the account of the partner whose card it is; None for the operator's own. partner_active: that account is
    in use. whitelist and is_valid: what the partner has said of the card. has_namesakes: several partners have a card
    of this UID, and nobody has said which of them is meant.
    """

    is_blocked: bool
    is_lost: bool
    driver_active: bool | None
    account_pays: bool = False
    group: int | None = None
    issuer: int | None = None
    partner_active: bool | None = None
    whitelist: str = ""
    is_valid: bool = True
    has_namesakes: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and its ground. group: of a card that is let in, as of `Card`."""

    verdict: Verdict
    basis: Basis
    group: int | None = None


def decide(id_tag: str, card: Card | None, said: Said | None = None, *, is_open: bool = True) -> Decision:
    """Tell whether whoever shows this card may charge here. Whoever is not known stays out.

    A card that is lost or blocked is refused whatever else holds. One without a driver is refused too, unless an
    account pays for it: else nobody would pay for what it takes. A partner's card is let in as the partner wants it.

    said: the partner's answer; None where it was not asked, or said nothing in time. is_open: the operator's rule lets
    in cards whose partner is silent (`charging.domain.ocpp.unasked`), where the partner allows that itself.
    """
    if not id_tag:
        return Decision(Verdict.INVALID, Basis.NO_CARD)
    if card is None:
        return Decision(Verdict.INVALID, Basis.UNKNOWN)
    if card.is_lost or card.is_blocked:
        return Decision(Verdict.BLOCKED, Basis.LOST if card.is_lost else Basis.BLOCKED)
    if card.issuer is not None:
        return _known(card) or _as_partner_wants(card, said, is_open=is_open)
    found = _paid_for(card)
    return replace(found, group=card.group) if found.verdict is Verdict.ACCEPTED else found


def is_asked(card: Card | None) -> bool:
    """Whether it is the partner's answer that decides about the card, so that it is asked first."""
    if card is None or card.issuer is None or card.is_lost or card.is_blocked or _known(card):
        return False
    return card.whitelist in (Whitelist.ALLOWED_OFFLINE, Whitelist.NEVER) or (
        card.whitelist == Whitelist.ALLOWED and not card.is_valid
    )


def _known(card: Card) -> Decision | None:
    """What no partner is asked about."""
    if card.has_namesakes:
        return Decision(Verdict.INVALID, Basis.SEVERAL)
    return None if card.partner_active else Decision(Verdict.BLOCKED, Basis.PARTNER_ENDED)


def _as_partner_wants(card: Card, said: Said | None, *, is_open: bool) -> Decision:
    """That it is blocked counts however the partner is heard of; else its answer, where it wants to be asked."""
    if said is Said.BLOCKED or (said is not None and is_asked(card)):
        return Decision(*_SAID[said])
    if not card.is_valid:
        return Decision(Verdict.INVALID, Basis.PARTNER_TIMEOUT if is_asked(card) else Basis.NOT_VALID)
    if not is_asked(card):
        return Decision(Verdict.ACCEPTED, Basis.WHITELIST)
    is_let_in = card.whitelist == Whitelist.ALLOWED_OFFLINE and is_open
    return Decision(Verdict.ACCEPTED if is_let_in else Verdict.INVALID, Basis.PARTNER_TIMEOUT)


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
