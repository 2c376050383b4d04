"""Letting stations connect: the password that is made for one, and a stranger that knocked taken in."""

import contextlib
from datetime import datetime

from django.db import transaction

from charging.domain.errors import Code, CommandRefused
from charging.domain.ocpp import certificates, passwords
from charging.domain.ocpp.admission import Boot
from charging.domain.ocpp.certificates import Certificate, NoCertificate
from charging.domain.ocpp.commands import Kind
from charging.events import Event
from charging.models import Site, Station, StationKnock, StationLink
from charging.services import station_commands, stations
from charging.services.stations import Outlet
from tenants.log.audit import record
from tenants.models import User


@transaction.atomic
def make_password(station: Station, *, at: datetime) -> str:
    """Return a new password for the station, which nobody can be shown again.

    The one that the station has works until it has used the new one, however often a new one is made meanwhile.
    """
    password = passwords.new()
    kept = passwords.kept(password)
    made = {"password_kept": kept, "password_at": at}
    link, is_new = StationLink.objects.select_for_update().get_or_create(station=station, defaults=made)
    if not is_new:
        link.earlier_kept = link.earlier_kept or link.password_kept
        link.password_kept, link.password_at = kept, at
        link.save(update_fields=["earlier_kept", "password_kept", "password_at"])
    StationKnock.objects.filter(identity__iexact=station.identifier).delete()
    record(Event.STATION_PASSWORD_MADE, about=station)
    return password


@transaction.atomic
def set_certificate(station: Station, *, written: str, at: datetime) -> Certificate:
    """Let the station prove itself by this certificate; another one that it had is dead at once.

    Its password lets it in until it has connected by a certificate for the first time, and never again.

    Raises:
        CommandRefused: the station may not connect yet, or this is no certificate, or one that has expired.
    """
    link = StationLink.objects.select_for_update().filter(station=station).first()
    if link is None:
        raise CommandRefused(Code.COMMAND_NO_LINK, station=str(station))
    try:
        found = certificates.read(written)
    except NoCertificate:
        raise CommandRefused(Code.CERTIFICATE_UNREADABLE) from None
    if found.until <= at:
        raise CommandRefused(Code.CERTIFICATE_EXPIRED, until=found.until.date())
    link.certificate, link.certificate_name, link.certificate_until = found.digest, found.name, found.until
    link.save(update_fields=["certificate", "certificate_name", "certificate_until"])
    record(Event.STATION_CERTIFICATE_SET, about=station, sha256=found.digest)
    return found


@transaction.atomic
def remove_certificate(station: Station) -> None:
    """Let no certificate prove the station any more: its password lets it in again."""
    link = StationLink.objects.select_for_update().filter(station=station).first()
    if link is None or not link.certificate:
        return
    link.certificate, link.certificate_name, link.certificate_until, link.certified_at = "", "", None, None
    link.save(update_fields=["certificate", "certificate_name", "certificate_until", "certified_at"])
    record(Event.STATION_CERTIFICATE_REMOVED, about=station)


@transaction.atomic
def receive_as(station: Station, boot: str, *, by: User, at: datetime) -> None:
    """Choose what the station is told as it starts: that it is accepted, held, or turned away.

    Who is held and connected is asked to say at once that it starts, and so hears that it is accepted. One that is
    turned away is asked nothing: it comes again by itself.

    Raises:
        CommandRefused: the station may not connect yet.
    """
    link = StationLink.objects.select_for_update().filter(station=station).first()
    if link is None:
        raise CommandRefused(Code.COMMAND_NO_LINK, station=str(station))
    earlier, link.boot = link.boot, boot
    if earlier == boot:
        return
    link.save(update_fields=["boot"])
    record(Event.STATION_BOOT_CHOSEN, about=station, kind=str(boot))
    if earlier == Boot.PENDING and link.is_connected_at(at):
        with contextlib.suppress(CommandRefused):  # it says so itself within a minute
            station_commands.ask(station, Kind.TRIGGER, by=by, at=at, message="BootNotification")


@transaction.atomic
def adopt(knock: StationKnock, *, site: Site, at: datetime, is_held: bool = False) -> tuple[Station, str]:
    """Make the stranger a station of the site, with one connector, and return it with its password.

    is_held: nobody charges there until somebody accepts it.

    Raises:
        NetworkRefused: there is a station of that name, or the person works for some sites only.
    """
    station = stations.create(identifier=knock.identity, site=site, outlets=[Outlet("1")])
    password = make_password(station, at=at)
    if is_held:
        link = StationLink.objects.get(station=station)
        link.boot = Boot.PENDING
        link.save(update_fields=["boot"])
        record(Event.STATION_BOOT_CHOSEN, about=station, kind=str(Boot.PENDING))
    return station, password
