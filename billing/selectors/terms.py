"""Which tariff version prices a session: by driver, then account, group, station, site, then everywhere.

Among assignments of the same target the one that began last wins; of the tariff's published versions
the newest one in force. Both are judged at the start of the session. The same choice serves one
session on a page and a batch of thousands: it is made on columns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np
import orjson

from billing.batches import Batch
from billing.domain.arrays import Bools, Ints
from billing.domain.kernel.turns import Turns
from billing.domain.tariff import model as ocpi
from billing.models import TariffAssignment, TariffVersion
from billing.selectors import vat_rates
from billing.selectors.day_sums import midnight
from charging.models import Site
from tenants.company_numbers import UNION
from tenants.models import Account, Operator
from tenants.scoping import current_operator_id

#: No assignment reaches the session; one does, but its tariff had no published version yet.
NO_TARIFF, NO_VERSION = -1, -2
_EVER = 2**62
#: Weakest first: later rules overwrite earlier ones.
_LEVELS = ("everywhere", *TariffAssignment.LEVELS)


@dataclass(frozen=True, slots=True)
class _Rule:
    """An assignment as numbers: `target` is 0 for everywhere."""

    level: str
    target: int
    tariff: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class _Resold:
    """That what an account bought in a time has this rate of VAT (None: it is outside the scope), whatever tariffs say.

    at: the sites where that is so; None for all.
    """

    account: int
    since: int
    until: int
    rate: Decimal | None
    at: frozenset[int] | None


@dataclass(frozen=True, slots=True, eq=False)
class PriceBook:
    """Everything that decides prices at one operator, read once for many batches.

    places: of each site, its country and IANA zone. rate_changes: when the standard rate of VAT changes at any of them.
    """

    rules: tuple[_Rule, ...]
    versions: dict[int, tuple[TariffVersion, ...]]
    places: dict[int, tuple[str, str]]
    rate_changes: Ints
    resold: tuple[_Resold, ...] = ()

    @property
    def zones(self) -> dict[int, str]:
        """The IANA zone of each site."""
        return {site: zone for site, (_, zone) in self.places.items()}

    def choose(self, batch: Batch) -> tuple[list[TariffVersion], Ints]:
        """Return the versions the batch needs, and for each session an index into them (or a reason, below 0)."""
        tariff = np.zeros(len(batch), dtype=np.int64)
        named = {rule.level for rule in self.rules} & set(_LEVELS[1:])
        present = {level: set(np.unique(getattr(batch, level)).tolist()) for level in named}
        for rule in self.rules:
            if rule.target in present.get(rule.level, {0}):
                tariff[self._reached(rule, batch)] = rule.tariff
        chosen = np.where(tariff == 0, NO_TARIFF, NO_VERSION)
        needed: list[TariffVersion] = []
        for number in np.unique(tariff[tariff != 0]).tolist():
            rows = np.flatnonzero(tariff == number)
            self._pick_versions(number, rows, batch, chosen, needed)
        return needed, chosen

    @staticmethod
    def _reached(rule: _Rule, batch: Batch) -> Bools:
        within: Bools = (batch.start >= rule.since) & (batch.start < rule.until)
        if rule.level == "everywhere":
            return within
        here: Bools = getattr(batch, rule.level) == rule.target
        return within & here

    def taxed(self, batch: Batch) -> tuple[list[Decimal | None], Ints]:
        """The rates of VAT of what dealers buy, and for each session an index into them; -1: its tariff's own.

        By the payer, and by the day on which the session ended: that of the supply.
        """
        rates, which = list[Decimal | None](), np.full(len(batch), -1, dtype=np.int64)
        for one in self.resold:
            rows = (batch.payer == one.account) & (batch.end >= one.since) & (batch.end < one.until)
            if one.at is not None:
                rows &= np.isin(batch.site, list(one.at))
            if rows.any():
                which[rows] = len(rates)
                rates.append(one.rate)
        return rates, which

    def turned(self, batch: Batch) -> tuple[list[Turns], Ints]:
        """The changes of the standard rate of VAT within sessions, and for each session an index into them; -1: none.

        By the site's country and clock. Few sessions last over any change at all, and only these are looked at.
        """
        turns, which = list[Turns](), np.full(len(batch), -1, dtype=np.int64)
        for row in self._over_changes(batch).tolist():
            place = self.places[int(batch.site[row])]
            if found := vat_rates.turns(*place, int(batch.start[row]), int(batch.end[row])):
                if found not in turns:
                    turns.append(found)
                which[row] = turns.index(found)
        return turns, which

    def _over_changes(self, batch: Batch) -> Ints:
        """The rows of the sessions that last over any of the changes."""
        if not len(batch):
            return np.zeros(0, dtype=np.int64)
        changes = self.rate_changes
        changes = changes[(changes > batch.start.min()) & (changes < batch.end.max())]
        over = np.zeros(len(batch), dtype=np.bool_)
        for at in changes.tolist():
            over |= (batch.start < at) & (batch.end > at)
        return np.flatnonzero(over)

    def _pick_versions(self, tariff: int, rows: Ints, batch: Batch, chosen: Ints, needed: list[TariffVersion]) -> None:
        versions = self.versions.get(tariff, ())
        begins = np.array([_seconds(version.valid_from) for version in versions], dtype=np.int64)
        newest = np.searchsorted(begins, batch.start[rows], side="right") - 1
        for number in np.unique(newest[newest >= 0]).tolist():
            chosen[rows[newest == number]] = len(needed)
            needed.append(versions[number])


def price_book() -> PriceBook:
    """Read the current operator's assignments, published versions, where its sites are, and who resells. Four queries.

    Where somebody does, two more.
    """
    rows = TariffAssignment.objects.order_by("valid_from", "pk")
    rules = sorted((_rule(row) for row in rows), key=lambda rule: _LEVELS.index(rule.level))
    versions: dict[int, list[TariffVersion]] = {}
    for version in TariffVersion.objects.filter(published_at__isnull=False).order_by("valid_from", "number"):
        versions.setdefault(version.tariff_id, []).append(version)
    places = {site: (country, zone) for site, country, zone in Site.objects.values_list("pk", "country", "time_zone")}
    return PriceBook(
        rules=tuple(rules),
        versions={tariff: tuple(found) for tariff, found in versions.items()},
        places=places,
        rate_changes=np.array(vat_rates.instants(set(places.values())), dtype=np.int64),
        resold=tuple(_resold()),
    )


def _resold() -> Iterator[_Resold]:
    """What dealers buy is taxed where they are established (directive 2006/112, art. 38; ML 2023:200, 6 kap. 22-23 §§).

    At home it has the standard rate of each day, which tariffs of sites at home have anyway. In another member state
    the dealer accounts for it (art. 195), so it has 0 %; anywhere else it is outside the scope of the union's VAT, and
    of that of an operator elsewhere.
    """
    dealers = list(Account.objects.filter(dealer_since__isnull=False).order_by("pk"))
    if not dealers:
        return
    operator = Operator.objects.get(pk=current_operator_id())
    abroad = frozenset(Site.objects.exclude(country=operator.country).values_list("pk", flat=True))
    for dealer in dealers:
        first = dealer.dealer_since or date.max
        last = dealer.dealer_until
        since, until = _day(first, operator), _EVER if last is None else _day(last + timedelta(days=1), operator)
        if dealer.dealer_in != operator.country:
            is_within = {dealer.dealer_in, operator.country} <= UNION
            yield _Resold(dealer.pk, since, until, Decimal(0) if is_within else None, at=None)
            continue
        for rate in vat_rates.of(operator.country):
            yield _Resold(dealer.pk, max(since, _day(rate.since, operator)), until, rate.percent, at=abroad)


def _day(day: date, operator: Operator) -> int:
    """The instant at which a day begins by the operator's clock."""
    return _seconds(midnight(day, operator.zone))


