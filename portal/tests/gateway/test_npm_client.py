"""A station of another house, in another language and strict about every message, charges and is commanded."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from charging.domain.ocpp.commands import Kind
from charging.models import ChargingSession, StationCommand
from charging.services import station_commands, station_steps
from portal.tests.gateway.conftest import PATIENCE_S
from tenants.scoping import tenant_scope

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="this machine has no npm"),
]
FOLDER = Path(__file__).parent / "npm"
CARD = "04A1B2C3D4"


@pytest.fixture(scope="module")
def program():
    """The client, laid beside its program by npm, against its lock."""
    lay = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(lay, cwd=FOLDER, check=True, timeout=300)
    return FOLDER / "station.mjs"


@pytest.mark.parametrize(
    ("protocol", "let_in"),
    [
        ("ocpp1.6", lambda answers: answers["StartTransaction"]["idTagInfo"]),
        ("ocpp2.0.1", lambda answers: answers["Authorize"]["idTokenInfo"]),
    ],
)
def test_it_charges_and_obeys(gateway, street, program, protocol, let_in):
    told = {
        "endpoint": f"ws://127.0.0.1:{gateway.port}/ocpp/north",
        "identity": "Torget-1",
        "password": street.password,
        "protocol": protocol,
        "card": CARD,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    command = ["node", str(program), json.dumps(told)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as station:
        assert station.stderr
        assert station.stderr.readline() == "charged\n", station.communicate(timeout=PATIENCE_S)
        asked = reset(street)
        printed, complaints = station.communicate(timeout=PATIENCE_S)
    assert (station.returncode, complaints) == (0, "")
    answers = json.loads(printed)
    assert answers["BootNotification"]["status"] == "Accepted"
    assert let_in(answers)["status"] == "Accepted"
    assert answers["Heartbeat"]["currentTime"]
    station_steps.read_waiting(street.operator.pk, clock=timezone.now)
    with tenant_scope(street.operator.pk):
        (session,) = ChargingSession.objects.all()
        assert StationCommand.objects.get(pk=asked.pk).status == "Accepted"
    assert (session.energy_wh, session.driver_id, session.state) == (900, street.driver.pk, "COMPLETED")


def reset(street):
    olga = get_user_model().objects.create_user("olga@example.com", "x", name="Olga")
    with tenant_scope(street.operator.pk):
        return station_commands.ask(street.station, Kind.RESET, by=olga, at=timezone.now(), hard=False)
