"""The question to a partner whether its card may charge: in time, a few at once of each, and noted how it went.

Nothing of the database waits meanwhile: a message whose answer depends on a partner is looked up, laid aside, and
looked up again with what the partner has said.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import LiteralString

import psycopg

from charging.domain.ocpp import keeping, partners
from charging.domain.ocpp.admission import Said
from charging.domain.ocpp.partners import Place, Told, UnknownPlace
from portal.gateway.cards import card_keys
from portal.gateway.store import Cursor, Store, now
from tenants import outside
from tenants.outside import NotReached

#: How a partner is asked, and where the station stands: its site, itself, and the outlet that is meant, or all of them.
LINK: LiteralString = """
    SELECT l.id, l.address, l.token, p.public_id, s.public_id, ARRAY(
        SELECT c.number FROM charging_connector c
        WHERE c.station_id = s.id AND (%(outlet)s = '' OR c.number = %(outlet)s) ORDER BY c.number)
    FROM charging_partnerlink l JOIN charging_station s ON s.id = %(station)s JOIN charging_site p ON p.id = s.site_id
    WHERE l.account_id = %(issuer)s
"""
#: How long what came of questions is gathered before it is written.
GATHERED_S = 1.0
#: Seconds in which the partner must have taken the connection.
CONNECTED_S = 1.0
_NOTE: LiteralString = """
    UPDATE charging_partnerlink SET answered_at = coalesce(%(answered)s, answered_at),
        failed_at = coalesce(%(failed)s, failed_at), failure = CASE WHEN %(count)s = 0 THEN '' ELSE %(failure)s END,
        failures = least(2000000000, CASE WHEN %(answered)s IS NULL THEN failures ELSE 0 END + %(count)s)
    WHERE id = %(link)s
"""


@dataclass(frozen=True, slots=True)
class Question:
    """Which partner is asked about a card, and where. tag: as its reader told it. is_new: the card was just shown.

    place: where that is: all outlets at which it may charge, where the station has not told which one it is.
    """

    operator_id: int
    station_id: int
    link_id: int
    address: str
    token: bytes
    tag: str
    is_new: bool
    place: Place


@dataclass(slots=True)
class _Came:
    """What came of questions and is not written yet. count: failures since the last answer."""

    answered: datetime | None = None
    failed: datetime | None = None
    failure: str = ""
    count: int = 0


@dataclass(slots=True)
class Partners:
    """Asks them, and remembers what they said of a card for the charge that begins with it."""

    store: Store
    _places: dict[int, asyncio.Semaphore] = field(default_factory=dict)
    _said: OrderedDict[tuple[int, int, str], tuple[Told, float]] = field(default_factory=OrderedDict)
    # Until when each is asked without a place, as it knows none of ours, or wants none.
    _placeless: dict[int, float] = field(default_factory=dict)
    _came: dict[tuple[int, int], _Came] = field(default_factory=dict)
    _noting: asyncio.Task[None] | None = None

    async def ask(self, question: Question, *, until: float) -> Said | None:
        """Return what the partner says; None when it says nothing by `until` (`time.monotonic`)."""
        name = question.station_id, question.link_id, question.tag
        known = self._said.pop(name, None)  # it holds once, and not beyond what is asked now
        if not question.is_new and known and known[1] > time.monotonic():
            return known[0].at(question.place, anywhere=False)
        try:
            told = await self._asked(question, until)
        except NotReached as error:
            self._note(question, error.code)
            return None
        self._note(question, "")
        self._said[name] = told, time.monotonic() + partners.HOLDS_S
        self._said.move_to_end(name)
        while len(self._said) > partners.REMEMBERED:
            self._said.popitem(last=False)
        return told.at(question.place, anywhere=question.is_new)

    async def _asked(self, question: Question, until: float) -> Told:
        place = self._places.setdefault(question.link_id, asyncio.Semaphore(partners.AT_ONCE))
        try:
            async with asyncio.timeout(until - time.monotonic()):
                await place.acquire()
        except TimeoutError:
            raise NotReached("busy") from None
        try:
            if self._placeless.get(question.link_id, 0) < time.monotonic():
                with contextlib.suppress(UnknownPlace):
                    return await self._answered(question, question.place, until)
                self._placeless[question.link_id] = time.monotonic() + partners.PLACELESS_S
            return await self._answered_without(question, until)
        except (partners.Unreadable, keeping.Unreadable, UnicodeError):
            raise NotReached("unreadable") from None
        finally:
            place.release()

    async def _answered_without(self, question: Question, until: float) -> Told:
        try:
            return await self._answered(question, None, until)
        except partners.Unreadable:
            self._placeless.pop(question.link_id, None)  # it was not for the place that it refused
            raise

    async def _answered(self, question: Question, place: Place | None, until: float) -> Told:
        where, token = self._where(question)
        body = place.body() if place else b""
        reply = await outside.request_in_time(
            "POST",
            replace(where, path=partners.path(where.path, question.tag)),
            headers=partners.headers(token, body),
            body=body,
            within=until - time.monotonic(),
            patience=CONNECTED_S,
        )
        return partners.read(reply.status, reply.body, place)

    def _where(self, question: Question) -> tuple[outside.Target, str]:
        token = keeping.unseal(question.token, keeping.PROVEN_BY, question.operator_id, card_keys())
        return outside.target(question.address), token

    def _note(self, question: Question, failure: str) -> None:
        came = self._came.setdefault((question.operator_id, question.link_id), _Came())
        if failure:
            came.failed, came.failure, came.count = now(), failure, came.count + 1
        else:
            came.answered, came.count = now(), 0
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._came:
            await asyncio.sleep(GATHERED_S)
            came, self._came = self._came, {}
            for (operator_id, link_id), each in came.items():
                facts = {
                    "link": link_id,
                    "answered": each.answered,
                    "failed": each.failed,
                    "failure": each.failure,
                    "count": each.count,
                }

                async def note(cursor: Cursor, facts: Mapping[str, object] = facts) -> None:
                    await cursor.execute(_NOTE, facts)

                with contextlib.suppress(psycopg.Error):
                    await self.store.do(operator_id, note, may_wait=True)
