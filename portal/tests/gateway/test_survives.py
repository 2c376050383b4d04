"""Both processes for real, from a socket to a session, killed on the way; and a client that is none of ours."""

import asyncio
import base64
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from django.conf import settings
from ocpp.v16 import ChargePoint, call  # type: ignore[import-untyped]
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from charging.models import ChargingSession, StationMessage
from portal.tests.gateway.conftest import PATIENCE_S, address_of
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CHARGES = 12


class Reader:
    """`bin/manage read_stations` against the test database, or the one whose address is named."""

    def __init__(self, address=""):
        self.address = address or address_of("app")
        self.start()

    def start(self):
        own = {"DATABASE_ROLE": "app", "DATABASE_URL": self.address, "WATTLEDGER_ENV": "test"}
        environment = {**os.environ, **own}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "read_stations"]
        self.process = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def reader(transactional_db):
    running = Reader()
    yield running
    running.kill()


def now():
    return datetime.now(UTC).isoformat()


def sessions_of(street):
    with tenant_scope(street.operator.pk):
        return list(ChargingSession.objects.order_by("pk"))


def wait_for(condition, what):
    deadline = time.monotonic() + 3 * PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def is_all_read(street):
    with tenant_scope(street.operator.pk):
        return not StationMessage.objects.filter(is_read=False).exists()


def test_killed_on_the_way_every_charge_becomes_one_session_with_its_energy(gateway, reader, street):
    for number in range(CHARGES):
        start = {"connectorId": 1, "idTag": "04A1B2C3D4", "meterStart": 1000 * number, "timestamp": now()}
        with gateway.station("Torget-1", street.password) as station:
            station.call("StartTransaction", **start)
        if number % 4 == 1:
            gateway.kill()
            gateway.start()
        if number % 4 == 2:
            reader.kill()
            reader.start()
        with gateway.station("Torget-1", street.password) as station:
            charge = station.call("StartTransaction", **start)["transactionId"]  # its answer may have been lost
            stop = {"transactionId": charge, "meterStop": 1000 * number + 100 + number, "timestamp": now()}
            station.call("StopTransaction", **stop)
            station.call("StopTransaction", **stop)
    wait_for(lambda: is_all_read(street), "messages are not read")
    found = sessions_of(street)
    assert [row.energy_wh for row in found] == [100 + number for number in range(CHARGES)]
    assert {row.state for row in found} == {"COMPLETED"}


def test_a_client_that_is_none_of_ours_charges(gateway, reader, street):
    async def charge():
        basic = base64.b64encode(f"Torget-1:{street.password}".encode()).decode()
        async with connect(
            gateway.url("Torget-1"),
            subprotocols=[Subprotocol("ocpp1.6")],
            additional_headers={"Authorization": f"Basic {basic}"},
        ) as socket:
            station = ChargePoint("Torget-1", socket)
            listening = asyncio.create_task(station.start())
            boot = await station.call(call.BootNotification(charge_point_model="X", charge_point_vendor="Acme"))
            assert boot.status == "Accepted"
            await station.call(call.StatusNotification(connector_id=1, error_code="NoError", status="Preparing"))
            let_in = await station.call(call.Authorize(id_tag="04A1B2C3D4"))
            assert let_in.id_tag_info["status"] == "Accepted"
            began = await station.call(
                call.StartTransaction(connector_id=1, id_tag="04A1B2C3D4", meter_start=0, timestamp=now())
            )
            sampled = [{"timestamp": now(), "sampled_value": [{"value": "500"}]}]
            await station.call(
                call.MeterValues(connector_id=1, transaction_id=began.transaction_id, meter_value=sampled)
            )
            await station.call(
                call.StopTransaction(transaction_id=began.transaction_id, meter_stop=900, timestamp=now())
            )
            assert (await station.call(call.Heartbeat())).current_time
            listening.cancel()

    asyncio.run(charge())
    wait_for(lambda: is_all_read(street), "messages are not read")
    (session,) = sessions_of(street)
    assert (session.energy_wh, session.driver_id, session.state) == (900, street.driver.pk, "COMPLETED")
