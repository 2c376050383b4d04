"""What is answered to a message, looked up and kept in one transaction: see `store`."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from charging.domain import card_numbers
from charging.domain.ocpp import admission, frames, secrecy, v16, v201
from charging.domain.ocpp.admission import Card, Decision, Verdict
from charging.domain.ocpp.frames import Answer, Call
from portal.gateway.cards import card_keys
from portal.gateway.commands import keep_answer
from portal.gateway.door import PROTOCOLS, Guest
from portal.gateway.store import Cursor, Store

LARGEST_NUMBER = 2**31 - 1
#: Stations that restart count their charges from one again: a name of so long ago is another charge's.
A_NEW_NAME = timedelta(days=1)
#: Kept only while the connection it came by holds.
_KEEP = """
    INSERT INTO charging_stationmessage
        (operator_id, station_id, epoch, received_at, action, message_id, raw, answer, number, is_read, remark)
    SELECT operator_id, station_id, epoch, %s, %s, %s, %s, %s, %s, false, ''
    FROM charging_stationlink WHERE station_id = %s AND epoch = %s
"""
#: That something came which was not read to its end. There is nothing in it for the reader.
_NOTE = """
    INSERT INTO charging_stationmessage
        (operator_id, station_id, epoch, received_at, action, message_id, raw, answer, number, is_read, remark)
    VALUES (%s, %s, %s, %s, '', '', '', '', NULL, true, %s)
"""
#: Its frame was larger than is read, and its connection closed for it.
TOO_LARGE = "too_large"
_SAME_START = """
    SELECT number, is_stopped, verdict, received_at, id_tag FROM charging_stationcharge
    WHERE station_id = %s AND said = %s ORDER BY id DESC LIMIT 1
"""
_NEW_START = """
    INSERT INTO charging_stationcharge
        (operator_id, station_id, number, said, received_at, id_tag, verdict, basis, is_stopped, read_at, readings)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, false, '{}', '{}')
"""
#: OCPP 2.0.1: whoever plugs in first shows the card in a later event.
_CARD_SHOWN = """
    UPDATE charging_stationcharge SET id_tag = %s, verdict = %s, basis = %s WHERE station_id = %s AND number = %s
