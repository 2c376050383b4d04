"""Random tariffs and sessions, chosen so that boundaries fall inside the sessions again and again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from billing.domain.tariff.model import (
    WEEKDAYS,
    Dimension,
    Element,
    Price,
    PriceComponent,
    ReservationKind,
    Restrictions,
    Tariff,
)
from billing.tests.domain.judge import Metered, Period


def epoch(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


#: Places and instants at which something happens: midnights, changes of month and year, both changes of the clock.
SCENES = [
    ("Europe/Stockholm", epoch("2026-03-29T00:50:00")),
    ("Europe/Stockholm", epoch("2025-10-26T00:50:00")),
    ("Europe/Stockholm", epoch("2025-12-31T22:50:00")),
    ("Europe/Lisbon", epoch("2025-06-06T22:50:00")),
    ("America/New_York", epoch("2025-11-02T05:50:00")),
    ("Australia/Lord_Howe", epoch("2025-10-04T15:20:00")),
    ("Asia/Kathmandu", epoch("2025-02-28T18:05:00")),
    ("UTC", epoch("2025-02-12T23:50:00")),
]

prices = st.decimals(min_value=0, max_value=10, places=4).map(lambda value: value.normalize() + 0)
vats = st.sampled_from([None, Decimal(0), Decimal(6), Decimal(25), Decimal("25.5"), Decimal("8.875")])
steps = st.sampled_from([0, 1, 7, 60, 500, 900])
kwh = st.sampled_from([Decimal(text) for text in ("0", "0.1", "0.5", "1", "1.0001", "2")])
durations = st.sampled_from([0, 1, 60, 300, 599, 600, 901])
clocks = st.sampled_from([time(h, m) for h in (0, 1, 2, 3, 23) for m in (0, 1, 30, 55)])
dates = st.sampled_from([date(2025, 6, 7), date(2025, 10, 26), date(2026, 1, 1), date(2026, 3, 29)])
readings = st.sampled_from([Decimal(1), Decimal(2), Decimal("7.5"), Decimal(16)])


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


@st.composite
def restrictions(draw: st.DrawFn, *, power: bool = True, reservation: bool = False) -> Restrictions:
    kinds = ["clock", "dates", "days", "kwh", "duration"] + (["power", "current"] if power else [])
    asked = draw(st.lists(st.sampled_from(kinds), max_size=2, unique=True))
    fields: dict[str, Any] = {}
    if "clock" in asked:
        fields |= {"start_time": draw(maybe(clocks)), "end_time": draw(maybe(clocks))}
    if "dates" in asked:
        fields |= {"start_date": draw(maybe(dates)), "end_date": draw(maybe(dates))}
    if "days" in asked:
        chosen = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True))
        fields["day_of_week"] = tuple(name for name in WEEKDAYS if name in chosen)
    for name, values in (("kwh", kwh), ("duration", durations), ("power", readings), ("current", readings)):
        if name in asked:
            fields |= {f"min_{name}": draw(maybe(values)), f"max_{name}": draw(maybe(values))}
    if reservation:
        fields["reservation"] = draw(st.sampled_from(ReservationKind))
    return Restrictions(**fields)


@st.composite
def elements(draw: st.DrawFn, *, power: bool = True, reservations: bool = False) -> Element:
    reservation = reservations and draw(st.booleans())
    dimensions = [Dimension.FLAT, Dimension.TIME] if reservation else list(Dimension)
    components = draw(
        st.lists(st.builds(PriceComponent, st.sampled_from(dimensions), prices, vats, steps), min_size=1, max_size=3)
    )
    return Element(tuple(components), draw(restrictions(power=power, reservation=reservation)))


@st.composite
def limits(draw: st.DrawFn) -> Price:
    excl = draw(st.decimals(min_value=0, max_value=20, places=2))
    return Price(excl, draw(maybe(st.just(excl * Decimal("1.25")))))


@st.composite
def tariffs(draw: st.DrawFn, *, power: bool = True, reservations: bool = False, name: str = "T") -> Tariff:
    listed = draw(st.lists(elements(power=power, reservations=reservations), min_size=1, max_size=5))
    low, high = draw(maybe(limits())), draw(maybe(limits()))
    if low and high and low.excl_vat > high.excl_vat:
        high = None
    return Tariff(
        id=name,
        currency="SEK",
        elements=tuple(listed),
        min_price=low,
        max_price=high,
        tax_included=draw(st.booleans()),
    )


@st.composite
def metered(draw: st.DrawFn) -> tuple[Metered, list[int], int]:
    """A session of ours in slots of 5 minutes: (session as the judge sees it, Wh of each slot, first slot's start)."""
    zone, about = draw(st.sampled_from(SCENES))
    start = about + draw(st.integers(-300, 600))
    end = start + draw(st.integers(0, 1300))
    charging_end = draw(st.integers(start, end))
    first = start - draw(st.integers(0, 299))
    wh = draw(st.lists(st.integers(0, 900), min_size=1, max_size=6))
    counted, points = 0, [(start, 0)]
    for place, energy in enumerate(wh, start=1):
        counted += energy * 1000
        points.append((min(max(first + place * 300, start), end), counted))
    return Metered(start, end, charging_end, zone, points), wh, first


@st.composite
def received(draw: st.DrawFn, tariffs: list[Tariff]) -> tuple[str, list[Period]]:
    """Charging periods: a reservation perhaps, then charging, parking or both in any order."""
    zone, at = draw(st.sampled_from(SCENES))
    at += draw(st.integers(-600, 600))
    periods = []
    for _ in range(draw(st.integers(1, 6))):
        end = at + draw(st.integers(0, 900))
        period = Period(at, end, tariff=draw(st.sampled_from(tariffs)))
        for kind in draw(st.lists(st.sampled_from(["energy", "charging", "parking", "reserved"]), max_size=3)):
            if kind == "energy":
                period.energy_mwh = draw(st.integers(0, 20_000)) * 100
            else:
                setattr(period, kind, Fraction(draw(st.integers(0, 2500)), 10**4))
        _add_readings(draw, period)
        periods.append(period)
        at = end
    return zone, periods


def _add_readings(draw: st.DrawFn, period: Period) -> None:
    for low, high in (("min_power", "max_power"), ("min_current", "max_current")):
        values = sorted(draw(st.lists(readings, min_size=2, max_size=2)))
        for field, value in zip((low, high), values, strict=True):
            if draw(st.booleans()):
                setattr(period, field, Fraction(value))
