"""The demonstration's stations at the real gateway: they charge with meters that sign, and do what they are asked."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from charging.domain.ocpp.commands import Kind
from charging.domain.signed.proof import Verdict
from charging.models import ChargingSession, StationCommand, StationSetting
from charging.selectors import signed_values
from charging.services import meter_keys, station_commands, station_steps
from portal.demo.stations import SigningMeter, Simulated
from portal.tests.gateway.conftest import PATIENCE_S
from tenants.scoping import tenant_scope

pytestmark = [pytest.mark.django_db(transaction=True)]


@contextmanager
def living(gateway, street, *, faults=(), minute_s=0.02) -> Iterator[Simulated]:
    """A station of the demonstration that lives beside the test."""
    station = Simulated(
        url=gateway.url("Torget-1"), identity="Torget-1", password=street.password, power_w=22_000,
        cards=[street.card.uid], faults=faults, minute_s=minute_s, meter=SigningMeter("SIM1"),
    )  # fmt: skip
    loop = asyncio.new_event_loop()
    task = loop.create_task(station.live())
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.gather(task, return_exceptions=True)))
    thread.start()
    try:
        yield station
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def until(found):
    """What it finds, once it finds something."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := found()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def ended(street):
    station_steps.read_waiting(street.operator.pk, clock=timezone.now)
    with tenant_scope(street.operator.pk):
        return list(ChargingSession.objects.filter(state="COMPLETED").select_related("connector").order_by("pk"))


@pytest.mark.parametrize(("faults", "found"), [((), Verdict.GOOD), (("forged",), Verdict.BAD)])
def test_its_meter_signs_what_it_charges(gateway, street, faults, found, monkeypatch):
    monkeypatch.setattr("portal.demo.stations.ONE_IN", 1)
    meter = SigningMeter("SIM1")
    with tenant_scope(street.operator.pk):
        meter_keys.register(
            street.connector, written=meter.public_key, curve="", serial="SIM1", since=date(2020, 1, 1), until=None
        )
    with living(gateway, street, faults=faults):
        sessions = until(lambda: ended(street))
    with tenant_scope(street.operator.pk):
        assert {proof.verdict for proof in signed_values.proofs(sessions).values()} == {found}


ASKED: list[tuple[Kind, dict[str, Any], str]] = [
    (Kind.READ_SETTINGS, {}, ""),
    (Kind.CHANGE_SETTING, {"key": "HeartbeatInterval", "value": "60"}, ""),
    (Kind.LIMIT, {"limit": 16.0, "unit": "A"}, ""),
    (Kind.GET_SCHEDULE, {}, ""),
    (Kind.CLEAR_LIMIT, {}, ""),
    (Kind.READ_NAMED, {"names": ["HeartbeatInterval", "Nothing"]}, ""),
    (Kind.UPDATE_FIRMWARE, {"location": "https://a.example", "when": "2026-11-20T08:00:00Z"}, "Installed"),
    (Kind.GET_LOG, {"location": "https://a.example"}, "Uploaded"),
]


def test_it_does_what_it_is_asked_and_tells_how_it_goes_on(gateway, street, olga):
    def done():
        station_steps.read_waiting(street.operator.pk, clock=timezone.now)
        with tenant_scope(street.operator.pk):
            rows = list(StationCommand.objects.order_by("pk"))
        return rows if [row.progress for row in rows] == [word for _, _, word in ASKED] else None

    with living(gateway, street):
        for kind, what, _ in ASKED:
            with tenant_scope(street.operator.pk):
                station_commands.ask(street.station, kind, by=olga, at=timezone.now(), **what)
        rows = until(done)
    assert [row.state for row in rows] == ["answered"] * len(ASKED)
    with tenant_scope(street.operator.pk):
        assert StationSetting.objects.get(name="HeartbeatInterval").value == "60"


def test_an_outlet_is_kept_for_a_card_until_that_is_cancelled():
    station = Simulated(url="", identity="", password="", power_w=1, cards=[])
    held = {"connectorId": 1, "idTag": "A", "reservationId": 7, "expiryDate": "2099-01-01T00:00:00Z"}
    assert station._reserve(held) == {"status": "Accepted"}
    assert station._is_kept_from("B")
    assert not station._is_kept_from("A")
    assert station._reserve({**held, "idTag": "B"}) == {"status": "Occupied"}
    assert station._cancel({"reservationId": 8}) == {"status": "Rejected"}
    assert station._cancel({"reservationId": 7}) == {"status": "Accepted"}
    assert not station._is_kept_from("B")
