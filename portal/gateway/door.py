"""Who is let in: a station of the operator that the address names, with its password or its certificate."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from charging.domain.ocpp import certificates, commands, passwords, v16, v201
from portal.gateway.store import Cursor, Store

#: What is spoken, the one that is taken of several that a station offers first.
PROTOCOLS = {v201.NEWER: v201, v201.SUBPROTOCOL: v201, v16.SUBPROTOCOL: v16}
LONGEST_IDENTITY = 64
#: So many strangers are remembered for an operator.
MOST_KNOCKS = 200
_OPERATOR = "SELECT id FROM tenants_operator WHERE slug = %s AND state = 'active'"
# Identifiers are compared without case, one that is written exactly so first.
_STATION = """
    SELECT s.id, s.is_active, l.password_kept, l.earlier_kept, l.certificate, l.certificate_until, l.certified_at
    FROM charging_station named JOIN charging_station s ON s.id = coalesce(named.merged_into_id, named.id)
    LEFT JOIN charging_stationlink l ON l.station_id = s.id
    WHERE named.operator_id = %(operator)s AND upper(named.identifier) = upper(%(identity)s::varchar)
    ORDER BY named.identifier = %(identity)s::varchar DESC, named.id LIMIT 1
"""
_CONNECT = """
    UPDATE charging_stationlink SET epoch = epoch + 1, seal_key = %(key)s, protocol = %(protocol)s,
        address = %(address)s, connected_at = %(at)s, seen_at = %(at)s, disconnected_at = NULL,
        earlier_kept = CASE WHEN %(is_newest)s THEN '' ELSE earlier_kept END,
        certified_at = CASE WHEN %(is_certified)s THEN coalesce(certified_at, %(at)s) ELSE certified_at END
    WHERE station_id = %(station)s RETURNING epoch
"""
_KNOCK = """
    INSERT INTO charging_stationknock
        (operator_id, public_id, identity, reason, protocols, address, first_at, last_at, times)
    SELECT %(operator)s, gen_random_uuid(), %(identity)s::varchar, %(reason)s, %(protocols)s, %(address)s,
        %(at)s::timestamptz, %(at)s, 1
    WHERE (SELECT count(*) FROM charging_stationknock k WHERE k.operator_id = %(operator)s) < %(most)s
        OR EXISTS (SELECT 1 FROM charging_stationknock k WHERE k.identity = %(identity)s::varchar)
    ON CONFLICT (operator_id, identity) DO UPDATE SET reason = excluded.reason, protocols = excluded.protocols,
        address = excluded.address, last_at = excluded.last_at, times = charging_stationknock.times + 1
"""
#: Of many stations. One whose row somebody else holds at this moment is noted the next time.
_HEARD = """
    UPDATE charging_stationlink SET seen_at = free.at
    FROM (SELECT l.id, m.at FROM charging_stationlink l
        JOIN unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS m (station_id, epoch, at)
            ON l.station_id = m.station_id AND l.epoch = m.epoch
        FOR NO KEY UPDATE OF l SKIP LOCKED) free
    WHERE charging_stationlink.id = free.id
"""
#: Of a connection that is over: what it had taken waits again, and so does what is harmless to ask twice; of the rest
#: that it had sent nobody knows whether it arrived.
_LET_GO = """
    UPDATE charging_stationcommand
    SET state = CASE WHEN state = 'claimed' OR kind = ANY(%(harmless)s) THEN 'queued' ELSE 'unknown' END,
        done_at = CASE WHEN state = 'claimed' OR kind = ANY(%(harmless)s) THEN NULL ELSE %(at)s::timestamptz END
    WHERE station_id = %(station)s AND state IN ('claimed', 'sent') AND epoch <= %(epoch)s
"""
_GONE = """
    UPDATE charging_stationlink SET disconnected_at = %(at)s, seen_at = greatest(seen_at, %(at)s)
    WHERE station_id = %(station)s AND epoch = %(epoch)s
"""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks to come in, as the request says it."""

    operator: str
    identity: str
    credentials: str
    protocols: tuple[str, ...]
    address: str
    # What tells the certificate that it has proved to hold (`certificates.digest`); empty for none.
    certificate: str = ""

    @property
    def password(self) -> bytes | None:
        """What Basic authentication gives for this identity; None when it names another one or nothing."""
        kind, _, given = self.credentials.partition(" ")
        try:
            plain = base64.b64decode(given, validate=True) if kind.lower() == "basic" else b""
        except ValueError:  # no base64, or bytes that are no ASCII
            return None
        name = f"{self.identity}:".encode()
        return plain[len(name) :] if plain[: len(name)].lower() == name.lower() else None


