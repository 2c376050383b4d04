"""Step sizes: what is sold in blocks is rounded up once per session, never per period.

Energy is rounded on the session's total, by the step of the energy component that priced last, and the surplus is sold
at that component's price. Charging and parking time share one rounding: where both were priced, only the parking total
is rounded; otherwise the one that occurs. Reserved time is no charging time and is rounded on its own. Only quantity
with an active component counts, a component of price 0 included. An exact multiple stays, a step of 0 rounds nothing,
and no use at all is no block. (OCPI 2.2.1, mod_tariffs, "Step size".)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from billing.domain.arrays import Bools, Ints
from billing.domain.kernel.plan import Lane, Plan
from billing.domain.kernel.slices import Rows
from billing.domain.sessions.columns import TICKS_PER_MICROHOUR, Flag

#: The precision of an hour with four decimals, in ticks (0.36 s).
_PRECISION: Final = 100 * TICKS_PER_MICROHOUR


def surplus(plan: Plan, rows: Rows, parked: Bools | None, flags: Ints) -> Rows | None:
    """The rows that round a lane up, at most one a session.

    `parked` are sessions that are not rounded here, because their priced parking is. A received duration is billed as
    it was written: ten minutes as 0.1667 h are 600.12 s and begin a second step of 600 s. That is flagged, so a person
    can see it.
    """
    lane = rows.lane
    if lane not in plan.stepped:
        return None
    last = rows.last
    total: Ints = rows.sums(rows.quantity)
    step = plan.step[rows.component[last]]
    extra = np.where(step > 0, -total % np.maximum(step, 1), 0)
    if parked is not None:
        extra[parked[rows.session[last]]] = 0
    some = np.flatnonzero(extra)
    if len(some) == 0:
        return None
    if lane is not Lane.ENERGY:
        flags[rows.session[last[some]][step[some] - extra[some] <= _PRECISION]] |= Flag.STEP_BY_ROUNDING
    return rows.steps_at(last[some], extra[some])