"""
_STOPPED = "UPDATE charging_stationcharge SET is_stopped = true WHERE station_id = %s AND number = %s"


class Superseded(Exception):
    """A newer connection of the station holds: this one may say nothing more."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame of a station, by one of its connections."""

    guest: Guest
    at: datetime
    raw: str
    said: Call | Answer | None

    async def keep(self, cursor: Cursor) -> str:
        """Keep the frame and return the answer, empty for a frame that wants none.

        Raises:
            Superseded: nothing was kept, nor done for the answer.
        """
        guest, raw = self.guest, self.raw
        answer, number, action = "", None, ""
        if isinstance(self.said, Call):
            answer, number = await self._answered(cursor, self.said)
            action = self.said.action
        elif self.said is not None:
            raw = secrecy.masked(raw)  # what we asked may be repeated in it
            action = await keep_answer(cursor, guest, self.said, _fit(raw), self.at)
        message_id = self.said.message_id if self.said else ""
        said = [self.at, _fit(action), _fit(message_id), _fit(raw), _fit(answer), number]
        await cursor.execute(_KEEP, [*said, guest.station_id, guest.epoch])
        if cursor.rowcount == 0:
            raise Superseded
        return answer

    async def _answered(self, cursor: Cursor, call: Call) -> tuple[str, int | None]:
        if call.payload is None:
            return frames.error(call.message_id, "FormationViolation", "The payload is no object."), None
        spoken = PROTOCOLS[self.guest.protocol]
        if call.action == "StartTransaction":
            return await self._started(cursor, call.message_id, v16.start(call.payload))
        if call.action == v201.EVENT:
            return await self._event(cursor, call.message_id, v201.event(call.payload))
        if call.action == "Authorize":
            decision = await self._decision(cursor, spoken.id_tag(call.payload))
            return frames.result(call.message_id, spoken.authorized(decision.verdict)), None
        number = frames.whole(call.payload, "transactionId")
        number = number if number is not None and abs(number) <= LARGEST_NUMBER else None
        if call.action == "StopTransaction":
            await cursor.execute(_STOPPED, [self.guest.station_id, number])
        answer = spoken.plain_answer(call.action, self.at)
        if answer is None:
            return frames.error(call.message_id, "NotImplemented", "This message is not known here."), None
        return frames.result(call.message_id, answer), number

    async def _started(self, cursor: Cursor, message_id: str, start: v16.Start) -> tuple[str, int]:
        # A clock that stands still gives two charges one name; then a start after a stop is a new one.
        is_other = not v16.is_believed(start.said_at, self.at)
        number, verdict = await self._numbered(cursor, start.said, start.id_tag, may_be_other=is_other)
        return frames.result(message_id, {"transactionId": number, **v16.authorized(verdict)}), number

    async def _event(self, cursor: Cursor, message_id: str, event: v201.Event) -> tuple[str, int]:
        """A charge begins with whichever of its events comes first: others may be lost, or come late."""
        begins, said = event.kind == "Started", v201.said(event)
        number, verdict = await self._numbered(cursor, said, event.start.id_tag, may_be_other=begins, after=A_NEW_NAME)
        if event.stop is not None:
            await cursor.execute(_STOPPED, [self.guest.station_id, number])
        return frames.result(message_id, v201.authorized(verdict) if event.has_card else {}), number

    async def _numbered(
        self, cursor: Cursor, said: str, id_tag: str, *, may_be_other: bool, after: timedelta = timedelta(0)
    ) -> tuple[int, str]:
        """Return the number of the charge that is called so, and its verdict; a new number for a new one.

        The charge gets one also when it is refused: a station that started all the same can end it. may_be_other: one
        that has ended, and began longer ago than `after`, is another charge under the same name.
        """
        await cursor.execute(_SAME_START, [self.guest.station_id, said])
        known = await cursor.fetchone()
        if known and not (may_be_other and known[1] and self.at - known[3] >= after):
            return int(known[0]), await self._known_verdict(cursor, known, id_tag)
        number, decision = 1 + secrets.randbelow(LARGEST_NUMBER), await self._decision(cursor, id_tag)
        where = [self.guest.operator_id, self.guest.station_id, number, said, self.at, id_tag]
        await cursor.execute(_NEW_START, [*where, decision.verdict, decision.basis])
        return number, decision.verdict

    async def _known_verdict(self, cursor: Cursor, known: Any, id_tag: str) -> str:
        """Return the verdict that was given, or the first one where no card has been shown before."""
        number, _, verdict, _, earlier = known
        if earlier or not id_tag:
            return str(verdict)
        decision = await self._decision(cursor, id_tag)
        where = [self.guest.station_id, number]
        await cursor.execute(_CARD_SHOWN, [id_tag, decision.verdict, decision.basis, *where])
        return decision.verdict

    async def _decision(self, cursor: Cursor, tag: str) -> Decision:
        marks = card_numbers.uid_marks(tag, self.guest.operator_id, card_keys())
        await cursor.execute(admission.CARD, {"operator": self.guest.operator_id, "marks": marks, "at": self.at})
        found = await cursor.fetchone()
        return admission.decide(tag, Card(*found) if found else None)


async def note(store: Store, guest: Guest, remark: str, at: datetime) -> None:
    """Have staff find among the messages of the station what became of one that was not read."""

    async def keep(cursor: Cursor) -> None:
        await cursor.execute(_NOTE, [guest.operator_id, guest.station_id, guest.epoch, at, remark])

    await store.do(guest.operator_id, keep)


def unknown_card(guest: Guest, raw: str, answer: str) -> str:
    """Return the card that was shown and that nobody knows; empty when none was."""
    if f'"{Verdict.INVALID}"' not in answer:
        return ""
    call = frames.read(raw)
    return PROTOCOLS[guest.protocol].id_tag(call.payload) if isinstance(call, Call) and call.payload else ""


def _fit(text: str) -> str:
    """PostgreSQL keeps every sign but one."""
    return text.replace("\x00", "\ufffd")
