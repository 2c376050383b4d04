"""What is answered to a message, looked up and kept in one transaction: see `store`."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from charging.domain import card_numbers
from charging.domain.ocpp import admission, commands, frames, keeping, secrecy, v16, v201
from charging.domain.ocpp.admission import Basis, Boot, Card, Decision, Said, Verdict
from charging.domain.ocpp.frames import Answer, Call, Complaint
from charging.domain.ocpp.partners import Place
from charging.domain.ocpp.unasked import Kind
from portal.gateway.cards import card_keys
from portal.gateway.commands import became, keep_answer
from portal.gateway.door import PROTOCOLS, Guest
from portal.gateway.partners import LINK, Question
from portal.gateway.store import Cursor, Later, Look, Step, Store

LARGEST_NUMBER = 2**31 - 1
#: Stations that restart count their charges from one again: a name of so long ago is another charge's.
A_NEW_NAME = timedelta(days=1)
#: So far a station's clock may be ahead of ours, and a beginning that comes late still be of what was heard before it.
_CLOCKS_DIFFER = timedelta(minutes=1)
#: Of several at once. Each is kept only while the connection it came by holds. They go out in binary: a sealed frame as
#: text is four times as long, and takes a millisecond to write.
_KEEP: LiteralString = """
    INSERT INTO charging_stationmessage
        (operator_id, station_id, epoch, received_at, action, message_id, raw, card_mark, answer, number, is_read,
        remark)
    SELECT l.operator_id, l.station_id, l.epoch, m.at, m.action, m.message_id, m.raw, m.card, m.answer, m.number,
        false, ''
    FROM unnest(%b::bigint[], %b::bigint[], %b::timestamptz[], %b::text[], %b::text[], %b::bytea[], %b::text[],
        %b::text[], %b::int[])
        WITH ORDINALITY AS m (station_id, epoch, at, action, message_id, raw, card, answer, number, place)
    JOIN charging_stationlink l ON l.station_id = m.station_id AND l.epoch = m.epoch
    ORDER BY m.place
    RETURNING station_id, epoch
"""
#: Of a command that its connection asked last: kept, and noted with the command. Where somebody else has that at this
#: moment nothing is done, as others would wait too; then it `is_busy`.
_KEEP_ANSWER: LiteralString = """
    WITH asked AS MATERIALIZED (
        SELECT id FROM charging_stationcommand
        WHERE public_id = %(command)s AND station_id = %(station_id)s AND state = ANY(%(open)s)
        FOR NO KEY UPDATE SKIP LOCKED
    ), looked AS MATERIALIZED (
        SELECT NOT EXISTS (SELECT FROM asked) AND EXISTS (
            SELECT FROM charging_stationcommand
            WHERE public_id = %(command)s AND station_id = %(station_id)s AND state = ANY(%(open)s)) AS is_busy
    ), kept AS (
        INSERT INTO charging_stationmessage
            (operator_id, station_id, epoch, received_at, action, message_id, raw, card_mark, answer, number, is_read,
            remark)
        SELECT l.operator_id, l.station_id, l.epoch, %(at)s, %(action)s, %(message_id)s, %(raw)s, '', '', NULL,
            false, ''
        FROM looked JOIN charging_stationlink l ON l.station_id = %(station_id)s AND l.epoch = %(epoch)s
        WHERE NOT looked.is_busy
        RETURNING station_id
    ), noted AS (
        UPDATE charging_stationcommand AS command
        SET state = %(state)s, status = %(status)s, answer = %(sealed)s, done_at = %(at)s
        FROM kept, asked WHERE command.id = asked.id
    )
    SELECT is_busy FROM looked WHERE is_busy OR EXISTS (SELECT FROM kept)
"""
#: That something came which was not read to its end. There is nothing in it for the reader.
_NOTE = """
    INSERT INTO charging_stationmessage
        (operator_id, station_id, epoch, received_at, action, message_id, raw, card_mark, answer, number, is_read,
        remark)
    VALUES (%s, %s, %s, %s, '', '', '', '', '', NULL, true, %s)
"""
#: Its frame was larger than is read, and its connection closed for it.
TOO_LARGE = "too_large"
_SAME_START = """
    SELECT number, is_stopped, verdict, basis, received_at, id_tag, outlet, began_at FROM charging_stationcharge
    WHERE station_id = %s AND said = ANY(%s::varchar[]) ORDER BY id DESC LIMIT 1
