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

from billing.domain.columns import TICKS_PER_MICROHOUR, Bools, Flag, Ints
from billing.domain.plan import Lane, Plan
from billing.domain.slices import Rows, session_runs

#: The precision of an hour with four decimals, in ticks (0.36 s).
_PRECISION: Final = 100 * TICKS_PER_MICROHOUR


def surplus(plan: Plan, lane: Lane, rows: Rows, parked: Bools | None, flags: Ints) -> Rows | None:
    """The rows that round a lane up, at most one a session. `parked`: sessions whose parking was priced.

    A received duration is billed as it was written: ten minutes as 0.1667 h are 600.12 s and begin a second step of
    600 s. That is flagged, so a person can see it.
    """
    if len(rows) == 0 or not plan.step[rows.component].any():
        return None
    first = session_runs(rows.session)
    last = np.append(first[1:], len(rows)) - 1
    total: Ints = np.add.reduceat(rows.quantity, first)
    component = rows.component[last]
    step = plan.step[component]
    extra = np.where(step > 0, -total % np.maximum(step, 1), 0)
    if lane is Lane.TIME and parked is not None:
        extra = np.where(parked[rows.session[last]], 0, extra)
    some = np.flatnonzero(extra)
    if len(some) == 0:
        return None
    if lane is not Lane.ENERGY:
        flags[rows.session[last[some]][step[some] - extra[some] <= _PRECISION]] |= Flag.STEP_BY_ROUNDING
    return rows.step_at(last[some], extra[some])
