"""Where impossible and unusual begin, for files, feeds and charge detail records alike."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """Where impossible and unusual begin.

    `slack_s` pays for times cut to whole minutes at both ends; `future_slack` for clocks that run ahead. `unknown_…`
    bound a connector of which no power is known, and so does what it usually gives: `usual_times` as much as in most
    of at least `usual_of` sessions, from `usual_from_w` on. `repeat_…` and `growing` tell energies that were summed up
    instead of counted anew: nearly that of the session right before, or more each time so many times, with more power
    than alternating current has.
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
    alternating_w: int = 43_000
    future_slack: timedelta = timedelta(hours=1)

    def most_wh(self, power_w: Any, duration_s: Any) -> Any:
        """Energy that `power_w` can deliver in `duration_s`, with both tolerances; of numbers or of columns."""
        return power_w * (duration_s + self.slack_s) * (100 + self.power_tolerance_percent) / 360_000
