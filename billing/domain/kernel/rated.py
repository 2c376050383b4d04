"""What the kernel returns: slices and totals of a batch as columns.

`explained` has one session of it as plain values, and why another has no price.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing.domain.arrays import Bools, Exact, Ints
from billing.domain.kernel.choices import Components
from billing.domain.kernel.plan import Lane, Plan
from billing.domain.kernel.totals import amounts
from billing.domain.sessions.columns import Sessions


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """A priced batch.

    Slices of session `i` are `[offsets[i]:offsets[i + 1]]` of the slice columns, by time and lane; `owner` is each
    slice's session, `component` indexes `plan.components`. Amounts are integers: `excl` in `unit`s of the currency,
    `incl` in `unit * vat_unit`. Both are within the tariff's least and greatest price; `limit_excl` and `limit_incl`
    are what that added or took. Meter values and energy quantities are mWh, other quantities ticks or fees.
    """

    plan: Plan
    #: What was priced.
    sessions: Sessions
    #: The tariff each session is held to (its first); an index into `plan.tariffs`.
    tariff: Ints
    fault: Ints
    flags: Ints
    excl: Exact
    incl: Exact
    limit_excl: Exact
    limit_incl: Exact
    by_lane: dict[Lane, tuple[Exact, Exact]]
    priced: dict[Lane, Bools]
    offsets: Ints
    owner: Ints
    start: Ints
    end: Ints
    meter_from: Ints
    meter_to: Ints
    quantity: Ints
    component: Components
    is_step: Bools

    def __len__(self) -> int:
        return len(self.excl)

    @property
    def unit(self) -> int:
        """Units of `excl` in one whole of the currency."""
        return self.plan.unit

    @property
    def vat_unit(self) -> int:
        """`incl` is finer than `excl` by this factor."""
        return self.plan.vat_unit

    @property
    def amount(self) -> Exact:
        """The exact amount of every slice excluding VAT, in `unit`s."""
        return amounts(self.plan, self.component, self.quantity, self.excl.dtype.type)
