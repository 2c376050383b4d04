"""Where impossible and unusual begin, for files, feeds and charge detail records alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

#: What no plug of a kind gives, in W, by OCPI's ConnectorType: those of alternating current; others have no such bound.
LARGEST_OF_PLUG: Mapping[str, int] = {
    "DOMESTIC_E": 3_700,
    "DOMESTIC_F": 3_700,
    "IEC_60309_2_single_16": 3_700,
    "IEC_60309_2_three_16": 11_100,
    "IEC_60309_2_three_32": 22_200,
    "IEC_60309_2_three_64": 43_700,
    "IEC_62196_T1": 19_200,
    "IEC_62196_T2": 43_700,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Where impossible and unusual begin.

    `slack_s` pays for times cut to whole minutes at both ends; `future_slack` for clocks that run ahead. `unknown_…`
    bound a connector of which no power is known, and so does what it usually gives: `usual_times` as much as in most
    of at least `usual_of` sessions, from `usual_from_w` on. `repeat_…` and `growing` tell energies that were summed up
    instead of counted anew: nearly that of the session right before, or more each time so many times, with more power
    than alternating current has or more than most cars hold. `attempt_s`: who took no energy within this long has tried
    in vain. `trickle_…`: less than this power for longer than this, as in the last `trickle_of` sessions of the
    station, is what a meter says that counts in kWh and calls it Wh; a car that is full takes as little, but not every
    one. `twice_…`: what two sources tell of one charge differs by no more, in both times and in energy (the larger of
    the two bounds).
    """

    largest_wh: int = 1_000_000
    largest_w: int = 600_000
    power_tolerance_percent: int = 10
    slack_s: int = 120
    long_s: int = 24 * 3600
    overlap_s: int = 60
    series_tolerance_wh: int = 1
    unknown_wh: int = 250_000
    unknown_w: int = 400_000
    usual_times: int = 5
    usual_of: int = 6
    usual_from_w: int = 25_000
    repeat_within_s: int = 1_800
    repeat_percent: int = 1
    repeat_wh: int = 1_000
    growing: int = 8
    growing_wh: int = 80_000
    alternating_w: int = 43_000
    attempt_s: int = 300
    trickle_w: int = 50
    trickle_s: int = 600
    trickle_of: int = 3
    twice_s: int = 120
    twice_wh: int = 100
    twice_percent: int = 1
    future_slack: timedelta = timedelta(hours=1)

    def is_trickle(self, energy_wh: int, duration_s: float) -> bool:
        """Whether so little energy came in so much time that no car can have been charged with it."""
        return 0 < energy_wh * 3600 < self.trickle_w * max(duration_s, 60)

    def is_in_vain(self, energy_wh: Any, duration_s: Any) -> Any:
        """Whether nothing was charged: somebody tried, and it was over at once; of numbers or of columns."""
        return (energy_wh == 0) & (duration_s <= self.attempt_s)

    def most_wh(self, power_w: Any, duration_s: Any) -> Any:
        """Energy that `power_w` can deliver in `duration_s`, with both tolerances; of numbers or of columns."""
        return power_w * (duration_s + self.slack_s) * (100 + self.power_tolerance_percent) / 360_000

    def is_as_much(self, energy_wh: int, other_wh: int) -> bool:
        """Whether two sources may have told these energies of one charge."""
        return abs(energy_wh - other_wh) <= max(self.twice_wh, energy_wh * self.twice_percent / 100)
