"""Things for billing tests: a network with sessions, a day and night tariff, made by the real services."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import connection

from billing.models import InvoiceRun, Tariff
from billing.services import rating, run_steps, runs, tariffs
from charging.models import ChargingSession, Connector, Site, Station
from tenants.models import Driver, User
from tenants.scoping import current_operator_id
from tenants.services.people import drivers

#: 2.00 by day (06-22), 1.00 at night, 5.00 a session, all plus 25 % VAT; 0.60 a minute of parking.
DAY_NIGHT: dict[str, Any] = {
    "elements": [
        {"price_components": [{"type": "FLAT", "price": "5.00", "vat": "25"}]},
        {
            "price_components": [{"type": "ENERGY", "price": "2.00", "vat": "25"}],
            "restrictions": {"start_time": "06:00", "end_time": "22:00"},
        },
        {"price_components": [{"type": "ENERGY", "price": "1.00", "vat": "25"}]},
        {"price_components": [{"type": "PARKING_TIME", "price": "36.00", "vat": "25"}]},
    ]
}
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 2, 9, tzinfo=UTC)
_numbers = count(1)


def flat(price: str = "2.00", vat: str | None = "25") -> dict[str, Any]:
    """A tariff document with one energy price."""
    component = {"type": "ENERGY", "price": price} | ({} if vat is None else {"vat": vat})
    return {"elements": [{"price_components": [component]}]}


def driver(name: str = "Dana Driver", **facts: Any) -> Driver:
    return drivers.create(name=name, **facts)


def connector(site: Site | None = None) -> Connector:
    number = next(_numbers)
    site = site or Site.objects.create(name=f"Site {number}", time_zone="Europe/Stockholm")
    station = Station.objects.create(site=site, identifier=f"ST{number}")
    return Connector.objects.create(station=station)


def session(at: Connector, payer: Driver | None, *, start: datetime = OCTOBER, kwh: int = 10, **facts: Any) -> Any:
    """A closed session of one hour with four quarter-hour slots."""
    values: dict[str, Any] = {
        "source": "test",
        "external_id": f"S{next(_numbers)}",
        "site": at.station.site,
        "station": at.station,
        "connector": at,
        "driver": payer,
        "started_at": start,
        "ended_at": start + timedelta(hours=1),
        "energy_wh": kwh * 1000,
        "series_start": start,
        "series_interval_s": 900,
        "series_wh": [kwh * 250] * 4,
        "state": ChargingSession.State.COMPLETED,
    }
    return ChargingSession.objects.create(**{**values, **facts})


def tariff(
    document: dict[str, Any] | None = None,
    *,
    name: str = "",
    currency: str = "SEK",
    by: User | None = None,
    **target: Any,
) -> Tariff:
    """A published tariff, assigned to the target (everywhere when none is named)."""
    made = tariffs.create(name=name or f"Tariff {next(_numbers)}", currency=currency, document=document or flat())
    tariffs.publish(made.versions.get(), valid_from=EPOCH, by=by, at=EPOCH)
    tariffs.assign(made, valid_from=EPOCH, **target)
    return made


def in_another_stretch() -> None:
    """Let the next session's id be of another stretch than the last one's, so that they may be of two shares."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('charging_chargingsession', 'id')) FROM generate_series(1, 3000)"
        )


def rate_all() -> int:
    return rating.rate_beyond(limit=10_000)[0]


def drafted(month: datetime = OCTOBER, at: datetime = NOVEMBER) -> InvoiceRun:
    """A run with all chunks done."""
    run = run_steps.draft_month(current_operator_id(), month.date(), by=None, clock=lambda: at)
    assert run.state == InvoiceRun.State.READY
    return run


def issued(month: datetime = OCTOBER, at: datetime = NOVEMBER) -> InvoiceRun:
    return runs.issue(drafted(month, at), by=None, at=at)