"""
#: Of the charges that their station gave no name: which go on. Two are enough to know that none is meant.
_NAMELESS = """
    SELECT said FROM charging_stationcharge
    WHERE station_id = %s AND NOT is_stopped AND starts_with(said, %s) LIMIT 2
"""
_NEW_START = """
    INSERT INTO charging_stationcharge
        (operator_id, station_id, number, said, received_at, id_tag, verdict, basis, unasked, asked_number, outlet,
         began_at, is_stopped, read_at, readings)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, false, '{}', '{}')
"""
#: OCPP 2.0.1: whoever plugs in first shows the card in a later event.
_CARD_SHOWN: LiteralString = """
    UPDATE charging_stationcharge SET id_tag = %(tag)s, verdict = %(verdict)s, basis = %(basis)s, unasked = %(unasked)s,
        asked_number = coalesce(%(asked)s, asked_number), outlet = %(outlet)s
"""
#: Its first event was lost, or did not say where it goes on.
_TOLD_WHERE: LiteralString = "UPDATE charging_stationcharge SET outlet = %(outlet)s"
_STOPPED: LiteralString = "UPDATE charging_stationcharge SET is_stopped = true"
#: Of a charge; where somebody else changes it at this moment, as the reader does with many at once, it is left alone.
_IF_FREE = """
    WHERE id = (SELECT c.id FROM charging_stationcharge c WHERE c.station_id = %(station)s AND c.number = %(number)s
        FOR NO KEY UPDATE SKIP LOCKED)
"""
_WHEN_FREE = " WHERE station_id = %(station)s AND number = %(number)s"
_IS_KNOWN = "SELECT 1 FROM charging_stationcharge WHERE station_id = %s AND number = %s"
_BOOT: LiteralString = "SELECT boot FROM charging_stationlink WHERE station_id = %(station)s"
#: How the station was received, and what is known of a card: nothing but that where nobody has it.
_STATION_AND_CARD: LiteralString = (
    "SELECT (" + _BOOT + "), card.* FROM (SELECT 1) AS asked"  # noqa: S608
    " LEFT JOIN LATERAL (" + admission.CARD + ") AS card ON true"
)
#: For whose answer something is looked up, or changed. To all others the answer is known at once.
_LOOKED_UP = {"BootNotification", "Authorize", "StartTransaction", "StopTransaction", v201.EVENT}
#: What is answered also to a station that is turned away: money, and that it starts.
_ALWAYS = {"BootNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction", v201.EVENT}


class Superseded(Exception):
    """A newer connection of the station holds: this one may say nothing more."""


class _Taken(Exception):
    """Somebody else changes the charge at this moment. Nothing has been done."""


class _MustAsk(Exception):
    """The card's partner decides. Nothing has been done."""

    def __init__(self, issuer: int, tag: str, outlet: str) -> None:
        super().__init__()
        self.issuer, self.tag, self.outlet = issuer, tag, outlet


class _Charge(NamedTuple):
    """A charge that is known already: what `_SAME_START` finds. card: the first that was shown, sealed; empty so far.

    outlet: where it goes on; empty where its station has not told. began_at: of one without a name, when the event that
    began it says that it was; None where another one came first.
    """

    number: int
    is_stopped: bool
    verdict: str
    basis: str
    received_at: datetime
    card: bytes
    outlet: str
    began_at: datetime | None


class Row(NamedTuple):
    """A message as it is kept. raw: sealed. card: the mark of the card that it names, empty for none."""

    station_id: int
    epoch: int
    at: datetime
    action: str
    message_id: str
    raw: bytes
    card: str
    answer: str
    number: int | None


class Rows:
    """How messages of one operator are kept."""

    statement = _KEEP

    def given(self, rows: Sequence[Row]) -> list[list[Any]]:
        """Return the columns of what is kept."""
        return [list(column) for column in zip(*rows, strict=True)]

    def are_kept(self, rows: Sequence[Row], said: Sequence[Any]) -> list[bool]:
        """Tell which of them are kept: not those of a connection that holds no more."""
        kept = set(said)
        return [(row.station_id, row.epoch) in kept for row in rows]


ROWS = Rows()


