"""How fast the price engine is, and how much memory it takes: `python -m benchmarks.rating [FILE]`.

It prices charge detail records of six tariff shapes with about 3.5 periods each: energy with a fee, energy with parking,
twenty-four hourly prices, power bands, current with weekdays, and a grace period. Without a file it makes its own mix;
with one it takes JSON lines (or a gzip of them) as the `price` command reads them. Everything runs on one core.

Three figures: columns to slices (the kernel alone), JSON text to priced JSON text (what `bin/manage price --json` does),
and one session at a time. Each size runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import gc
import gzip
import json
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from billing.domain.arrays import Ints, ints, offsets_of
from billing.domain.cdr.columns import columns
from billing.domain.cdr.decoded import Cdr, decode
from billing.domain.cdr.lines import price_lines
from billing.domain.cdr.tariffs import TariffSet, key_of, read_set
from billing.domain.explained.price_of import session_price
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.rating import rate
from billing.domain.sessions.columns import Periods, Sessions
from billing.domain.tariff.model import Tariff

ZONE = "Europe/Amsterdam"
SIZES = (1_000, 10_000, 100_000, 1_000_000)
BATCH = 100_000
TEXT_LINES = 40_000
#: Shapes of the mix and how many of 2,000 sessions have them.
SHARES = {"energy_flat": 811, "energy_parking": 477, "tou24": 313, "current": 194, "power": 106, "grace": 99}
WORKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]


# The mix


def component(kind: str, price: float, vat: float, step: int) -> dict[str, Any]:
    """An OCPI price component."""
    return {"type": kind, "price": price, "vat": vat, "step_size": step}


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    """An OCPI tariff element."""
    found: dict[str, Any] = {"price_components": list(components)}
    return found | ({"restrictions": restrictions} if restrictions else {})


def tariff_of(shape: str, variant: int) -> dict[str, Any]:
    """A tariff of this shape; variants differ in their prices."""
    return {
        "country_code": "NL",
        "party_id": "TST",
        "id": f"{shape}-{variant}",
        "currency": "EUR",
        "elements": list(_ELEMENTS[shape](variant)),
        "last_updated": "2025-01-01T00:00:00Z",
    }


def _hours(variant: int) -> list[dict[str, Any]]:
    hourly = [
        element(
            component("ENERGY", round(0.18 + (hour * 7 + variant) % 13 / 100, 2), 21.0, 1),
            start_time=f"{hour:02d}:00",
            end_time=f"{(hour + 1) % 24:02d}:00",
        )
        for hour in range(24)
    ]
    return [*hourly, element(component("PARKING_TIME", 1.5, 21.0, 60))]


_ELEMENTS: dict[str, Callable[[int], list[dict[str, Any]]]] = {
    "energy_flat": lambda variant: [
        element(component("FLAT", 0.35, 21.0, 1), component("ENERGY", round(0.30 + variant / 100, 2), 21.0, 1))
    ],
    "energy_parking": lambda variant: [
        element(
            component("FLAT", 0.5, 20.0, 1),
            component("ENERGY", round(0.33 + variant / 100, 2), 10.0, 100),
            component("PARKING_TIME", 4.0, 20.0, 900),
        )
    ],
    "tou24": _hours,
    "power": lambda _: [
        element(component("ENERGY", 0.20, 21.0, 1), max_power=16.0),
        element(component("ENERGY", 0.35, 21.0, 1), max_power=32.0),
        element(component("ENERGY", 0.50, 21.0, 1)),
    ],
    "current": lambda _: [
        element(component("FLAT", 2.5, 15.0, 1)),
        element(component("TIME", 1.0, 20.0, 900), max_current=32.0),
        element(component("TIME", 2.0, 20.0, 600), min_current=32.0, day_of_week=WORKDAYS),
        element(component("TIME", 1.25, 20.0, 600), min_current=32.0, day_of_week=["SATURDAY", "SUNDAY"]),
        element(component("PARKING_TIME", 5.0, 10.0, 300), start_time="09:00", end_time="18:00", day_of_week=WORKDAYS),
        element(
            component("PARKING_TIME", 6.0, 10.0, 300), start_time="10:00", end_time="17:00", day_of_week=["SATURDAY"]
        ),
    ],
    "grace": lambda _: [
        element(component("PARKING_TIME", 0.0, 0.0, 60), max_duration=5400),
        element(component("PARKING_TIME", 3.0, 21.0, 60), min_duration=5400),
        element(component("ENERGY", 0.0, 21.0, 1), max_kwh=1.0),
        element(component("ENERGY", 0.39, 21.0, 1), min_kwh=1.0),
    ],
}


def made_lines(count: int) -> list[bytes]:
    """Lines of the mix, the same every time."""
    chance = random.Random(20250101)  # a mix, not a secret
    shapes = chance.choices(list(SHARES), weights=list(SHARES.values()), k=count)
    tariffs = {(shape, variant): tariff_of(shape, variant) for shape in SHARES for variant in range(4)}
    return [_line(chance, number, tariffs[shape, chance.randrange(4)], shape) for number, shape in enumerate(shapes)]


def _line(chance: random.Random, number: int, tariff: dict[str, Any], shape: str) -> bytes:
    start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(300 * 86400))
    at, periods = start, []
    for _ in range(chance.randint(1, 4)):
        length, power = chance.randint(300, 7200), round(chance.uniform(2, 45), 4)
        dimensions = [("ENERGY", power * length / 3600), ("TIME", length / 3600)]
        if shape == "power":
            dimensions += [("MIN_POWER", power), ("MAX_POWER", power)]
        if shape == "current":
            dimensions += [("MIN_CURRENT", power), ("MAX_CURRENT", power)]
        periods.append(_period(at, dimensions, tariff["id"]))
        at += timedelta(seconds=length)
    if chance.random() < 0.6:
        length = chance.randint(300, 9000)
        periods.append(_period(at, [("PARKING_TIME", length / 3600)], tariff["id"]))
        at += timedelta(seconds=length)
    return json.dumps({"cdr": _cdr(number, start, at, periods), "tariff": tariff}).encode()


def _period(at: datetime, dimensions: list[tuple[str, float]], tariff_id: str) -> dict[str, Any]:
    return {
        "start_date_time": _text(at),
        "dimensions": [{"type": kind, "volume": round(volume, 4)} for kind, volume in dimensions],
        "tariff_id": tariff_id,
    }


def _cdr(number: int, start: datetime, end: datetime, periods: list[dict[str, Any]]) -> dict[str, Any]:
    """A complete CDR: what a price does not depend on has to be skipped, too."""
    return {
        "country_code": "NL",
        "party_id": "TST",
        "id": f"C{number:07d}",
        "start_date_time": _text(start),
        "end_date_time": _text(end),
        "session_id": f"S{number:07d}",
        "cdr_token": {"country_code": "NL", "party_id": "EMS", "uid": "0123456789ABCD", "type": "RFID"},
        "auth_method": "WHITELIST",
        "currency": "EUR",
        "cdr_location": {
            "id": "LOC1",
            "address": "Street 1",
            "city": "Utrecht",
            "coordinates": {"latitude": "52.090000", "longitude": "5.120000"},
            "evse_uid": "1",
            "evse_id": "NL*TST*E1",
            "connector_id": "1",
        },
        "charging_periods": periods,
        "total_cost": {"excl_vat": 0.0, "incl_vat": 0.0},
        "last_updated": _text(end),
    }


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_lines(path: str | None) -> list[bytes]:
    """The lines of a file, or of the mix."""
    if path is None:
        return made_lines(2_000)
    raw = Path(path).read_bytes()
    return (gzip.decompress(raw) if path.endswith(".gz") else raw).splitlines()


# What is measured


@dataclass(frozen=True)
class Mix:
    """The lines as columns, with the tariff of each session by index."""

    sessions: Sessions
    tariffs: tuple[Tariff, ...]


def parsed(lines: list[bytes]) -> Mix:
    """The columns of some lines, each with one tariff."""
    decoded = [decode(line) for line in lines]
    keys = {key: index for index, key in enumerate(dict.fromkeys(map(key_of, decoded)))}
    sets = [read_set(key) for key in keys]
    tariffs = tuple(one.tariffs[0] for one in sets if isinstance(one, TariffSet))
    cdrs: list[Cdr] = [line.cdr for line in decoded]
    periods = [period for cdr in cdrs for period in cdr.charging_periods]
    of_period = [keys[key_of(line)] for line in decoded for _ in line.cdr.charging_periods]
    return Mix(columns(cdrs, periods, ZONE, ints(of_period)).sessions, tariffs)


def repeated(mix: Mix, count: int) -> Sessions:
    """The first `count` sessions of the mix laid end to end as often as needed."""
    sessions, periods = mix.sessions, mix.sessions.measured
    assert isinstance(periods, Periods)
    times = -(-count // len(sessions))
    lengths = np.tile(np.diff(periods.offsets), times)[:count]
    offsets = offsets_of(lengths)

    def tiled(column: Ints, size: int) -> Ints:
        return np.tile(column, times)[:size]

    def of_periods(column: Ints | None) -> Ints | None:
        return None if column is None else tiled(column, int(offsets[-1]))

    return replace(
        sessions,
        start=tiled(sessions.start, count),
        end=tiled(sessions.end, count),
        charging_end=tiled(sessions.charging_end, count),
        fault=tiled(sessions.fault, count),
        flags=tiled(sessions.flags, count),
        measured=Periods(
            offsets=offsets,
            start=tiled(periods.start, int(offsets[-1])),
            energy=tiled(periods.energy, int(offsets[-1])),
            charging=tiled(periods.charging, int(offsets[-1])),
            parking=tiled(periods.parking, int(offsets[-1])),
            reserved=of_periods(periods.reserved),
            min_power=of_periods(periods.min_power),
            max_power=of_periods(periods.max_power),
            min_current=of_periods(periods.min_current),
            max_current=of_periods(periods.max_current),
            tariff=of_periods(periods.tariff),
        ),
    )


def best(act: Callable[[], object], *, times: int) -> float:
    """Seconds of processor time of the fastest run: what one core needs, whatever else the machine does."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        act()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def peak_mb() -> float:
    """The greatest memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_columns(path: str | None, count: int) -> str:
    """One row: `count` sessions as columns in, all totals and slices kept."""
    mix = parsed(read_lines(path))
    before = peak_mb()
    batches = [repeated(mix, min(BATCH, count - first)) for first in range(0, count, BATCH)]
    inputs = peak_mb() - before
    kept: list[Rated] = []

    def price() -> None:
        kept.clear()
        kept.extend(rate(batch, mix.tariffs) for batch in batches)

    seconds = best(price, times=3 if count > BATCH else 7)
    slices = sum(len(one.owner) for one in kept) / count
    return f"| {count:,} | {count / seconds:,.0f} | {slices:.1f} | {inputs:,.0f} MB | {peak_mb():,.0f} MB |"


def measure_text(path: str | None, count: int) -> str:
    """One row: `count` lines of JSON in, priced lines of JSON out."""
    lines = read_lines(path)
    lines = (lines * -(-count // len(lines)))[:count]
    size = sum(map(len, lines)) / len(lines)
    gc.disable()
    seconds = best(lambda: [sum(map(len, out)) for out, _ in price_lines(lines, zone=ZONE)], times=5)
    return f"| {count:,} | {count / seconds:,.0f} | {size:,.0f} bytes | {peak_mb():,.0f} MB |"


def measure_single(path: str | None, count: int) -> str:
    """One row: one session, from columns to plain values."""
    line = read_lines(path)[0]
    mix = parsed([line])
    priced = best(lambda: [rate(mix.sessions, mix.tariffs) for _ in range(count)], times=5) / count
    viewed = best(lambda: [session_price(rate(mix.sessions, mix.tariffs), 0) for _ in range(count)], times=5) / count
    return f"| 1 | {priced * 1000:.2f} ms | {viewed * 1000:.2f} ms |"


def alone(measure: Callable[[str | None, int], str], path: str | None, count: int) -> str:
    """Measure in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (path, count))


def main(path: str | None = None) -> None:
    """Print the tables."""
    print(f"Charge detail records: {path or 'the mix of six tariff shapes'}; one core.\n")
    print("| sessions (columns in, slices out) | a second | slices a session | columns in | peak memory |")
    print("|---|---|---|---|---|")
    for count in SIZES:
        print(alone(measure_columns, path, count), flush=True)
    print("\n| lines (JSON in, priced JSON out) | a second | a line | peak memory |")
    print("|---|---|---|---|")
    for count in (1_000, TEXT_LINES):
        print(alone(measure_text, path, count), flush=True)
    print("\n| session | priced | with its plain values |")
    print("|---|---|---|")
    print(alone(measure_single, path, 200), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:2])
