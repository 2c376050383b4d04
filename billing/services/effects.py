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

from billing.domain.arrays import Exact, Ints
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
_EXACT_IN_INT64 = 2**62


@dataclass(slots=True)
class Sums:
    """Sessions and what they come to, old and new."""

    sessions: int = 0
    old: int = 0
    new: int = 0

    def add(self, sessions: int, old: int, new: int) -> None:
        """So many sessions more."""
        self.sessions += sessions
        self.old += old
        self.new += new

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
    drivers: dict[int, Sums] = field(default_factory=dict)
    people: dict[str, dict[tuple[int, int], tuple[int, ...]]] = field(
        default_factory=lambda: {name: {} for name in OF_PEOPLE}
    )
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

    def take(self, rows: Compared) -> None:
        """Count sessions."""
        if not len(rows):
            return
        self.total.add(len(rows), int(rows.old.sum(dtype=object)), int(rows.new.sum(dtype=object)))
        for name, keys in rows.parts.items():
            _add(self.parts[name], keys, rows)
            if name in OF_PEOPLE:
                _meet(self.people[name], keys, rows, least=self.least)
        _add(self.drivers, rows.driver, rows)
        change = rows.new - rows.old
        much = np.abs(change) > rows.old // MUCH
        self.raised += int((much & (change > 0)).sum())
        self.lowered += int((much & (change < 0)).sum())
        self.most = nlargest(NAMED, [*self.most, *_first(rows, np.abs(change))], key=_size)
        self.dearest = nlargest(NAMED, [*self.dearest, *_first(rows, change)], key=_rise)

    def stored(self) -> dict[str, Any]:
        """As JSON; sums as text, since they may be longer than its numbers. Of all drivers only those named stay."""
        drivers = [(key, sums.old, sums.new) for key, sums in self.drivers.items() if sums.change]
        losers = [row for row in drivers if row[2] > row[1]]
        winners = [row for row in drivers if row[2] < row[1]]
        withheld = {name: self._withheld(name) for name in OF_PEOPLE}
        return {
            "currency": self.currency,
            "least": self.least,
            "is_whole": self.is_whole,
            "total": _stored(self.total),
            "parts": {name: _largest(sums, but=withheld.get(name, set())) for name, sums in self.parts.items()},
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

    def _withheld(self, name: str) -> set[int]:
        if not self.is_whole:
            return set(self.parts[name])
        return small_groups.withheld(self.people[name], least=self.least)

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


def _add(into: dict[int, Sums], keys: Ints, rows: Compared) -> None:
    """Add the sessions to the sums of their keys."""
    order = np.argsort(keys, kind="stable")
    found, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    old, new = (_exact(amounts)[order] for amounts in (rows.old, rows.new))
    sums = zip(
        found.tolist(),
        counts.tolist(),
        np.add.reduceat(old, starts).tolist(),
        np.add.reduceat(new, starts).tolist(),
        strict=True,
    )
    for key, sessions, was, becomes in sums:
        into.setdefault(key, Sums()).add(sessions, was, becomes)


def _meet(into: dict[tuple[int, int], tuple[int, ...]], keys: Ints, rows: Compared, *, least: int) -> None:
    """Add the drivers to those met in each part of a month."""
    order = np.lexsort((rows.driver, keys, rows.month))
    months, parts, drivers = rows.month[order], keys[order], rows.driver[order]
    starts = np.flatnonzero(np.r_[True, (months[1:] != months[:-1]) | (parts[1:] != parts[:-1])])
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
        cell = int(months[start]), int(parts[start])
        met = np.unique(drivers[start:end])[:least].tolist()
        into[cell] = small_groups.first([*into.get(cell, ()), *met], least=least)


def _exact(amounts: Ints) -> Exact:
    """The amounts as numbers whose sum cannot overflow."""
    return amounts.astype(object) if int(np.abs(amounts).max()) > _EXACT_IN_INT64 // len(amounts) else amounts


def _first(rows: Compared, size: Ints) -> Iterator[tuple[int, int, int]]:
    """The rows of the greatest size that change at all; of equals the first."""
    changed = np.flatnonzero((rows.new != rows.old) & (size > 0))
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