@dataclass(slots=True)
class Heard:
    """A frame of a station, by one of its connections.

    boot: how the connection was received as its station started. unasked: the cards that this connection let in when
    nobody could be asked, as what kind. given: what was answered already, for the same reason. may_wait: for whoever
    else changes the same charge; not so where others would wait too. is_open: cards whose partner is silent are let in.
    partner: what the card's partner has said; has_asked: it was asked, or nobody can ask it. asked: what the connection
    asked last, where this answers it.
    """

    guest: Guest
    at: datetime
    raw: str
    said: Call | Answer | Complaint | None
    boot: str = Boot.ACCEPTED
    unasked: Mapping[str, str] = field(default_factory=dict)
    given: str = ""
    may_wait: bool = False
    is_open: bool = True
    partner: Said | None = None
    has_asked: bool = False
    asked: commands.Kind | None = None

    def at_once(self) -> Row | None:
        """Return what is kept, with the answer, where nothing is to be looked up for it; else None."""
        if isinstance(self.said, Answer):
            return None
        if not isinstance(self.said, Call):
            return self._row("", self.raw, "", None)
        found = self._known(self.said)
        return None if found is None else self._row(self.said.action, self.raw, *found)

    def in_one_step(self) -> Step | None:
        """Return how the answer to what was asked last is kept, and noted with the command; None for all else.

        It finds False when it was kept, True when nothing was done since somebody else has the command, and no row when
        a newer connection holds.
        """
        if not isinstance(self.said, Answer) or self.asked is None:
            return None
        raw = _fit(secrecy.masked(self.raw))
        row = self._row(PROTOCOLS[self.guest.protocol].MESSAGES[self.asked], raw, "", None)
        (state, status), sealed = became(self.guest, self.asked, self.said), self._sealed(raw, keeping.ANSWERED)
        given = {"command": UUID(self.said.message_id), "state": str(state), "status": status, "sealed": sealed}
        given["open"] = [str(state) for state in commands.UNANSWERED]
        return Step(_KEEP_ANSWER, given | row._asdict())

    def look(self) -> Look | None:
        """Return what is looked up for a question about a card; None for all else, and where that is not enough."""
        call = self.said
        if not isinstance(call, Call) or call.action != "Authorize" or call.payload is None:
            return None
        tag = PROTOCOLS[self.guest.protocol].id_tag(call.payload)
        if tag.startswith(admission.GUEST):
            return None

        def made(found: Sequence[Any]) -> Row | None:
            try:
                answer = self.given or self._authorized(call, self._decided(tag, found))
            except _MustAsk:
                return None
            return self._row(call.action, self.raw, answer, None)

        return Look(Step(_STATION_AND_CARD, self._asked_of(tag)), made)

    def _authorized(self, call: Call, decision: Decision) -> str:
        let_in = PROTOCOLS[self.guest.protocol].authorized(decision.verdict, self._group(decision))
        return frames.result(call.message_id, let_in)

    async def keep(self, cursor: Cursor) -> str | Later | Question:
        """Keep the frame and return the answer, empty for a frame that wants none; `Later` when it would have to wait.

        A `Question` when a partner decides about the card, and has not been asked: then nothing was done.

        Raises:
            Superseded: nothing was kept, nor done for the answer.
        """
        try:
            return await self._keep_or_ask(cursor)
        except _Taken:
            return Later(self._keep_when_free)

    async def _keep_when_free(self, cursor: Cursor) -> str | Question:
        self.may_wait = True
        return await self._keep_or_ask(cursor)

    async def _keep_or_ask(self, cursor: Cursor) -> str | Question:
        """A card is looked up before anything is changed."""
        try:
            return await self._keep(cursor)
        except _MustAsk as found:
            where = {"issuer": found.issuer, "station": self.guest.station_id, "outlet": found.outlet}
            await cursor.execute(LINK, where)
            link = await cursor.fetchone()
            if link is not None:
                guest, is_new = self.guest, isinstance(self.said, Call) and self.said.action == "Authorize"
                return Question(
                    operator_id=guest.operator_id,
                    station_id=guest.station_id,
                    link_id=link[0],
                    address=link[1],
                    token=bytes(link[2]),
                    tag=found.tag,
                    is_new=is_new,
                    place=Place.of(*link[3:]),
                )
        self.has_asked, self.is_open = True, False  # there is nobody to be asked: that is no silence for a while
        return await self._keep(cursor)

    async def _keep(self, cursor: Cursor) -> str:
        raw, answer, number, action = self.raw, "", None, ""
        if isinstance(self.said, Call):
            (answer, number), action = await self._answered(cursor, self.said), self.said.action
        elif isinstance(self.said, Answer):
            raw = secrecy.masked(raw)  # what we asked may be repeated in it
            sealed = self._sealed(_fit(raw), keeping.ANSWERED)
            action = await keep_answer(cursor, self.guest, self.said, sealed, self.at)
        row = self._row(action, raw, answer, number)
        if not await cursor.keep(row):
            raise Superseded
        return row.answer

    def _row(self, action: str, raw: str, answer: str, number: int | None) -> Row:
        message_id = self.said.message_id if self.said else ""
        wants_answer = isinstance(self.said, Call) and self.said.wants_answer
        action, message_id, sealed = _fit(action), _fit(message_id), self._sealed(_fit(raw), keeping.FRAME)
        answer, card = _fit(answer) if wants_answer else "", keeping.card_in(self.said)
        mark = self._marks(card)[0] if card else ""
        return Row(self.guest.station_id, self.guest.epoch, self.at, action, message_id, sealed, mark, answer, number)

    def _known(self, call: Call) -> tuple[str, int | None] | None:
        """Return the answer for which nothing is looked up, and the charge that is named; None for another message."""
        spoken = PROTOCOLS[self.guest.protocol]
        if call.payload is None:
            return frames.error(call.message_id, spoken.UNREADABLE, "The payload is no object."), None
        if self.boot == Boot.REJECTED and call.action not in _ALWAYS:
            return frames.error(call.message_id, "SecurityError", "The station is not accepted."), None
        return None if call.action in _LOOKED_UP else self._plain(call, call.payload)

    def _plain(self, call: Call, payload: dict[str, Any]) -> tuple[str, int | None]:
        answer = PROTOCOLS[self.guest.protocol].plain_answer(call.action, self.at)
        if answer is None:
            return frames.error(call.message_id, "NotImplemented", "This message is not known here."), None
        return frames.result(call.message_id, answer), _number(payload)

    async def _answered(self, cursor: Cursor, call: Call) -> tuple[str, int | None]:
        if self.given:
            return self.given, None
        if (known := self._known(call)) is not None:
            return known
        return await self._looked_up(cursor, call, call.payload or {})

    async def _looked_up(self, cursor: Cursor, call: Call, payload: dict[str, Any]) -> tuple[str, int | None]:
        spoken = PROTOCOLS[self.guest.protocol]
        if call.action == "StartTransaction":
            return await self._started(cursor, call.message_id, v16.start(payload))
        if call.action == v201.EVENT:
            return await self._event(cursor, call.message_id, v201.event(payload))
        if call.action == "Authorize":
            return self._authorized(call, await self._decision(cursor, spoken.id_tag(payload))), None
        if call.action == "BootNotification":
            self.boot = await self._welcome(cursor)
            return frames.result(call.message_id, v16.booted(self.boot, self.at)), None
        number = _number(payload)
        await self._change(cursor, _STOPPED, number)
        return frames.result(call.message_id, {}), number

    async def _change(self, cursor: Cursor, statement: LiteralString, number: int | None, **given: Any) -> None:
        """Change the charge of that number, if there is one. Raises `_Taken`."""
        where = {"station": self.guest.station_id, "number": number}
        await cursor.execute(statement + (_WHEN_FREE if self.may_wait else _IF_FREE), where | given)
        if cursor.rowcount or self.may_wait:
            return
        await cursor.execute(_IS_KNOWN, [self.guest.station_id, number])
        if await cursor.fetchone():
            raise _Taken

    async def _started(self, cursor: Cursor, message_id: str, start: v16.Start) -> tuple[str, int]:
        # A clock that stands still gives two charges one name; then a start after a stop is a new one.
        is_other = not v16.is_believed(start.said_at, self.at)
        names = [start.said(mark) for mark in self._marks(start.id_tag)] if start.id_tag else [start.said("")]
        number, found = await self._numbered(cursor, names, start, may_be_other=is_other)
        let_in = v16.authorized(found.verdict, self._group(found))
        return frames.result(message_id, {"transactionId": number, **let_in}), number

    async def _event(self, cursor: Cursor, message_id: str, event: v201.Event) -> tuple[str, int]:
        """A charge begins with whichever of its events comes first: others may be lost, or come late."""
        begins, names = event.kind == "Started", [v201.said(event)]
        if not (begins or event.name or event.start.connector):
            names = await self._only_nameless(cursor) or names
        after = A_NEW_NAME if event.name else timedelta(0)
        number, found = await self._numbered(cursor, names, event.start, event, may_be_other=begins, after=after)
        if event.stop is not None:
            await self._change(cursor, _STOPPED, number)
        let_in = v201.authorized(found.verdict, self._group(found)) if event.has_card else {}
        return frames.result(message_id, let_in), number

    async def _only_nameless(self, cursor: Cursor) -> list[str]:
        """Return what makes the only charge without a name that goes on the same; nothing where there is not one."""
        await cursor.execute(_NAMELESS, [self.guest.station_id, v201.NAMELESS])
        found = [str(said) for (said,) in await cursor.fetchall()]
        return found if len(found) == 1 else []

    async def _numbered(
        self,
        cursor: Cursor,
        names: list[str],
        start: v16.Start,
        event: v201.Event | None = None,
        *,
        may_be_other: bool,
        after: timedelta = timedelta(0),
    ) -> tuple[int, Decision]:
        """Return the number of the charge with one of these names, and what was decided; a new one for a new one.

        The charge gets one also when it is refused: a station that started all the same can end it. may_be_other: one
        that has ended, and began longer ago than `after`, is another charge under the same name. event: that said so,
        of OCPP 2.
        """
        await cursor.execute(_SAME_START, [self.guest.station_id, names])
        row = await cursor.fetchone()
        known = _Charge(*row) if row else None
        if known is not None and not self._is_another(known, event, after if may_be_other else None):
            return known.number, await self._known_decision(cursor, known, start, event)
        number = 1 + secrets.randbelow(LARGEST_NUMBER)
        decision = await self._decision(cursor, start.id_tag, start.connector)
        if known is not None and not known.is_stopped:  # its end was lost
            await self._change(cursor, _STOPPED, known.number)
        where = [self.guest.operator_id, self.guest.station_id, number, names[0], self.at]
        where.append(self._sealed(start.id_tag, keeping.CHARGED_WITH))
        decided = [decision.verdict, decision.basis, self._unasked(start.id_tag, decision)]
        told = [event.asked if event else None, start.connector, _beginning(event)]
        await cursor.execute(_NEW_START, [*where, *decided, *told])
        return number, decision

    async def _known_decision(
        self, cursor: Cursor, known: _Charge, start: v16.Start, event: v201.Event | None
    ) -> Decision:
        """Return what was decided, or the first decision where no card has been shown before.

        What is known of the charge, its outlet for one, is what stands with it: its station may have come back since.
        Of one without a name nobody knows whether it is still the same: nobody is let in for another's card, nor for
        one that has been lost or blocked since.
        """
        id_tag, outlet, told = start.id_tag, start.connector, known.outlet
        decided, group = Decision(Verdict(known.verdict), Basis(known.basis)), None
        if id_tag:
            is_nameless = event is not None and not event.name
            is_others = event is not None and self._is_others_card(known, event)
            # A card that has been decided about is not asked about again.
            self.has_asked |= bool(known.card) and not is_others
            decision = await self._decision(cursor, id_tag, outlet or told)
            group = decision.group
            is_refused = decision.verdict is not Verdict.ACCEPTED and decision.basis is not Basis.PARTNER_TIMEOUT
            if is_others or (is_nameless and known.card and is_refused):
                decided = decision
        if id_tag and not known.card:
            shown = {
                "verdict": decision.verdict,
                "basis": decision.basis,
                "unasked": self._unasked(id_tag, decision),
                "asked": event.asked if event else None,
                "outlet": told or outlet,
            }
            sealed = self._sealed(id_tag, keeping.CHARGED_WITH)
            await self._change(cursor, _CARD_SHOWN, known.number, tag=sealed, **shown)
            return decision
        if outlet and not told:
            await self._change(cursor, _TOLD_WHERE, known.number, outlet=outlet)
        return replace(decided, group=group if decided.verdict is Verdict.ACCEPTED else None)

    def _is_another(self, known: _Charge, event: v201.Event | None, after: timedelta | None) -> bool:
        """Whether what is said is of another charge than the known one of its name. after: None where none begins.

        Of charges without a name also the card that is shown tells: else who comes after one whose end was lost would
        charge for its card. One that is shown at the end, or while it goes on, may be another of the same group. So
        does a beginning at another instant: who comes again with the same card would go on with the earlier charge. One
        whose own beginning has not come began before it was first heard of.
        """
        if after is not None and known.is_stopped and self.at - known.received_at >= after:
            return True
        if (begins := _beginning(event)) is not None and self._begins_anew(known, begins):
            return True
        if event is None or not self._is_others_card(known, event):
            return False
        return event.kind == "Started" or (known.is_stopped and event.stop is None)

    def _begins_anew(self, known: _Charge, begins: datetime) -> bool:
        """Whether a charge without a name that begins then cannot be the known one."""
        if known.began_at is not None:
            return begins != known.began_at
        return v16.is_believed(begins, self.at) and begins > known.received_at + _CLOCKS_DIFFER

    def _is_others_card(self, known: _Charge, event: v201.Event) -> bool:
        """Whether another card is shown than the one with which a charge without a name was begun."""
        if event.name or not (event.start.id_tag and known.card):
            return False
        try:
            of = keeping.unseal(bytes(known.card), keeping.CHARGED_WITH, self.guest.operator_id, card_keys())
        except keeping.Unreadable:
            return True
        return card_numbers.spelled(of) != card_numbers.spelled(event.start.id_tag)

    def _unasked(self, id_tag: str, decision: Decision) -> str:
        if decision.verdict is Verdict.ACCEPTED and decision.basis is Basis.PARTNER_TIMEOUT:
            return Kind.PARTNER
        return self.unasked.get(card_numbers.spelled(id_tag), "")

    def _group(self, decision: Decision) -> str:
        return admission.group_name(decision.group, self.guest.operator_id, card_keys())

    async def _welcome(self, cursor: Cursor) -> str:
        await cursor.execute(_BOOT, {"station": self.guest.station_id})
        (boot,) = await cursor.fetchone() or (Boot.ACCEPTED,)
        return str(boot)

    async def _decision(self, cursor: Cursor, tag: str, outlet: str = "") -> Decision:
        """outlet: at which the charge begins; empty where the station does not tell as it asks."""
        facts = self._asked_of(tag)
        await cursor.execute(_STATION_AND_CARD, facts)
        found = await cursor.fetchone()
        if tag.startswith(admission.GUEST) and _is_accepted(found):
            await cursor.execute(admission.GUEST_ASKED, facts | {"tag": tag})
            if await cursor.fetchone():
                return Decision(Verdict.ACCEPTED, Basis.GUEST)
        return self._decided(tag, found, outlet)

    def _asked_of(self, tag: str) -> dict[str, Any]:
        whose = {"station": self.guest.station_id, "operator": self.guest.operator_id}
        return whose | {"at": self.at, "marks": self._marks(tag)}

    def _decided(self, tag: str, found: Sequence[Any], outlet: str = "") -> Decision:
        """Decide by what `_STATION_AND_CARD` found. Raises `_MustAsk`."""
        if not _is_accepted(found):
            return Decision(Verdict.INVALID, Basis.HELD)
        card = found[1:]
        known = Card(*card) if card[0] is not None else None
        if not self.has_asked and known is not None and known.issuer is not None and admission.is_asked(known):
            raise _MustAsk(known.issuer, card_numbers.spelled(tag), outlet)
        return admission.decide(tag, known, self.partner, is_open=self.is_open)

    def _marks(self, tag: str) -> list[str]:
        return card_numbers.uid_marks(tag, self.guest.operator_id, card_keys())

    def _sealed(self, text: str, column: str) -> bytes:
        return keeping.seal(text, column, self.guest.operator_id, card_keys())


def _beginning(event: v201.Event | None) -> datetime | None:
    """When a charge without a name begins, as the event that begins it says; None of every other."""
    return event.start.said_at if event is not None and not event.name and event.kind == "Started" else None


def _is_accepted(found: Sequence[Any]) -> bool:
    """Whether the station is one where charges begin. found: by `_STATION_AND_CARD`."""
    return bool((found[0] or Boot.ACCEPTED) == Boot.ACCEPTED)


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


def _number(payload: dict[str, Any]) -> int | None:
    number = frames.whole(payload, "transactionId")
    return number if number is not None and abs(number) <= LARGEST_NUMBER else None


def _fit(text: str) -> str:
    """PostgreSQL keeps every sign but one."""
    return text.replace("\x00", "\ufffd")
