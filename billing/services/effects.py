"""What a version of a tariff would have made of past months: their sessions priced again, old prices against new ones.

The sessions are those that the tariff's assignments reach, as if they had applied all the time, or those that were
chosen; and of them those that were priced. The old amount is the one they were priced with; the new one is made by the
kernel, and held to as many decimals. Amounts are whole units of 10**-6 of the currency, including VAT.

Sums by hour, weekday, group and kind of payer tell how people live: of a small group they are not kept at all
(`tenants.privacy.small_groups`).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest
from typing import Any, Self

import numpy as np

from billing.domain.arrays import Bools, Exact, Ints
from billing.models import PriceEffect, TariffVersion
from tenants import work
from tenants.privacy import small_groups

#: A session whose price changes by more than a part of this is counted.
MUCH = 4
#: How many sessions and drivers are named, and how many sites and groups are kept apart.
NAMED, KEPT = 10, 100
#: Hours of the day and days of the week (Monday 0) are those of the start, by the site's clock.
PARTS = ("site", "hour", "weekday", "group", "kind")
#: Those that are about people; what a site earns is not.
OF_PEOPLE = PARTS[1:]
#: A double counts whole units up to here.
_EXACT_IN_FLOAT64 = 2**53
#: A part of a month as one number: the month above, the key of the part below.
_PART_BITS = 50


@dataclass(slots=True)
class Sums:
    """Sessions and what they come to, old and new."""

    sessions: int = 0
    old: int = 0
    new: int = 0

    @property
    def change(self) -> int:
        """What they cost more."""
        return self.new - self.old


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Sessions as columns: who, where and when by the keys of `PARTS`, and their old and new amounts.

    month: of the start, by the operator's clock, as months are asked for; counted from any.
    """

    session: Ints
    driver: Ints
    month: Ints
    parts: dict[str, Ints]
    old: Ints
    new: Ints

    def __len__(self) -> int:
        return len(self.session)


class Grouped:
    """Sums of sessions by key, as columns. They are exact, however large."""

    def __init__(self) -> None:
        nothing = np.zeros(0, dtype=np.int64)
        self._keys: Ints = nothing
        #: Of each key: how many sessions, their old and their new amounts.
        self._sums: tuple[Exact, Exact, Exact] = (nothing, nothing, nothing)

    def add(self, keys: Ints, rows: Compared) -> None:
        """Add the sessions to the sums of their keys."""
        sums = (np.ones(len(rows), dtype=np.int64), rows.old, rows.new)
        together = np.concatenate([self._keys, keys])
        self._keys, place = _different(together)
        self._sums = tuple(  # type: ignore[assignment]  # of three
            _summed(place, np.concatenate(columns), len(self._keys)) for columns in zip(self._sums, sums, strict=True)
        )

    def __iter__(self) -> Iterator[tuple[int, Sums]]:
        yield from zip(self._keys.tolist(), map(Sums, *(each.tolist() for each in self._sums)), strict=True)


class Met:
    """The drivers met in each part of a month: no more than `least`, those of the lowest numbers."""

    def __init__(self, least: int) -> None:
        self.least = least
        self._cells: Ints = np.zeros(0, dtype=np.int64)
        self._drivers: Ints = np.zeros(0, dtype=np.int64)

    def add(self, keys: Ints, rows: Compared) -> None:
        """Add the drivers of sessions to the parts of these keys."""
        cells = (rows.month << _PART_BITS) | keys
        new = self._may_matter(cells, rows.driver)
        cells, drivers = np.r_[self._cells, cells[new]], np.r_[self._drivers, rows.driver[new]]
        order = np.lexsort((drivers, cells))
        cells, drivers = cells[order], drivers[order]
        once = np.r_[True, (cells[1:] != cells[:-1]) | (drivers[1:] != drivers[:-1])][: len(cells)]
        cells, drivers = cells[once], drivers[once]
        kept = _place_in_run(cells) < self.least
        self._cells, self._drivers = cells[kept], drivers[kept]

    def people(self) -> dict[tuple[int, int], tuple[int, ...]]:
        """By month and part, as `tenants.privacy.small_groups` wants them."""
        found: dict[tuple[int, int], tuple[int, ...]] = {}
        for cell, driver in zip(self._cells.tolist(), self._drivers.tolist(), strict=True):
            at = cell >> _PART_BITS, cell & ((1 << _PART_BITS) - 1)
            found[at] = (*found.get(at, ()), driver)
        return found

    def _may_matter(self, cells: Ints, drivers: Ints) -> Bools:
        """All but those of parts that are full of drivers with lower numbers: nearly all, before long."""
        full = _place_in_run(self._cells) == self.least - 1
        if not full.any():
            return np.ones(len(cells), dtype=np.bool_)
        full_cells, highest = self._cells[full], self._drivers[full]
        at = np.minimum(np.searchsorted(full_cells, cells), len(full_cells) - 1)
        found: Bools = (full_cells[at] != cells) | (drivers < highest[at])
        return found


