"""A station that hops between two gateways while it charges, and one that was away for days."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from charging.models import ChargingSession, StationMessage
from charging.services import station_steps
from portal.tests.gateway.conftest import Gateway
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]
HOPS, CHARGES = 50, 40


def sessions_of(street):
    station_steps.read_waiting(street.operator.pk, clock=timezone.now)
    with tenant_scope(street.operator.pk):
        assert not StationMessage.objects.filter(is_read=False).exists()
        return list(ChargingSession.objects.order_by("started_at"))


def test_one_that_hops_between_two_gateways_while_it_charges_has_one_session(gateway, street):
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    start: dict[str, Any] = {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 1000}
    start["timestamp"] = began.isoformat()
    other, numbers = Gateway(), set()
    try:
        for hop in range(HOPS):
            at = (began + timedelta(minutes=hop + 1)).isoformat()
            with (gateway, other)[hop % 2].station("Torget-1", street.password) as station:
                numbers.add(station.call("StartTransaction", **start)["transactionId"])
                value = [{"timestamp": at, "sampledValue": [{"value": str(1100 + 100 * hop)}]}]
                station.call("MeterValues", connectorId=1, transactionId=min(numbers), meterValue=value)
        with gateway.station("Torget-1", street.password) as station:
            at = (began + timedelta(minutes=HOPS + 5)).isoformat()
            station.call("StopTransaction", transactionId=min(numbers), meterStop=9000, timestamp=at)
    finally:
        other.kill()
    assert len(numbers) == 1
    (session,) = sessions_of(street)
    assert (session.energy_wh, session.state, session.flags) == (8000, "COMPLETED", [])


def test_charges_of_days_without_a_connection_come_at_once_and_each_is_billed_once(gateway, street):
    """The answers of the first attempt are lost on the way; the station says everything once more."""
    first = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)

    def started(number):
        at = (first + timedelta(hours=number)).isoformat()
        return {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 1000 * number, "timestamp": at}

    with gateway.station("Torget-1", street.password) as station:
        for number in range(CHARGES):
            call = [2, f"lost-{number}", "StartTransaction", started(number)]
            station.socket.send(orjson.dumps(call).decode())
        station.heard("lost-0")
    with gateway.station("Torget-1", street.password) as station:
        for number in range(CHARGES):
            charge = station.call("StartTransaction", **started(number))["transactionId"]
            at = (first + timedelta(hours=number, minutes=30)).isoformat()
            stop = {"transactionId": charge, "meterStop": 1000 * number + 100 + number, "timestamp": at}
            for _twice in range(2):
                assert station.call("StopTransaction", **stop) == {}
    found = sessions_of(street)
    assert [row.energy_wh for row in found] == [100 + number for number in range(CHARGES)]
    assert {(row.state, tuple(row.flags)) for row in found} == {("COMPLETED", ())}
