"""Corrections beside what is stored: what would change, and what that means in money."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.selectors import session_ledger, stakes
from billing.selectors.session_ledger import Entry
from billing.selectors.stakes import Stake
from charging.domain import corrections, holders
from charging.domain.holders import Held
from charging.domain.limits import Limits
from charging.domain.reasons import SETTLING
from charging.models import ChargingSession, Connector, Correction, FileImport, Token
from charging.selectors import sessions, tokens
from tenants.models import Driver

Review = ChargingSession.Review


@dataclass(frozen=True, slots=True)
class Difference:
    """A correction and the session it is about, with the facts that would be others.

    said: the session as it would be. unknown: what is named and is not there. now, then: what it costs (is billed, or
    would be billed by the terms of now; nothing of what is written off) and what it would; None without a price.
    """

    correction: Correction
    entry: Entry
    said: ChargingSession
    changed: tuple[str, ...]
    unknown: tuple[str, ...]
    currency: str
    now: Decimal | None
    then: Decimal | None

    @property
    def more(self) -> Decimal | None:
        """What it would cost more."""
        return None if self.now is None or self.then is None else self.then - self.now


def open_ones(row: FileImport | None = None, *, session: str = "") -> QuerySet[Correction]:
    """Return the corrections that wait for a decision, newest first: all, or those of a file or of some sessions.

    session: a part of a session's id.
    """
    rows = Correction.objects.filter(state=Correction.State.OPEN).select_related("file_import").order_by("-pk")
    rows = rows if row is None else rows.filter(file_import=row)
    return rows.filter(session__external_id__icontains=session) if session else rows


def files(asked: UUID | None = None) -> QuerySet[FileImport]:
    """The files that say something that waits for a decision, the newest first; and the one that is asked for."""
    waiting = open_ones().order_by().values("file_import")
    return FileImport.objects.filter(Q(pk__in=waiting) | Q(public_id=asked)).order_by("-pk")


def beside(rows: Sequence[Correction]) -> list[Difference]:
    """Return each correction beside its session, in their order. A fixed number of queries."""
    whole = sessions.whole(ChargingSession.objects.filter(pk__in={row.session_id for row in rows}))
    entries = {entry.session.pk: entry for entry in session_ledger.entries(whole)}
    seen = [row for row in rows if row.session_id in entries]
    said = _said(seen, {pk: entry.session for pk, entry in entries.items()})
    stored = [entries[row.session_id].session for row in seen]
    off = stays_off(stored)
    costs_now = _costs(stored, [row.review == Review.WRITTEN_OFF for row in stored])
    costs_then = _costs(said, [row.pk in off or _is_still_nothing(row) for row in said])
    return [
        _difference(row, entries[row.session_id], *each)
        for row, each in zip(seen, zip(said, costs_now, costs_then, strict=True), strict=True)
    ]


def stays_off(rows: Iterable[ChargingSession]) -> set[int]:
    """Return of which sessions other facts bill nobody either, by their ids.

    They were written off for more than that nothing was charged, or are a guest's. One query at most.
    """
    off = [row for row in rows if row.review == Review.WRITTEN_OFF]
    by_itself = [row for row in off if row.flags == [SETTLING]]
    return {row.pk for row in off} - {row.pk for row in by_itself} | sessions.of_guests(by_itself)


def _is_still_nothing(said: ChargingSession) -> bool:
    """Whether it was written off by itself, and would be by these facts."""
    if said.review != Review.WRITTEN_OFF or said.flags != [SETTLING] or said.ended_at is None:
        return False
    return bool(Limits().is_in_vain(said.energy_wh, (said.ended_at - said.started_at).total_seconds()))


def payer(session: ChargingSession, changed: dict[str, Any], histories: dict[int, list[Held[int]]]) -> int | None:
    """Return who pays for the session once these facts are others.

    Whoever has it by its card stays the payer only while they had the card; a payer whom a person chose stays.
    """
    if not changed.keys() & {"token_id", "started_at"}:
        return session.driver_id
    by_card = {held.who for held in histories.get(session.token_id or 0, ())}
    if session.driver_id is not None and session.driver_id not in by_card:
        return session.driver_id
    token = changed.get("token_id", session.token_id)
    return holders.holder(histories.get(token, ()), changed.get("started_at", session.started_at)) if token else None


def cards(pairs: Iterable[tuple[ChargingSession, dict[str, Any]]]) -> dict[int, list[Held[int]]]:
    """Return who had the cards that sessions have or would have."""
    found = {token for session, changed in pairs for token in (session.token_id, changed.get("token_id")) if token}
    return tokens.histories(found)


def _said(rows: Sequence[Correction], known: dict[int, ChargingSession]) -> list[ChargingSession]:
    """The sessions as they would be; never to be saved."""
    known_said = ((known[row.session_id], row.said) for row in rows)
    pairs = [(session, corrections.changes(corrections.stored(session), said)) for session, said in known_said]
    histories = cards(pairs)
    outlets = _in_bulk(Connector.objects.select_related("station__site"), pairs, "connector_id")
    named = _in_bulk(Token.objects.all(), pairs, "token_id")
    payers = [payer(session, changed, histories) for session, changed in pairs]
    drivers = Driver.objects.in_bulk({pk for pk in payers if pk})
    found = []
    for (session, changed), pays in zip(pairs, payers, strict=True):
        other = copy(session)
        for name, value in changed.items():
            setattr(other, name, value)
        if "connector_id" in changed:  # one out of sight is not shown
            outlet = outlets.get(changed["connector_id"], session.connector)
            other.connector, other.station, other.site = outlet, outlet.station, outlet.station.site
        if token := named.get(changed.get("token_id")):
            other.token = token
        other.driver = drivers.get(pays) if pays else None
        found.append(other)
    return found


def _in_bulk(rows: Any, pairs: Sequence[tuple[ChargingSession, dict[str, Any]]], name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = rows.in_bulk({changed[name] for _, changed in pairs if changed.get(name)})
    return found


def _costs(rows: Sequence[ChargingSession], off: Sequence[bool]) -> list[tuple[str, Decimal] | None]:
    ended = [row for row in rows if row.ended_at is not None]
    found = iter(stakes.of(ended))
    costs: list[tuple[str, Decimal] | None] = []
    for row, is_off in zip(rows, off, strict=True):
        stake = next(found) if row.ended_at is not None else None
        costs.append((stake.currency, Decimal(0) if is_off else _billed(row, stake)) if stake else None)
    return costs


def _billed(row: ChargingSession, stake: Stake) -> Decimal:
    return stake.energy if row.review == Review.ENERGY_ONLY else stake.amount


def _difference(
    row: Correction,
    entry: Entry,
    said: ChargingSession,
    now: tuple[str, Decimal] | None,
    then: tuple[str, Decimal] | None,
) -> Difference:
    before, after = corrections.stored(entry.session), corrections.stored(said)
    billed = entry.amount is not None and entry.price is not None
    return Difference(
        row,
        entry,
        said,
        tuple(name for name in corrections.COMPARED if before[name] != after[name]),
        tuple(corrections.unknown(row.said)),
        entry.price.currency if billed and entry.price else (now or then or ("", None))[0],
        entry.amount if billed else (now and now[1]),
        (then and then[1]),
    )
