"""What the kernel returns: slices and totals of a batch as columns, and one session of it as plain values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.domain import faults
from billing.domain.choices import Components
from billing.domain.columns import Bools, Exact, Fault, Ints, Sessions
from billing.domain.errors import BillingError
from billing.domain.plan import Lane, Plan
from billing.domain.price import SessionPrice
from billing.domain.totals import amounts


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

    def error(self, index: int) -> BillingError | None:
        """Why session `index` has no price, or None if it has one."""
        fault = Fault(int(self.fault[index]))
        return None if fault is Fault.NONE else faults.error(fault, self.sessions, index, self.plan)

    def errors(self) -> dict[int, BillingError]:
        """Why sessions have no price, by position; those that have one are missing."""
        faulty = [(place, Fault(int(self.fault[place]))) for place in np.flatnonzero(self.fault).tolist()]
        return {place: faults.error(fault, self.sessions, place, self.plan) for place, fault in faulty}

    def session(self, index: int) -> SessionPrice:
        """Session `index` as plain values.

        Raises:
            BillingError: the session has no price.
        """
        from billing.domain.price_view import session_price  # noqa: PLC0415  # it reads Rated

        return session_price(self, index)