Named = list[tuple[int, int, int]]


@dataclass(slots=True)
class Tally:
    """The effect: sums of all and of each part, how many change much, and who and what changes most.

    `most`: (session, old, new), the greatest change first. `dearest`: the same, the greatest rise first.
    `losers`, `winners`: (driver, old, new) of those who pay most more or less. `unpriced`: reached, but without a price
    to compare with. least: of how many drivers a part at least is that tells of people; those of fewer, and what would
    give them away, are `withheld`. is_whole: all sessions of drivers are counted; parts of some of them, beside those
    of all, would tell of the others, so then all are withheld.
    """

    currency: str
    least: int
    is_whole: bool = True
    total: Sums = field(default_factory=Sums)
    parts: dict[str, dict[int, Sums]] = field(default_factory=lambda: {name: {} for name in PARTS})
    withheld: dict[str, list[int]] = field(default_factory=dict)
    raised: int = 0
    lowered: int = 0
    unpriced: int = 0
    lose: int = 0
    win: int = 0
    most: Named = field(default_factory=list)
    dearest: Named = field(default_factory=list)
    losers: Named = field(default_factory=list)
    winners: Named = field(default_factory=list)
    _grouped: dict[str, Grouped] = field(default_factory=lambda: {name: Grouped() for name in (*PARTS, "driver")})
    _met: dict[str, Met] = field(init=False)

    def __post_init__(self) -> None:
        self._met = {name: Met(self.least) for name in OF_PEOPLE}

    def take(self, rows: Compared) -> None:
        """Count sessions."""
        if not len(rows):
            return
        for name, keys in rows.parts.items():
            self._grouped[name].add(keys, rows)
            if name in OF_PEOPLE:
                self._met[name].add(keys, rows)
        self._grouped["driver"].add(rows.driver, rows)
        change = rows.new - rows.old
        much = np.abs(change) > rows.old // MUCH
        self.raised += int((much & (change > 0)).sum())
        self.lowered += int((much & (change < 0)).sum())
        self.most = nlargest(NAMED, [*self.most, *_first(rows, np.abs(change))], key=_size)
        self.dearest = nlargest(NAMED, [*self.dearest, *_first(rows, change)], key=_rise)

    def stored(self) -> dict[str, Any]:
        """As JSON; sums as text, since they may be longer than its numbers. Of all drivers only those named stay."""
        each_part = {name: dict(self._grouped[name]) for name in PARTS}
        drivers = [(key, sums.old, sums.new) for key, sums in self._grouped["driver"] if sums.change]
        losers = [row for row in drivers if row[2] > row[1]]
        winners = [row for row in drivers if row[2] < row[1]]
        withheld = {name: self._withheld(name, each_part[name]) for name in OF_PEOPLE}
        total = [sum(getattr(each, name) for each in each_part["site"].values()) for name in Sums.__slots__]
        return {
            "currency": self.currency,
            "least": self.least,
            "is_whole": self.is_whole,
            "total": _stored(Sums(*total)),
            "parts": {name: _largest(sums, but=withheld.get(name, set())) for name, sums in each_part.items()},
            "withheld": {name: sorted(keys) for name, keys in withheld.items()},
            "raised": self.raised,
            "lowered": self.lowered,
            "unpriced": self.unpriced,
            "lose": len(losers),
            "win": len(winners),
            "most": _texts(self.most),
            "dearest": _texts(self.dearest),
            "losers": _texts(nlargest(NAMED, losers, key=_size)),
            "winners": _texts(nlargest(NAMED, winners, key=_size)),
        }

    def _withheld(self, name: str, parts: Collection[int]) -> set[int]:
        if not self.is_whole:
            return set(parts)
        return small_groups.withheld(self._met[name].people(), least=self.least)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Read what was stored; of what was stored before small groups were withheld, nothing that tells of people."""
        named = ("most", "dearest", "losers", "winners")
        if "least" not in stored:
            stored = {**stored, "least": 0, "parts": {"site": stored["parts"].get("site", [])}}
        return cls(
            **{
                **stored,
                "total": _read(stored["total"]),
                "parts": {name: {key: _read(sums) for key, sums in stored["parts"].get(name, [])} for name in PARTS},
                **{name: [(key, int(old), int(new)) for key, old, new in stored[name]] for name in named},
            }
        )


def _different(keys: Ints) -> tuple[Ints, Ints]:
    """The different keys, ascending, and the place among them of each. Quickly, where they lie close together."""
    lowest = int(keys.min())
    reach = int(keys.max()) - lowest + 1
    if reach > 4 * len(keys) + 1024:
        return np.unique(keys, return_inverse=True)
    there = np.zeros(reach, dtype=np.bool_)
    there[keys - lowest] = True
    return np.flatnonzero(there) + lowest, (np.cumsum(there) - 1)[keys - lowest]


def _summed(place: Ints, amounts: Exact, many: int) -> Exact:
    """Add up the amounts of each place."""
    if amounts.dtype != object and np.abs(amounts.astype(np.float64)).sum() < _EXACT_IN_FLOAT64:
        return np.bincount(place, amounts, many).astype(np.int64)
    sums: Exact = np.zeros(many, dtype=object)
    np.add.at(sums, place, amounts.astype(object))
    return sums


def _place_in_run(ordered: Ints) -> Ints:
    """How far each is from the first of its equals."""
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])
    lengths = np.diff(np.r_[starts, len(ordered)])
    return np.arange(len(ordered)) - np.repeat(starts, lengths)


def _first(rows: Compared, size: Ints) -> Iterator[tuple[int, int, int]]:
    """The rows of the greatest size that change at all; of equals the first."""
    changed = np.flatnonzero((rows.new != rows.old) & (size > 0))
    if len(changed) > NAMED:
        least = np.partition(size[changed], -NAMED)[-NAMED]
        changed = changed[size[changed] >= least]
    chosen = changed[np.lexsort((rows.session[changed], -size[changed]))][:NAMED]
    return zip(rows.session[chosen].tolist(), rows.old[chosen].tolist(), rows.new[chosen].tolist(), strict=True)


def _size(row: tuple[int, int, int]) -> tuple[int, int]:
    return abs(row[2] - row[1]), -row[0]


def _rise(row: tuple[int, int, int]) -> tuple[int, int]:
    return row[2] - row[1], -row[0]


def _largest(sums: dict[int, Sums], *, but: Collection[int]) -> list[Any]:
    shown = [(key, each) for key, each in sums.items() if key not in but]
    kept = sorted(shown, key=lambda each: -abs(each[1].change))[:KEPT]
    return [[key, _stored(each)] for key, each in kept]


def _texts(rows: Named) -> list[list[Any]]:
    return [[key, str(old), str(new)] for key, old, new in rows]


def _stored(sums: Sums) -> list[Any]:
    return [sums.sessions, str(sums.old), str(sums.new)]


def _read(stored: list[Any]) -> Sums:
    sessions, old, new = stored
    return Sums(sessions, int(old), int(new))


def ask(version: TariffVersion, *, at: datetime, purpose: str = PriceEffect.Purpose.PUBLISHING, **wanted: Any) -> None:
    """Have the effect of this version worked out; nothing happens while exactly that is under way.

    wanted: `month` and, unless it is that one alone, `last_month`; of whose sessions: `reach`, `site`, `group`.
    """
    wanted = {"last_month": wanted["month"], "reach": PriceEffect.Reach.ASSIGNED, "site": None, "group": None} | wanted
    wanted["document_sha256"] = version.document_sha256
    PriceEffect.objects.bulk_create(
        [PriceEffect(tariff=version.tariff, purpose=purpose, state=PriceEffect.State.DONE, **wanted)],
        ignore_conflicts=True,
    )
    row = PriceEffect.objects.select_for_update(of=("self",)).get(tariff=version.tariff, purpose=purpose)
    if row.is_open and all(getattr(row, name) == value for name, value in wanted.items()):
        return
    fresh = {"state": PriceEffect.State.WAITING, "queued_at": at, "leased_until": None, "attempts": 0, "error": ""}
    PriceEffect.objects.filter(pk=row.pk).update(**wanted, **fresh, done=0, total=0, result={}, finished_at=None)
    work.enqueue(row)
