"""`bin/manage simulate_stations`: stations of the demonstration connect and charge, until stopped."""

import asyncio
import time
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from charging.models import Connector, MeterKey, Token
from charging.services import meter_keys, station_links
from portal import env
from portal.demo.stations import FAULTS, SigningMeter, Simulated
from portal.management import arguments
from tenants.actor import acting
from tenants.models import Operator
from tenants.scoping import tenant_scope
from tenants.selectors import people

CARDS = 50
#: How long it waits for stations to appear, where it speaks for a whole demonstration.
LOOK_S = 60


class Command(BaseCommand):
    """Gives each station a new password and speaks for it. Refused where the portal is no demonstration."""

    help = "Let stations of an operator connect and charge, as real ones would, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--operator", help="its short name; without one those of the demonstration")
        parser.add_argument("--gateway", type=arguments.gateway, default=_gateway(), help="where stations connect to")
        parser.add_argument("--stations", type=arguments.count, default=5, help="how many of an operator")
        parser.add_argument(
            "--minute", type=arguments.seconds, default=1.0, help="how many seconds a minute of charging takes"
        )
        parser.add_argument("--signed", action="store_true", help="their meters sign what they measure, in OCMF")
        parser.add_argument("--faults", nargs="*", choices=FAULTS, default=[], help="what goes wrong now and then")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMONSTRATION:
            raise CommandError("This is no demonstration (WATTLEDGER_DEMONSTRATION is off).")
        while not (stations := [each for operator in _operators(options) for each in _prepared(operator, options)]):
            if options["operator"]:
                raise CommandError(
                    "The operator has no station with a connector 1 of known power, or no card of a driver."
                )
            time.sleep(LOOK_S)
        self.stdout.write(f"{len(stations)} stations connect to {options['gateway']}. Ctrl-C ends it.")
        try:
            asyncio.run(_live(stations))
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")


def _gateway() -> str:
    return f"ws://127.0.0.1:{env.number('GATEWAY_PORT', env.number('PORT', 8000) + 2)}"


def _operators(options: dict[str, Any]) -> list[Operator]:
    if not options["operator"]:
        return list({member.operator_id: member.operator for member in people.demonstration()}.values())
    operator = Operator.objects.filter(slug=options["operator"]).first()
    if operator is None:
        raise CommandError(f"There is no operator {options['operator']!r}.")
    return [operator]


def _prepared(operator: Operator, options: dict[str, Any]) -> list[Simulated]:
    with acting(task="simulate_stations"), tenant_scope(operator.pk):
        return _stations(operator, options)


def _stations(operator: Operator, options: dict[str, Any]) -> list[Simulated]:
    paid = Token.objects.filter(driver__is_active=True, is_blocked=False).order_by("pk")
    cards = [card.uid for card in paid[:CARDS]]
    outlets = Connector.objects.filter(number="1", station__is_active=True, max_power_w__isnull=False)
    chosen = outlets.select_related("station__site").order_by("pk")[: options["stations"] if cards else 0]
    return [
        Simulated(
            url=f"{options['gateway']}/ocpp/{operator.slug}/{quote(outlet.station.identifier, safe='')}",
            identity=outlet.station.identifier,
            password=station_links.make_password(outlet.station, at=timezone.now()),
            power_w=outlet.max_power_w or 0,
            cards=cards,
            faults=tuple(options["faults"]),
            minute_s=options["minute"],
            meter=_meter(outlet) if options["signed"] else None,
        )
        for outlet in chosen
    ]


def _meter(outlet: Connector) -> SigningMeter:
    """A meter for the outlet, whose key is registered from the first time on."""
    meter, today = SigningMeter(f"SIM{outlet.pk:08}"), timezone.localdate(timezone=outlet.station.site.zone)
    if not MeterKey.objects.filter(connector=outlet, serial=meter.serial).exists():
        meter_keys.register(outlet, written=meter.public_key, curve="", serial=meter.serial, since=today, until=None)
    return meter


async def _live(stations: list[Simulated]) -> None:
    async with asyncio.TaskGroup() as group:
        for station in stations:
            group.create_task(station.live())
