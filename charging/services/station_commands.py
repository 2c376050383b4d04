"""Asking something of a station: kept as a row, which the gateway that has its connection sends."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from charging.domain.errors import Code, CommandRefused
from charging.domain.ocpp import commands, secrecy
from charging.domain.ocpp.admission import Boot, Verdict
from charging.domain.ocpp.commands import Kind
from charging.events import Event
from charging.models import Station, StationCommand, StationLink
from charging.selectors import admission, site_limits
from charging.services import card_rules
from charging.site_scope import limited_to
from tenants.actor import acting
from tenants.log.audit import record
from tenants.models import User

#: So many wait for one station at most.
MOST_OPEN = 20
#: Whoever has had a command for so long is gone: a connection gives back or settles what it has within seconds.
FORGOTTEN = timedelta(minutes=5)
_State = StationCommand.State
_WITH_CARD = (Kind.START, Kind.RESERVE)
#: How much waits for a station, once its link is locked; and the gateway is told, which hears of it with the commit.
#: Told of what is then refused it finds nothing.
_WAITING_AND_RING = """
    SELECT count(*), pg_notify('commands', %s) FROM charging_stationcommand WHERE station_id = %s AND state = ANY(%s)
"""


def ask(
    station: Station, kind: Kind, *, by: User, at: datetime, card: str = "", connector: str = "", **wanted: Any
) -> StationCommand:
    """Keep what is asked of the station, and tell the gateway. Its answer stands in the row, soon.

    What is refused is refused before anything is written, so it needs no savepoint in the scope's transaction.

    card: the UID of the card that a charge is started or an outlet reserved for. connector: the number of the outlet,
    where it is about one.

    Raises:
        CommandRefused: the station may not connect, has too much waiting, or cannot be asked this; the card would not
            be let in; or there is a password in it and the station is not connected, so nobody could keep it.
    """
    link = _checked(station, kind, connector, wanted)
    if kind in {Kind.LIMIT, Kind.CLEAR_LIMIT} and not connector and site_limits.is_shared(station):
        raise CommandRefused(Code.COMMAND_SHARED, site=str(station.site))
    if kind in _WITH_CARD and (decision := admission.decision(card, at=at)).verdict != Verdict.ACCEPTED:
        raise CommandRefused(Code.COMMAND_CARD_REFUSED, basis=str(decision.basis))
    if connector:
        wanted["connector"] = connector
    command = _kept(station, kind, wanted, link, at=at, asked_by=by, id_tag=card)
    record(Event.STATION_ASKED, about=station, kind=kind, connector=connector)
    return command


def ask_for_guest(station: Station, kind: Kind, *, at: datetime, connector: str = "", **wanted: Any) -> StationCommand:
    """Ask for somebody who has no account: to start a charge with what `wanted` calls `guest`, or to end it.

    The log tells that it was asked, and neither from which address nor by which browser: guests are told so.

    Raises:
        CommandRefused: as `ask`.
    """
    link = _checked(station, kind, connector, wanted)
    if connector:
        wanted["connector"] = connector
    with acting():
        command = _kept(station, kind, wanted, link, at=at, id_tag=str(wanted.get("guest", "")))
        record(Event.STATION_ASKED, about=station, kind=kind, connector=connector)
    return command


def ask_all(asked: Sequence[tuple[Station, dict[str, Any]]], kind: Kind, *, by: User, at: datetime) -> list[str]:
    """Ask each of the stations with what belongs to it; return those that could not be asked."""
    refused = []
    for station, wanted in asked:
        try:
            ask(station, kind, by=by, at=at, **wanted)
        except CommandRefused:
            refused.append(str(station))
    return refused


def tell_share(station: Station, limit: Decimal, unit: str, *, at: datetime) -> None:
    """Tell a station its share of the site's power. Nobody asks for it, so the log says only who set the site's limit.

    Raises:
        CommandRefused: as `ask`.
    """
    link = _checked(station, Kind.LIMIT, "", {})
    _kept(station, Kind.LIMIT, {"limit": float(limit), "unit": unit, "shared": True}, link, at=at)


def _number(station: Station) -> int:
    """A number that nothing which the station was asked has."""
    while True:
        number = 1 + secrets.randbelow(commands.LARGEST_REQUEST)
        if not StationCommand.objects.filter(station=station, wanted__request=number).exists():
            return number


def _kept(
    station: Station,
    kind: Kind,
    wanted: dict[str, Any],
    link: StationLink,
    *,
    at: datetime,
    asked_by: User | None = None,
    id_tag: str = "",
) -> StationCommand:
    """Keep it."""
    if kind in commands.NUMBERED:
        wanted["request"] = _number(station)
    if kind is Kind.EMPTY_LIST:
        wanted["version"] = _version(at)
    if kind is Kind.LIMIT:
        wanted["when"] = commands.written(at)
    wanted, hidden = secrecy.apart(wanted)
    value = str(wanted.pop("value", "")) if kind is Kind.CHANGE_SETTING else ""
    if hidden and not (link.seal_key and link.is_connected_at(at)):
        raise CommandRefused(Code.COMMAND_NEEDS_CONNECTION, station=str(station))
    return StationCommand.objects.create(
        station=station,
        kind=kind,
        wanted=wanted,
        value=value,
        id_tag=id_tag,
        hidden=secrecy.seal(hidden, link.seal_key) if hidden else None,
        asked_by=asked_by,
        asked_at=at,
        not_after=at + commands.patience(kind),
    )


def forget_cards(*, at: datetime) -> None:
    """Have all stations forget which cards they have let in, and empty a list of their own: none is let in unasked.

    All of the operator's, whatever sites somebody sees; one that is away is told when it comes back. The gateway finds
    them by itself.
    """
    card_rules.tell()
    with limited_to(None):
        links = StationLink.objects.filter(station__is_active=True, station__merged_into=None, connected_at__lte=at)
        for kind in commands.DEADLY:
            waiting = StationCommand.objects.filter(kind=kind, state=_State.QUEUED, not_after__gt=at)
            told = links.exclude(station__in=waiting.values("station")).values_list("station", flat=True)
            facts: dict[str, Any] = {"kind": kind, "asked_at": at, "not_after": at + commands.patience(kind)}
            facts["wanted"] = {"version": _version(at)} if kind is Kind.EMPTY_LIST else {}
            StationCommand.objects.bulk_create((StationCommand(station_id=pk, **facts) for pk in told), batch_size=1000)


def _version(at: datetime) -> int:
    """The number of a list: later ones have higher ones, whoever made those before."""
    return min(round(at.timestamp()), commands.LARGEST_REQUEST)


def settle(*, at: datetime) -> int:
    """Note what has become of commands that nobody can send or answer any more; return of how many."""
    rows = StationCommand.objects.all()
    late = rows.filter(state=_State.QUEUED, not_after__lte=at).update(state=_State.EXPIRED, done_at=at, hidden=None)
    # A gateway that was killed says nothing; its stations come back to another connection, or not at all.
    back = rows.filter(state=_State.CLAIMED, claimed_at__lt=at - FORGOTTEN).update(state=_State.QUEUED)
    lost = rows.filter(state=_State.SENT, sent_at__lt=at - FORGOTTEN).update(state=_State.UNKNOWN, done_at=at)
    return late + back + lost


def progressed(station: Station, kind: Kind, *, word: str, request: int | None, at: datetime) -> str:
    """Note how far the station says it has come with what it was asked; a remark where nobody asked it.

    request: the number that it names, where its protocol has one; else it means what it was asked last.
    """
    rows = StationCommand.objects.filter(station=station, kind=kind, sent_at__lte=at).order_by("-pk")
    if request is not None:
        rows = rows.filter(wanted__request=request)
    command = rows.select_for_update().first()
    if command is None:
        return "not_asked"
    if command.progress_at is None or command.progress_at <= at:
        command.progress, command.progress_at = word, at
        command.save(update_fields=["progress", "progress_at"])
    return ""


def _checked(station: Station, kind: Kind, connector: str, wanted: dict[str, Any]) -> StationLink:
    """Return the station's link, locked, when it can be asked this; the gateway is told that it is."""
    link = StationLink.objects.select_for_update().filter(station=station).first()
    if link is None or not station.is_active or station.merged_into_id is not None:
        raise CommandRefused(Code.COMMAND_NO_LINK, station=str(station))
    if link.boot == Boot.REJECTED or (link.boot == Boot.PENDING and kind in commands.CHARGING):
        raise CommandRefused(Code.COMMAND_NOT_ACCEPTED, station=str(station))
    if connector and not re.fullmatch(commands.NUMBER, connector):
        raise CommandRefused(Code.COMMAND_CONNECTOR, connector=connector)
    if any(commands.is_secret(str(name)) for name in [wanted.get("key", ""), *wanted.get("names", [])]):
        raise CommandRefused(Code.COMMAND_PASSWORD)
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING_AND_RING,
            [f"{station.operator_id}:{station.pk}", station.pk, [str(state) for state in commands.OPEN]],
        )
        (waiting, _) = cursor.fetchone()
    if waiting >= MOST_OPEN:
        raise CommandRefused(Code.COMMANDS_WAIT, station=str(station), most=MOST_OPEN)
    return link
