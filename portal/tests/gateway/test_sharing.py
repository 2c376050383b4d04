"""A site's power is shared over its stations as charges begin and end, and never more is given than there is."""

from datetime import timedelta
from decimal import Decimal

import orjson
import pytest

from charging.domain.errors import CommandRefused
from charging.domain.ocpp.commands import Kind
from charging.models import Connector, SiteLimit, StationCommand, StationLink
from charging.services import site_limits, station_commands
from portal.tests.gateway.test_reading import NOW, Told
from tenants.scoping import tenant_scope

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def stations(north):
    """Two stations of one site, of 22 kW each."""
    first, second = Told(north), Told(north, "Torget-2")
    with tenant_scope(north.pk):
        second.station.site = first.station.site
        second.station.save(update_fields=["site"])
        StationLink.objects.update(connected_at=NOW)
    return first, second


def limit(stations, amperes):
    with tenant_scope(stations[0].operator.pk):
        site_limits.keep(stations[0].station.site, limit=Decimal(amperes), unit="A", at=NOW)


def waiting(stations):
    """What each station is being told now."""
    with tenant_scope(stations[0].operator.pk):
        rows = StationCommand.objects.filter(state="queued").order_by("pk")
        return {row.station.identifier: row.wanted.get("limit", row.kind) for row in rows.select_related("station")}


def answers(told, state="answered"):
    with tenant_scope(told.operator.pk):
        command = StationCommand.objects.get(station=told.station, state="queued")
        StationCommand.objects.filter(pk=command.pk).update(state=state)
    raw = orjson.dumps([3, str(command.public_id), {"status": "Accepted"}]).decode()
    told.says("SetChargingProfile", at=LATER, raw=raw)
    told.read(LATER)


def test_what_one_gives_up_another_gets_and_only_then(stations):
    first, second = stations
    limit(stations, 40)
    assert waiting(stations) == {"Torget-1": 20, "Torget-2": 20}
    answers(first)
    answers(second)
    first.starts()
    first.read()
    assert waiting(stations) == {"Torget-2": 6}, "the one that is to have more waits"
    answers(second)
    assert waiting(stations) == {"Torget-1": 31.8}
    answers(first)
    second.starts(8)
    second.read()
    assert waiting(stations) == {"Torget-1": 20}
    answers(first)
    assert waiting(stations) == {"Torget-2": 20}
    answers(second)
    first.stops(2000)
    first.read()
    assert waiting(stations) == {"Torget-1": 6}


def test_one_that_does_not_answer_keeps_the_others_from_more(stations):
    first, second = stations
    limit(stations, 40)
    answers(first)
    answers(second, state="timed_out")
    first.starts()
    first.read()
    assert "Torget-1" not in waiting(stations)
    with tenant_scope(first.operator.pk):
        site_limits.balance(at=NOW + timedelta(minutes=10))
    assert set(waiting(stations)) == {"Torget-2"}, "it is asked again"


def test_nothing_is_said_twice(stations):
    limit(stations, 40)
    for told in stations:
        answers(told)
    with tenant_scope(stations[0].operator.pk):
        site_limits.balance(at=LATER)
    assert waiting(stations) == {}


def test_by_hand_only_an_outlet_is_limited_there(stations, otto):
    limit(stations, 40)
    station = stations[0].station
    with tenant_scope(stations[0].operator.pk):
        with pytest.raises(CommandRefused):
            station_commands.ask(station, Kind.LIMIT, by=otto, at=NOW, limit=10.0, unit="A")
        station_commands.ask(station, Kind.LIMIT, by=otto, at=NOW, connector="1", limit=10.0, unit="A")


def test_lifted_each_is_told_so(stations, otto):
    limit(stations, 40)
    for told in stations:
        answers(told)
    with tenant_scope(stations[0].operator.pk):
        site_limits.lift(SiteLimit.objects.get(), by=otto, at=LATER)
        assert not SiteLimit.objects.exists()
    assert waiting(stations) == {"Torget-1": "clear_limit", "Torget-2": "clear_limit"}


def test_a_station_whose_power_nobody_knows_is_told_its_share_too(stations):
    with tenant_scope(stations[0].operator.pk):
        Connector.objects.update(max_power_w=None)
    limit(stations, 40)
    assert waiting(stations) == {"Torget-1": 20, "Torget-2": 20}