@dataclass(frozen=True, slots=True)
class Guest:
    """A connection that was let in."""

    operator_id: int
    station_id: int
    epoch: int
    protocol: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A connection that was not."""

    status: HTTPStatus


def visitor(path: str, credentials: str, protocols: str, address: str, certificate: str = "") -> Visitor | None:
    """Read a request; None when its address is none of ours.

    certificate: as the proxy that ended TLS wrote it.
    """
    if not (path + protocols + address).isascii():  # raw bytes that no text of a database can hold
        return None
    parts = path.partition("?")[0].strip("/").split("/", 2)
    if len(parts) != 3 or parts[0] != "ocpp":
        return None
    identity = unquote(parts[2]).replace("\x00", "").strip()
    offered = tuple(each.strip() for each in protocols.split(",") if each.strip())
    if not 0 < len(identity) <= LONGEST_IDENTITY:
        return None
    operator = unquote(parts[1]).replace("\x00", "")
    return Visitor(operator, identity, credentials, offered, address, certificates.digest(certificate))


async def let_in(store: Store, who: Visitor, at: datetime, *, key: str) -> Guest | Refusal:
    """Let a station in, or refuse it and note that it knocked. key: by which what it is told may be sealed for us."""

    async def find_operator(cursor: Cursor) -> int:
        await cursor.execute(_OPERATOR, [who.operator])
        found = await cursor.fetchone()
        return int(found[0]) if found else 0

    operator_id = await store.do(0, find_operator)
    if not operator_id:
        passwords.matches(who.password or b"", "")
        return Refusal(HTTPStatus.NOT_FOUND)

    async def decide(cursor: Cursor) -> Guest | Refusal:
        return await _decided(cursor, operator_id, who, at, key)

    found: Guest | Refusal = await store.do(operator_id, decide, may_wait=True)
    return found


async def _decided(cursor: Cursor, operator_id: int, who: Visitor, at: datetime, key: str) -> Guest | Refusal:
    await cursor.execute(_STATION, {"operator": operator_id, "identity": who.identity})
    station = await cursor.fetchone()
    known: Any = station or (0, False, None, None, "", None, None)
    _, is_active, newest, earlier, certificate, until, certified_at = known
    given = who.password
    is_newest, is_earlier = [passwords.matches(given or b"", each or "") for each in (newest, earlier)]
    is_certified = bool(certificate) and who.certificate == certificate and at < until
    fits = given is not None and (is_newest or is_earlier)
    # The way in may only get safer: who has come by a certificate comes by no password again.
    proven = is_certified or (fits and certified_at is None)
    reason, status = _reason(station, who, is_active=is_active, fits=proven, needs_certificate=certified_at is not None)
    facts: dict[str, Any] = {"operator": operator_id, "identity": who.identity, "address": who.address, "at": at}
    if reason or station is None:
        told = {"reason": reason, "protocols": ", ".join(who.protocols)[:60], "most": MOST_KNOCKS}
        await cursor.execute(_KNOCK, facts | told)
        return Refusal(status)
    protocol = next(each for each in PROTOCOLS if each in who.protocols)
    facts |= {"protocol": protocol, "station": station[0], "is_newest": is_newest, "key": key}
    facts["is_certified"] = is_certified
    await cursor.execute(_CONNECT, facts)
    (epoch,) = await cursor.fetchone() or (0,)
    guest = Guest(operator_id, station[0], epoch, protocol)
    await _let_go(cursor, guest, epoch - 1, at)
    return guest


def _reason(
    station: Any, who: Visitor, *, is_active: bool, fits: bool, needs_certificate: bool
) -> tuple[str, HTTPStatus]:
    if station is None:
        return "unknown", HTTPStatus.NOT_FOUND
    if station[2] is None:
        return "no_password", HTTPStatus.UNAUTHORIZED
    if not fits:
        return "certificate" if needs_certificate else "wrong_password", HTTPStatus.UNAUTHORIZED
    if not is_active:
        return "not_in_use", HTTPStatus.FORBIDDEN
    if not set(PROTOCOLS) & set(who.protocols):
        return "protocol", HTTPStatus.BAD_REQUEST
    return "", HTTPStatus.OK


async def gone(store: Store, guest: Guest, at: datetime) -> None:
    """Note that the connection is over; a newer one of the same station stands."""

    async def note(cursor: Cursor) -> None:
        await cursor.execute(_GONE, {"at": at, "station": guest.station_id, "epoch": guest.epoch})
        await _let_go(cursor, guest, guest.epoch, at)

    await store.do(guest.operator_id, note, may_wait=True)


async def _let_go(cursor: Cursor, guest: Guest, epoch: int, at: datetime) -> None:
    harmless = [str(kind) for kind in commands.HARMLESS]
    await cursor.execute(_LET_GO, {"station": guest.station_id, "epoch": epoch, "harmless": harmless, "at": at})


async def heard(store: Store, operator_id: int, seen: Mapping[Guest, datetime]) -> None:
    """Note that stations of the operator are there, and when they were heard of."""

    async def note(cursor: Cursor) -> None:
        facts = [(guest.station_id, guest.epoch, at) for guest, at in seen.items()]
        await cursor.execute(_HEARD, [list(column) for column in zip(*facts, strict=True)])

    await store.do(operator_id, note)
