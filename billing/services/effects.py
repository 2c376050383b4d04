"""What a tariff's draft would have made of a month: its sessions priced again, old prices against new ones.

The sessions are those that the tariff's assignments reach, as if they had applied all month, and that were priced.
The old amount is the one they were priced with; the new one is made by the kernel of the draft, and held to as many
decimals. Amounts are whole units of 10**-6 of the currency, including VAT.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from heapq import nlargest
from typing import Any, Self

from billing.models import PriceEffect, TariffVersion
from tenants import work

#: A session whose price changes by more than a part of this is counted.
MUCH = 4
#: How many sessions are named, and how many sites are kept apart.
NAMED, SITES = 10, 100


@dataclass(slots=True)
class Sums:
    """Sessions and what they come to, old and new."""

    sessions: int = 0
    old: int = 0
    new: int = 0

    def add(self, old: int, new: int) -> None:
        """One session more."""
        self.sessions += 1
        self.old += old
        self.new += new


@dataclass(slots=True)
class Tally:
    """The effect: sums of all and of each site, how many change much, and the sessions that change most.

    `most`: (session, old, new), the greatest change first. `unpriced`: reached, but without a price to compare with.
    """

    currency: str
    total: Sums = field(default_factory=Sums)
    sites: dict[int, Sums] = field(default_factory=dict)
    raised: int = 0
    lowered: int = 0
    unpriced: int = 0
    most: list[tuple[int, int, int]] = field(default_factory=list)

    def take(self, rows: Iterable[tuple[int, int, int, int]]) -> None:
        """Count sessions: (session, site, old, new) each."""
        changed = []
        for session, site, old, new in rows:
            self.total.add(old, new)
            self.sites.setdefault(site, Sums()).add(old, new)
            if MUCH * abs(new - old) > old:
                self.raised += new > old
                self.lowered += new < old
            if new != old:
                changed.append((session, old, new))
        self.most = nlargest(NAMED, [*self.most, *changed], key=lambda row: (abs(row[2] - row[1]), -row[0]))

    def stored(self) -> dict[str, Any]:
        """As JSON; sums as text, since they may be longer than its numbers."""
        sites = sorted(self.sites.items(), key=lambda site: -abs(site[1].new - site[1].old))[:SITES]
        return asdict(self) | {
            "total": _stored(self.total),
            "sites": [[key, _stored(sums)] for key, sums in sites],
            "most": [[session, str(old), str(new)] for session, old, new in self.most],
        }

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Read what was stored."""
        return cls(
            **{
                **stored,
                "total": _read(stored["total"]),
                "sites": {key: _read(sums) for key, sums in stored["sites"]},
                "most": [(session, int(old), int(new)) for session, old, new in stored["most"]],
            }
        )


def _stored(sums: Sums) -> list[Any]:
    return [sums.sessions, str(sums.old), str(sums.new)]


def _read(stored: list[Any]) -> Sums:
    sessions, old, new = stored
    return Sums(sessions, int(old), int(new))


def ask(draft: TariffVersion, *, month: date, at: datetime) -> None:
    """Have the effect of this draft on a month worked out; nothing happens while exactly that is under way."""
    wanted = {"document_sha256": draft.document_sha256, "month": month}
    PriceEffect.objects.bulk_create(
        [PriceEffect(tariff=draft.tariff, state=PriceEffect.State.DONE, **wanted)], ignore_conflicts=True
    )
    row = PriceEffect.objects.select_for_update(of=("self",)).get(tariff=draft.tariff)
    if row.is_open and (row.document_sha256, row.month) == (draft.document_sha256, month):
        return
    fresh = {"state": PriceEffect.State.WAITING, "queued_at": at, "leased_until": None, "attempts": 0, "error": ""}
    PriceEffect.objects.filter(pk=row.pk).update(**wanted, **fresh, done=0, total=0, result={}, finished_at=None)
    work.enqueue(row)
