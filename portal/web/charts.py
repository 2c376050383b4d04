"""A chart as a page hands it to `components/chart.html`: a table that can also be drawn.

The table is the truth: it is in the page, screen readers and people without script read it, and
`charts.js` draws from its cells. So a chart cannot show anything its table does not say.

    Chart(
        title=_("Energy by day"), x_label=_("Day"), xs=days,
        series=[Series(_("Energy"), values=figures, unit="kWh", decimals=0)],
    )
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from django.utils.functional import Promise

from portal.words.measures import local_clock, local_date, local_time, number

Shape = Literal["bars", "stacked", "line", "area", "steps"]
Size = Literal["", "short", "tall"]
X = datetime | date | str


@dataclass(frozen=True, slots=True)
class Series:
    """One column of figures. A missing figure is None and leaves a gap; `tone` is 1 to 5."""

    label: str | Promise
    values: Sequence[Decimal | int | None]
    unit: str = ""
    decimals: int = 1
    shape: Shape | None = None
    tone: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one figure is for the reader (`text`) and for the drawing (`value`)."""

    text: str
    value: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures over days, instants or names. All series have as many values as there are `xs`."""

    title: str | Promise
    x_label: str | Promise
    xs: Sequence[X]
    series: Sequence[Series]
    shape: Shape = "bars"
    zone: str | ZoneInfo = "UTC"
    clock_only: bool = False
    summary: str | Promise = ""
    size: Size = ""

    def __post_init__(self) -> None:
        for series in self.series:
            if len(series.values) != len(self.xs):
                raise ValueError(f"{series.label}: {len(series.values)} values for {len(self.xs)} places on the axis")

    @property
    def kind_of_x(self) -> str:
        """How the axis is read: `time` (instants), `day` or `name`."""
        first = self.xs[0] if self.xs else ""
        if isinstance(first, datetime):
            return "time"
        return "day" if isinstance(first, date) else "name"

    @property
    def unit(self) -> str:
        """What all figures are measured in; empty when that differs."""
        units = {series.unit for series in self.series}
        return units.pop() if len(units) == 1 else ""

    @property
    def zone_name(self) -> str:
        """The IANA name of the zone the axis is written in."""
        return str(self.zone)

    def columns(self) -> Iterator[tuple[int, Series, str]]:
        """Each series with its tone and its shape, in order."""
        for index, series in enumerate(self.series, start=1):
            yield series.tone or index, series, series.shape or self.shape

    def rows(self) -> Iterator[tuple[Cell, list[Cell]]]:
        """The table's rows: where on the axis, then one figure for each series."""
        for index, x in enumerate(self.xs):
            yield self._head(x), [self._figure(series, index) for series in self.series]

    def _head(self, x: X) -> Cell:
        if isinstance(x, datetime):
            shown = local_clock(x, self.zone) if self.clock_only else local_time(x, self.zone)
            return Cell(shown, x.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        if isinstance(x, date):
            return Cell(local_date(x), x.isoformat())
        return Cell(str(x), str(x))

    def _figure(self, series: Series, index: int) -> Cell:
        value = series.values[index]
        return Cell(number(value, series.decimals), "" if value is None else str(value))