def _rule(row: TariffAssignment) -> _Rule:
    return _Rule(
        level=row.level,
        target=getattr(row, f"{row.level}_id", 0) or 0,
        tariff=row.tariff_id,
        since=_seconds(row.valid_from),
        until=_EVER if row.valid_until is None else _seconds(row.valid_until),
    )


def _seconds(moment: object) -> int:
    return int(moment.timestamp())  # type: ignore[attr-defined]


def terms(versions: Iterable[TariffVersion], *, energy_only: bool = False) -> tuple[ocpi.Tariff, ...]:
    """The versions as the kernel reads them. Parsed once: a published version never changes."""
    read = _of_energy if energy_only else _parsed
    return tuple(read(version.operator_id, version.pk, _written(version)) for version in versions)


def _written(version: TariffVersion) -> bytes:
    return orjson.dumps({"version": f"{version.public_id}", "document": version.document})


@lru_cache(maxsize=512)
def _parsed(operator_id: int, version_id: int, written: bytes) -> ocpi.Tariff:
    read = orjson.loads(written)
    return ocpi.parse_tariff(read["document"], version=read["version"])


@lru_cache(maxsize=512)
def _of_energy(operator_id: int, version_id: int, written: bytes) -> ocpi.Tariff:
    return _parsed(operator_id, version_id, written).of_energy_only()
