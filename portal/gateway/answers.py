"""What is answered to a message, looked up and kept in one transaction: see `store`."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from charging.domain.ocpp import admission, frames, v16
from charging.domain.ocpp.admission import Card, Decision
from charging.domain.ocpp.frames import Answer, Call
from portal.gateway.commands import keep_answer
from portal.gateway.store import Cursor

LARGEST_NUMBER = 2**31 - 1
_HOLDS = "SELECT 1 FROM charging_stationlink WHERE station_id = %s AND epoch = %s"
_KEEP = """
    INSERT INTO charging_stationmessage
        (operator_id, station_id, epoch, received_at, action, message_id, raw, answer, number, is_read, remark)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, false, '')
"""
_SAME_START = """
    SELECT number, is_stopped, verdict FROM charging_stationcharge
    WHERE station_id = %s AND said = %s ORDER BY id DESC LIMIT 1
"""
_NEW_START = """
    INSERT INTO charging_stationcharge
        (operator_id, station_id, number, said, received_at, id_tag, verdict, basis, is_stopped, read_at, readings)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, false, '{}', '{}')
"""
_STOPPED = "UPDATE charging_stationcharge SET is_stopped = true WHERE station_id = %s AND number = %s"
_TELL = "SELECT pg_notify('stations', %s)"


class Superseded(Exception):
    """A newer connection of the station holds: this one may say nothing more."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame of a station, by one of its connections."""

    operator_id: int
    station_id: int
    epoch: int
    at: datetime
    raw: str
    said: Call | Answer | None

    async def keep(self, cursor: Cursor) -> str:
        """Keep the frame and return the answer, empty for a frame that wants none.

        Raises:
            Superseded: nothing was kept.
        """
        await cursor.execute(_HOLDS, [self.station_id, self.epoch])
        if await cursor.fetchone() is None:
            raise Superseded
        answer, number, action = "", None, ""
        if isinstance(self.said, Call):
            answer, number = await self._answered(cursor, self.said)
            action = self.said.action
        elif self.said is not None:
            action = await keep_answer(cursor, self.station_id, self.said, _fit(self.raw), self.at)
        message_id = self.said.message_id if self.said else ""
        where = [self.operator_id, self.station_id, self.epoch, self.at, _fit(action), _fit(message_id)]
        await cursor.execute(_KEEP, [*where, _fit(self.raw), _fit(answer), number])
        await cursor.execute(_TELL, [str(self.operator_id)])
        return answer

    async def _answered(self, cursor: Cursor, call: Call) -> tuple[str, int | None]:
        if call.payload is None:
            return frames.error(call.message_id, "FormationViolation", "The payload is no object."), None
        if call.action == "StartTransaction":
            return await self._started(cursor, call.message_id, v16.start(call.payload))
        if call.action == "Authorize":
            decision = await self._decision(cursor, v16.id_tag(call.payload))
            return frames.result(call.message_id, {"idTagInfo": {"status": decision.verdict}}), None
        number = frames.whole(call.payload, "transactionId")
        number = number if number is not None and abs(number) <= LARGEST_NUMBER else None
        if call.action == "StopTransaction":
            await cursor.execute(_STOPPED, [self.station_id, number])
        answer = v16.plain_answer(call.action, self.at)
        if answer is None:
            return frames.error(call.message_id, "NotImplemented", "This message is not known here."), None
        return frames.result(call.message_id, answer), number

    async def _started(self, cursor: Cursor, message_id: str, start: v16.Start) -> tuple[str, int]:
        """The charge gets a number also when it is refused: a station that started all the same can end it."""
        await cursor.execute(_SAME_START, [self.station_id, start.said])
        known = await cursor.fetchone()
        # A clock that stands still gives two charges one name; then a start after a stop is a new one.
        if known and (not known[1] or v16.is_believed(start.said_at, self.at)):
            number, verdict = int(known[0]), str(known[2])
        else:
            number, decision = 1 + secrets.randbelow(LARGEST_NUMBER), await self._decision(cursor, start.id_tag)
            verdict = decision.verdict
            where = [self.operator_id, self.station_id, number, start.said, self.at, start.id_tag]
            await cursor.execute(_NEW_START, [*where, verdict, decision.basis])
        answer: dict[str, Any] = {"transactionId": number, "idTagInfo": {"status": verdict}}
        return frames.result(message_id, answer), number

    async def _decision(self, cursor: Cursor, tag: str) -> Decision:
        await cursor.execute(admission.CARD, {"operator": self.operator_id, "tag": tag, "at": self.at})
        found = await cursor.fetchone()
        return admission.decide(tag, Card(*found) if found else None)


def _fit(text: str) -> str:
    """PostgreSQL keeps every sign but one."""
    return text.replace("\x00", "\ufffd")
