"""A batch of sessions priced by the versions that were chosen for them, as many at a time as the kernel can take."""

from collections.abc import Iterator

import numpy as np

from billing.batches import Batch
from billing.domain.arrays import Ints
from billing.domain.kernel.rated import Rated
from billing.domain.kernel.rating import rate
from billing.domain.kernel.turns import Turns, rate_over
from billing.domain.tariff import model as ocpi
from billing.models import TariffVersion
from billing.selectors import terms
from billing.selectors.terms import PriceBook


def priced_groups(
    book: PriceBook, batch: Batch, versions: list[TariffVersion], chosen: Ints
) -> Iterator[tuple[Ints, list[TariffVersion], Rated]]:
    """Price the sessions for which a version is chosen (an index; below 0: none), as many at a time as can be.

    Yields the rows of the batch, the versions used, and the answer, whose tariffs are indices of those versions.
    """
    zones = book.zones
    for rows, used, turns in _kernel_groups(book, batch, versions, chosen):
        picked = np.unique(chosen[rows])
        of_picked = np.searchsorted(picked, chosen[rows])
        needed = [versions[number] for number in picked.tolist()]
        sessions = batch.metered(rows, zones=zones, tariff=of_picked)
        yield rows, needed, rate(sessions, used) if turns is None else rate_over(sessions, used, turns)


def _kernel_groups(
    book: PriceBook, batch: Batch, versions: list[TariffVersion], chosen: Ints
) -> Iterator[tuple[Ints, tuple[ocpi.Tariff, ...], Turns | None]]:
    """Rows that one call of the kernel can take: of one slot length and kind of tariff, all of it or the energy alone.

    The kinds are currencies, with VAT in the prices or without. What dealers buy has a rate of VAT of its own; anybody
    else's session may last over changes of the standard rate.
    """
    rates, taxed = book.taxed(batch)
    turns, turned = book.turned(batch)
    taxed = np.where((taxed < 0) & (turned >= 0), len(rates) + turned, taxed)
    parsed = [terms.terms(versions), terms.terms(versions, energy_only=True) if batch.energy_only.any() else ()]
    listed = sorted({(one.currency, one.tax_included) for one in parsed[0]})
    kind_of = np.array([listed.index((one.currency, one.tax_included)) for one in parsed[0]], dtype=np.int64)
    priced = np.flatnonzero(chosen >= 0)
    kinds = np.stack([batch.interval[priced], kind_of[chosen[priced]], batch.energy_only[priced], taxed[priced]])
    for kind in np.unique(kinds, axis=1).T:
        rows = priced[(kinds == kind[:, np.newaxis]).all(axis=0)]
        used = tuple(parsed[kind[2]][number] for number in np.unique(chosen[rows]).tolist())
        if kind[3] >= len(rates):
            yield rows, used, turns[kind[3] - len(rates)]
        else:
            yield rows, tuple(one if kind[3] < 0 else one.taxed(rates[kind[3]]) for one in used), None
