"""What is known about cards without asking: for the moments in which the database does not answer in time.

Learnt now and then, and at once when a card dies or a rule changes (`NOTIFY cards`), over a connection of its own, so
that nobody waits for it. As long as the database answers, every verdict is its own.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from charging.domain import card_numbers
from charging.domain.ocpp import unasked
from charging.domain.ocpp.unasked import Kind, Rule
from portal.gateway.cards import card_keys
from portal.gateway.door import Guest
from portal.gateway.listening import heard_on

log = logging.getLogger(__name__)

#: So often it is looked whether something is to be learnt.
LOOK_S = 2.0
#: What was learnt is learnt anew after so long, so many rows at a time.
ANEW_S, AT_ONCE = 60.0, 2_000
_SCOPE = "SELECT set_config('app.operator_id', %s, true)"
#: All cards, and which of them would be let in now: see `charging.domain.ocpp.admission`.
_CARDS = """
    SELECT t.uid_mark, c.kind, NOT c.is_blocked AND c.lost_at IS NULL
        AND CASE WHEN c.driver_id IS NOT NULL THEN d.is_active ELSE EXISTS (
            SELECT 1 FROM charging_accountmember m WHERE m.token_id = c.id AND m.pays
                AND (m.since IS NULL OR m.since <= now()) AND (m.until IS NULL OR m.until > now())) END
    FROM charging_token t JOIN charging_token c ON c.id = coalesce(t.merged_into_id, t.id)
    LEFT JOIN tenants_driver d ON d.id = c.driver_id
    WHERE t.issuer_id IS NULL
"""
#: Partners' cards, and which of them their partners let in while they are silent.
_PARTNERS = """
    SELECT c.uid_mark, NOT c.is_blocked AND c.lost_at IS NULL AND c.is_valid AND c.whitelist <> 'NEVER' AND p.is_active
    FROM charging_token c JOIN tenants_account p ON p.id = c.issuer_id WHERE NOT c.is_set_aside
"""
_RULES = "SELECT kind, is_open, most, reckoned FROM charging_cardrule"
_USED = """
    SELECT unasked, count(*) FILTER (WHERE unasked_cost IS NULL), coalesce(sum(unasked_cost), 0)
    FROM charging_stationcharge
    WHERE unasked <> '' AND received_at >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    GROUP BY unasked
"""


@dataclass(slots=True)
class Known:
    """What is known of an operator's cards.

    used: charges that were let in unasked this month and that nobody has counted yet, by kind; cost: what the others of
    this month have come to.
    cards: by their marks; None for one that is refused, whatever holds for cards that nobody knows.
    """

    at: float
    cards: dict[bytes, Kind | None] = field(default_factory=dict)
    rules: dict[Kind, Rule] = field(default_factory=dict)
    used: Counter[Kind] = field(default_factory=Counter)
    cost: Counter[Kind] = field(default_factory=Counter)


class Unasked:
    """Decides about cards of operators whose stations are connected here."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}

    def forget(self, operator_id: int) -> None:
        """Something has changed: what is known is learnt anew at the next occasion, and holds until then."""
        if operator_id in self._known:
            self._known[operator_id].at = float("-inf")

    async def run(self, address: str, here: Callable[[], Iterable[Guest]]) -> None:
        """Learn until cancelled. here: who is connected now."""
        async for connection, operator_id in heard_on(address, "cards", every_s=LOOK_S):
            self.forget(operator_id)
            try:
                await self.learn(connection, {guest.operator_id for guest in here()})
            except psycopg.Error as error:
                log.warning("Nothing is learnt of cards (%s)", type(error).__name__)
                await connection.close()  # a new one comes next

    async def learn(self, connection: psycopg.AsyncConnection[Any], operators: Iterable[int]) -> None:
        """Learn of these operators what is not known or was learnt too long ago; forget all others."""
        here = set(operators)
        self._known = {operator: known for operator, known in self._known.items() if operator in here}
        for operator in here:
            known = self._known.get(operator)
            if known is None or time.monotonic() - known.at > ANEW_S:
                self._known[operator] = await _learnt(connection, operator)

    def decide(self, operator_id: int, tag: str) -> Kind | None:
        """Return as what kind of card it is let in, and count it; None: it is not."""
        known = self._known.get(operator_id)
        if known is None or not tag:
            return None
        kind = next((known.cards[mark] for mark in _marks(operator_id, tag) if mark in known.cards), Kind.UNKNOWN)
        if kind is None or not self.lets_in(operator_id, kind):
            return None
        known.used[kind] += 1
        return kind

    def lets_in(self, operator_id: int, kind: Kind) -> bool:
        """Whether the operator's rule lets one more card of that kind in unasked; not while it is not known."""
        known = self._known.get(operator_id)
        return known is not None and known.rules[kind].lets_in(known.used[kind], known.cost[kind])

    def refuses(self, operator_id: int, tag: str) -> bool:
        """Whether the card is known to be dead."""
        known = self._known.get(operator_id)
        return known is not None and any(
            mark in known.cards and known.cards[mark] is None for mark in _marks(operator_id, tag)
        )


def _marks(operator_id: int, tag: str) -> list[bytes]:
    return [bytes.fromhex(mark) for mark in card_numbers.uid_marks(tag, operator_id, card_keys())]


async def _learnt(connection: psycopg.AsyncConnection[Any], operator_id: int) -> Known:
    known = Known(time.monotonic())
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.execute(_SCOPE, [str(operator_id)])
        await cursor.execute(_RULES)
        stored = {Kind(kind): Rule(*rest) for kind, *rest in await cursor.fetchall()}
        known.rules = {**unasked.USUAL, **stored}
        await cursor.execute(_USED)
        for kind, charges, cost in await cursor.fetchall():
            known.used[Kind(kind)], known.cost[Kind(kind)] = charges, int(cost)
        await cursor.execute(_CARDS)
        while rows := await cursor.fetchmany(AT_ONCE):
            for mark, kind, is_good in rows:
                found = Kind.APP if kind == "APP_USER" else Kind.CARD
                # Of two that a reader cannot tell apart a dead one decides, as it does for the database.
                is_dead = not is_good or known.cards.get(bytes.fromhex(mark), found) is None
                known.cards[bytes.fromhex(mark)] = None if is_dead else found
            await asyncio.sleep(0)  # stations are answered meanwhile
        await cursor.execute(_PARTNERS)
        partners: dict[bytes, Kind | None] = {}
        while rows := await cursor.fetchmany(AT_ONCE):
            for mark, is_good in rows:
                name = bytes.fromhex(mark)
                partners[name] = Kind.PARTNER if is_good and name not in partners else None
            await asyncio.sleep(0)
        if partners:
            known.cards = partners | known.cards  # the operator's own go first
    return known
