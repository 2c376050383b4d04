"""Written dates and times into columns of instants, in whatever form a file writes them.

The order of day and month is never tried out row by row: it is one decision for the whole file. Within that order a
whole column is read in the form of its first text; what that leaves over is taken apart (`written_times`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from charging.domain.local_time import UTC_TIME, Fold, instants
from charging.ingest.layout import DateOrder
from charging.ingest.written_times import LOCAL_TIME, read_apart

_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p", "%H.%M", "%H.%M.%S")
_DATES = {
    DateOrder.DMY: ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d.%m.%y", "%d-%m-%y"),
    DateOrder.MDY: ("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y", "%m/%d/%y", "%m.%d.%y", "%m-%d-%y"),
    DateOrder.YMD: (),
}
_YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d")
_FIRST = datetime(1900, 1, 1)  # noqa: DTZ001  # local times have no zone yet
_FIRST_UTC = _FIRST.replace(tzinfo=UTC)
_WITH_OFFSET = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")


@dataclass(frozen=True, slots=True)
class ReadTimes:
    """Instants, null where there is none, and why: nothing readable was said, or no single instant."""

    utc: pl.Series
    unreadable: pl.Series
    impossible: pl.Series
    repeated: pl.Series


@dataclass(frozen=True, slots=True)
class _Form:
    """A plain form of times. instant: whether it names the offset, so that no zone is needed."""

    pattern: str
    instant: bool

    def read(self, texts: pl.Series) -> pl.Series:
        """Read texts, forgetting years a form with four digits makes of two: `18` is 2018, not the year 18."""
        read = texts.str.strptime(UTC_TIME if self.instant else LOCAL_TIME, self.pattern, strict=False)
        early = (read < (_FIRST_UTC if self.instant else _FIRST)).fill_null(value=False)
        return read.set(early, None) if early.any() else read


@dataclass(slots=True)
class TimeReader:
    """Read the times of one file: remembers which form fitted."""

    order: DateOrder
    zone: str | None
    fold: Fold = Fold.REJECT
    _form: _Form | None = None

    def read(self, texts: pl.Series) -> ReadTimes:
        """Return the instants of a column of texts; null texts are not unreadable, they are missing."""
        utc, local = self._quickly(texts)
        left = (texts.is_not_null() & utc.is_null() & local.is_null()).arg_true()
        if len(left):
            found = read_apart(texts.gather(left), self.order, short_years=self._form is None)
            utc, local = utc.scatter(left, found["utc"]), local.scatter(left, found["local"])
        if self.zone is None:
            local = local.clear(len(local))
        unreadable = texts.is_not_null() & utc.is_null() & local.is_null()
        nowhere = pl.repeat(value=False, n=len(texts), eager=True)
        if local.null_count() == len(local):
            return ReadTimes(utc, unreadable, nowhere, nowhere)
        placed = instants(local, zone=self.zone or "UTC", fold=self.fold)
        return ReadTimes(
            utc=placed.utc if utc.null_count() == len(utc) else utc.zip_with(utc.is_not_null(), placed.utc),
            unreadable=unreadable,
            impossible=placed.impossible,
            repeated=placed.repeated if self.fold is Fold.REJECT else placed.repeated & placed.utc.is_null(),
        )

    def _quickly(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Read the column in the form that fitted last, or in that of its first text: instants, and civil times."""
        read = self._form.read(texts) if self._form else None
        if read is None or read.null_count() == len(read):
            first = texts.drop_nulls().head(1)
            self._form = next((form for form in self._forms() if form.read(first).null_count() < len(first)), None)
            read = self._form.read(texts) if self._form else None
        none = (pl.Series([None], dtype=kind).new_from_index(0, len(texts)) for kind in (UTC_TIME, LOCAL_TIME))
        utc, local = none
        if read is None or self._form is None:
            return utc, local
        return (read, local) if self._form.instant else (utc, read)

    def _forms(self) -> list[_Form]:
        dates = (*_YEAR_FIRST, *_DATES[self.order])
        civil = [f"{date}{gap}{clock}" for date in dates for gap in " T" for clock in _CLOCKS]
        return [
            *(_Form(pattern, instant=True) for pattern in _WITH_OFFSET),
            *(_Form(one, instant=False) for one in civil),
        ]
