"""What the kernel returns: slices and totals of a batch as columns, and one session of it as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from billing.domain import faults, slices
from billing.domain.columns import Bools, Exact, Fault, Ints, Sessions, offsets_of
from billing.domain.errors import BillingError
from billing.domain.plan import Lane, Plan
from billing.domain.price import SessionPrice
from billing.domain.slices import Rows
from billing.domain.totals import Totals, amounts

#: Bits of a sorting key below the piece: steps come after what was measured, lanes in their order.
_LANE_BITS: Final = 16


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
    component: Ints
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

    @classmethod
    def assembled(
        cls,
        plan: Plan,
        sessions: Sessions,
        tariff: Ints | None,
        parts: Sequence[Rows],
        summed: Totals,
        excl: Exact,
        incl: Exact,
        flags: Ints,
    ) -> Rated:
        """Put the rows of all lanes in order."""
        rows = _ordered(plan, parts)
        base = None if sessions.meter_start is None else np.maximum(sessions.meter_start, 0)[rows.session]
        return cls(
            plan=plan,
            sessions=sessions,
            tariff=np.zeros(len(sessions), dtype=np.int64) if tariff is None else tariff,
            fault=np.zeros(len(sessions), dtype=np.int64),
            flags=flags,
            excl=excl,
            incl=incl,
            limit_excl=excl - summed.excl,
            limit_incl=incl - summed.incl,
            by_lane=summed.by_lane,
            priced=summed.priced,
            offsets=offsets_of(np.bincount(rows.session, minlength=len(sessions))),
            owner=rows.session,
            start=rows.start,
            end=rows.end,
            meter_from=rows.meter_from if base is None else rows.meter_from + base,
            meter_to=rows.meter_to if base is None else rows.meter_to + base,
            quantity=rows.quantity,
            component=rows.component,
            is_step=rows.is_step,
        )

    def spread(self, sessions: Sessions, fault: Ints, good: Ints) -> Rated:
        """The same for the whole batch again, after sessions with a fault had been set aside."""
        if len(good) == len(fault):
            return self
        size = len(fault)
        lengths = np.zeros(size, dtype=np.int64)
        lengths[good] = np.diff(self.offsets)
        return replace(
            self,
            sessions=sessions,
            tariff=_wide(self.tariff, good, size),
            fault=fault,
            flags=_wide(self.flags, good, size),
            excl=_wide(self.excl, good, size),
            incl=_wide(self.incl, good, size),
            limit_excl=_wide(self.limit_excl, good, size),
            limit_incl=_wide(self.limit_incl, good, size),
            by_lane={
                lane: (_wide(excl, good, size), _wide(incl, good, size)) for lane, (excl, incl) in self.by_lane.items()
            },
            priced={lane: _wide(column, good, size) for lane, column in self.priced.items()},
            offsets=offsets_of(lengths),
            owner=good[self.owner],
        )


def _wide(column: Exact, good: Ints, size: int) -> Exact:
    wide = np.zeros(size, dtype=column.dtype)
    wide[good] = column
    return wide


def _ordered(plan: Plan, parts: Sequence[Rows]) -> Rows:
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return Rows(*(nothing,) * 8, np.zeros(0, dtype=np.bool_))
    keys = [part.place * _LANE_BITS + part.is_step * (_LANE_BITS // 2) + plan.lane[part.component[0]] for part in parts]
    return slices.joined(parts, np.argsort(np.concatenate(keys), kind="stable"))


def empty(plan: Plan, sessions: Sessions, fault: Ints) -> Rated:
    """A batch in which no session could be priced."""
    size = len(fault)
    zeros = np.zeros(size, dtype=np.int64)
    nothing = np.zeros(0, dtype=np.int64)
    return Rated(
        plan=plan,
        sessions=sessions,
        tariff=zeros,
        fault=fault,
        flags=zeros,
        excl=zeros,
        incl=zeros,
        limit_excl=zeros,
        limit_incl=zeros,
        by_lane={},
        priced={},
        offsets=np.zeros(size + 1, dtype=np.int64),
        owner=nothing,
        start=nothing,
        end=nothing,
        meter_from=nothing,
        meter_to=nothing,
        quantity=nothing,
        component=nothing,
        is_step=np.zeros(0, dtype=np.bool_),
    )
