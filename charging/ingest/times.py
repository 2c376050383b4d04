"""Written dates and times into columns of instants, in whatever form a file writes them.

The order of day and month is never tried out row by row: it is one decision for the whole file. Within that order the
forms are tried on whole columns, the one that fitted last time first, until every text is read or none fits.
"""

from dataclasses import dataclass, field

import polars as pl

from charging.domain.local_time import UTC_TIME, Fold, instants
from charging.ingest.layout import DateOrder

_LOCAL_TIME = pl.Datetime("us")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p", "%H.%M", "%H.%M.%S")
_DATES = {
    DateOrder.DMY: (
        "%d/%m/%Y",
        "%d.%m.%Y",
        "%d-%m-%Y",
        "%d/%m/%y",
        "%d.%m.%y",
        "%d-%m-%y",
        "%d %b %Y",
        "%d-%b-%Y",
        "%d %B %Y",
    ),
    DateOrder.MDY: ("%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y"),
    DateOrder.YMD: ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
}
_ISO_OFFSET = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z", "%Y-%m-%d %H:%M%#z")
_WITH_OFFSET = r"\d[T ]\d{1,2}:\d{2}.*(Z|[+-]\d{2}:?\d{2})$"
_EPOCH = r"^-?\d{1,13}(\.\d+)?$"
_EPOCH_MILLISECONDS = 100_000_000_000


@dataclass(frozen=True, slots=True)
class ReadTimes:
    """Instants, null where there is none, and why: nothing readable was said, or no single instant."""

    utc: pl.Series
    unreadable: pl.Series
    impossible: pl.Series
    repeated: pl.Series


@dataclass(slots=True)
class TimeReader:
    """Read the times of one file: remembers which form fitted."""

    order: DateOrder
    zone: str | None
    fold: Fold = Fold.REJECT
    _forms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        orders = [self.order, *(order for order in (DateOrder.YMD,) if order is not self.order)]
        self._forms = [
            f"{date}{gap}{clock}" for order in orders for date in _DATES[order] for gap in " T" for clock in _CLOCKS
        ]

    def read(self, texts: pl.Series) -> ReadTimes:
        """Return the instants of a column of texts; null texts are not unreadable, they are missing."""
        utc = self._absolute(texts)
        remaining = texts.is_not_null() & utc.is_null()
        if not remaining.any():
            nowhere = pl.repeat(value=False, n=len(texts), eager=True)
            return ReadTimes(utc, nowhere, nowhere, nowhere)
        local = self._local(texts if remaining.all() else texts.set(~remaining, None))
        found = instants(local, zone=self.zone or "UTC", fold=self.fold)
        return ReadTimes(
            utc=utc.zip_with(utc.is_not_null(), found.utc),
            unreadable=remaining & local.is_null(),
            impossible=found.impossible,
            repeated=found.repeated if self.fold is Fold.REJECT else found.repeated & found.utc.is_null(),
        )

    def _absolute(self, texts: pl.Series) -> pl.Series:
        """Read texts that name an instant by themselves: ISO with an offset, or seconds since 1970."""
        utc = pl.repeat(None, n=len(texts), dtype=UTC_TIME, eager=True)
        offsets = texts.str.contains(_WITH_OFFSET).fill_null(value=False)
        if offsets.any():
            utc = _first_fitting(texts.set(~offsets, None), _ISO_OFFSET, UTC_TIME)
        epochs = texts.str.contains(_EPOCH).fill_null(value=False)
        if epochs.any():
            utc = utc.zip_with(~epochs, _epoch(texts.set(~epochs, None)))
        return utc

    def _local(self, texts: pl.Series) -> pl.Series:
        if self.zone is None:
            return pl.repeat(None, n=len(texts), dtype=_LOCAL_TIME, eager=True)
        local = self._fitting(texts)
        left = (texts.is_not_null() & local.is_null()).arg_true()
        for form in list(self._forms) if len(left) else ():
            read = _read(texts.gather(left), form)
            if read.null_count() == len(read):
                continue
            self._prefer(form)
            local = local.scatter(left.filter(read.is_not_null()), read.drop_nulls())
            left = left.filter(read.is_null())
            if not len(left):
                break
        return local

    def _fitting(self, texts: pl.Series) -> pl.Series:
        """Read the whole column in the form that fitted last; only what it leaves is tried in others."""
        return _read(texts, self._forms[0])

    def _prefer(self, form: str) -> None:
        self._forms.remove(form)
        self._forms.insert(0, form)


def _first_fitting(texts: pl.Series, forms: tuple[str, ...], kind: pl.Datetime) -> pl.Series:
    read = texts.str.strptime(kind, forms[0], strict=False)
    for form in forms[1:]:
        if (texts.is_not_null() & read.is_null()).any():
            read = read.zip_with(read.is_not_null(), texts.str.strptime(kind, form, strict=False))
    return read


def _epoch(texts: pl.Series) -> pl.Series:
    number = texts.cast(pl.Float64, strict=False)
    milliseconds = number.abs() >= _EPOCH_MILLISECONDS
    microseconds = (number * 1_000_000).zip_with(~milliseconds.fill_null(value=False), number * 1_000)
    return microseconds.round().cast(pl.Int64, strict=False).cast(UTC_TIME)


def _read(texts: pl.Series, form: str) -> pl.Series:
    """Read local times, forgetting years a form with four digits makes of two: `18` is 2018, not the year 18."""
    read = texts.str.strptime(_LOCAL_TIME, form, strict=False)
    return read.set((read.dt.year() < 1900).fill_null(value=False), None)
