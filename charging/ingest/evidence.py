"""What a file proves about itself, and the questions it leaves open.

`06/09/2018` is a day in June or in September. If any date of a column has a first number above 12 the file has proved
its order; if none has, only a person knows, and guessing right nine times is not good enough for invoices. The same
holds for a comma that may set apart thousands, for a unit nobody wrote, and always for the time zone of a local time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from charging.domain.energy import EnergyUnit
from charging.ingest.headers import unit_of
from charging.ingest.layout import DateOrder, Field, Layout
from charging.ingest.raw import RawChunk
from charging.ingest.sizes import SIZES
from tenants.bounds import tidy

_NUMBERS = r"^(\d{1,2})[./ -](\d{1,2})[./ -](?:\d{4}|\d{2})(?:\D|$)"
_YEAR_FIRST = r"^\d{4}[./-]\d"
_ABSOLUTE = r"(?:\d[T ]\d{1,2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2})|^-?\d{10,13}(?:\.\d+)?)$"
_MONTHS = 12
_ENERGIES = (Field.ENERGY, Field.METER_START, Field.METER_STOP)


class Asks(StrEnum):
    """The questions; `portal.words.imports` has their sentences."""

    WHICH_COLUMN = "which_column"
    WHICH_ZONE = "which_zone"
    WHICH_ORDER = "which_order"
    WHICH_OF_BOTH_ORDERS = "which_of_both_orders"
    WHICH_SIGN = "which_sign"
    WHICH_UNIT = "which_unit"


class Open(StrEnum):
    """What may have to be asked."""

    DATE_ORDER = "date_order"
    TIME_ZONE = "time_zone"
    DECIMAL_SIGN = "decimal_sign"
    ENERGY_UNIT = "energy_unit"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Question:
    """Something the file does not prove. `example` is a text of the file it is about; `suggestion` may be None.

    `choices` are values; for a column they are the columns of the file, for a time zone there are
    none, as any zone will do. `fact` names the fact a column is wanted for.
    """

    about: Open
    asks: Asks
    example: str = ""
    choices: tuple[str, ...] = ()
    suggestion: str | None = None
    fact: Field | None = None


@dataclass(slots=True)
class Evidence:
    """Counts of texts that prove something, gathered chunk by chunk."""

    rows: int = 0
    local_times: int = 0
    day_first: int = 0
    month_first: int = 0
    either: int = 0
    year_first: int = 0
    comma_decimal: int = 0
    point_decimal: int = 0
    three_digits: dict[str, int] = field(default_factory=dict)
    examples: dict[Open, str] = field(default_factory=dict)

    def read(self, raw: RawChunk, layout: Layout) -> None:
        """Add what the rows of a chunk prove."""
        self.rows += raw.frame.height
        for fact in (Field.STARTED_AT, Field.ENDED_AT):
            for name in layout.names(fact)[:1]:
                self._read_dates(raw.frame[name].str.strip_chars())
        for fact in _ENERGIES:
            for name in layout.names(fact):
                self._read_numbers(raw.frame[name].str.strip_chars())

    @property
    def date_order(self) -> DateOrder | None:
        """The order of dates, if the file proves it."""
        if self.day_first and not self.month_first:
            return DateOrder.DMY
        if self.month_first and not self.day_first:
            return DateOrder.MDY
        if not self.either and not self.day_first:
            return DateOrder.YMD
        return None

    @property
    def decimal_sign(self) -> str | None:
        """The decimal sign, if the file proves it or uses none."""
        if self.comma_decimal and not self.point_decimal:
            return ","
        if self.point_decimal and not self.comma_decimal:
            return "."
        return "." if not (self.comma_decimal or self.three_digits) else None

    @property
    def contradictory(self) -> bool:
        """Whether some dates prove one order and some the other."""
        return bool(self.day_first and self.month_first)

    def _read_dates(self, texts: pl.Series) -> None:
        self.local_times += texts.len() - int(texts.str.contains(_ABSOLUTE).sum() or 0) - int((texts == "").sum())
        self.year_first += int(texts.str.contains(_YEAR_FIRST).sum() or 0)
        parts = texts.str.extract_groups(_NUMBERS).struct.unnest()
        first, second = (parts[name].cast(pl.Int64, strict=False) for name in ("1", "2"))
        self.day_first += int((first > _MONTHS).sum() or 0)
        self.month_first += int(((second > _MONTHS) & (first <= _MONTHS)).sum() or 0)
        unclear = ((first <= _MONTHS) & (second <= _MONTHS)).fill_null(value=False)
        self.either += int(unclear.sum())
        self._remember(Open.DATE_ORDER, texts.filter(unclear & (first != second).fill_null(value=False)))
        self._remember(Open.TIME_ZONE, texts.filter(texts != ""))

    def _read_numbers(self, texts: pl.Series) -> None:
        """Count numbers whose sign can only be the decimal one: not followed by exactly three digits, or repeated."""
        comma = texts.str.contains(r"^[+-]?\d*,(?:\d{0,2}|\d{4,})$|\d\.\d{3},\d|^[+-]?0,")
        point = texts.str.contains(r"^[+-]?\d*\.(?:\d{0,2}|\d{4,})$|\d,\d{3}\.\d|^[+-]?0\.")
        self.comma_decimal += int(comma.sum() or 0)
        self.point_decimal += int(point.sum() or 0)
        for sign in ",.":
            unclear = texts.str.contains(rf"^[+-]?[1-9]\d{{0,2}}\{sign}\d{{3}}$").fill_null(value=False)
            if unclear.any():
                self.three_digits[sign] = self.three_digits.get(sign, 0) + int(unclear.sum())
                self._remember(Open.DECIMAL_SIGN, texts.filter(unclear))
        self._remember(Open.ENERGY_UNIT, texts.filter(texts.str.contains(r"[1-9]").fill_null(value=False)))

    def _remember(self, about: Open, texts: pl.Series) -> None:
        if about not in self.examples and len(texts):
            self.examples[about] = tidy(texts[0][: SIZES.shown])


def gathered(chunks: Iterable[RawChunk], layout: Layout) -> Evidence:
    """Read chunks until the file has proved all it can, at most the whole file."""
    evidence = Evidence()
    if layout.date_order and layout.time_zone and layout.decimal_sign and layout.energy_unit:
        return evidence  # a profile has said it all
    for chunk in chunks:
        evidence.read(chunk, layout)
        dates = layout.date_order or evidence.day_first or evidence.month_first or not evidence.either
        if dates and (layout.decimal_sign or evidence.decimal_sign):
            break
    return evidence


def concluded(layout: Layout, evidence: Evidence) -> Layout:
    """Return the layout with everything filled in that the file proves or its headings say."""
    unit = layout.energy_unit or _unit(layout)
    sign = layout.decimal_sign or evidence.decimal_sign or _sign_by_size(evidence, unit)
    return layout.saying(date_order=layout.date_order or evidence.date_order, decimal_sign=sign, energy_unit=unit)


def questions(layout: Layout, evidence: Evidence, header: list[str], *, home_zone: str) -> list[Question]:
    """Return what is still open after `concluded`, with a suggestion where there is a sensible one."""
    columns = tuple(header)
    asked = [Question(Open.COLUMN, Asks.WHICH_COLUMN, choices=columns, fact=fact) for fact in layout.missing()]
    if layout.date_order is None:
        asked.append(_date_question(evidence))
    if layout.time_zone is None and evidence.local_times:
        asks = Asks.WHICH_ZONE
        asked.append(Question(Open.TIME_ZONE, asks, evidence.examples.get(Open.TIME_ZONE, ""), suggestion=home_zone))
    if layout.decimal_sign is None:
        asked.append(_sign_question(evidence))
    if layout.energy_unit is None and any(layout.names(fact) for fact in _ENERGIES):
        asked.append(_unit_question(evidence))
    return asked


def _date_question(evidence: Evidence) -> Question:
    example = evidence.examples.get(Open.DATE_ORDER, "")
    asks = Asks.WHICH_ORDER
    if evidence.contradictory:
        asks = Asks.WHICH_OF_BOTH_ORDERS
    choices = (
        str(DateOrder.DMY),
        str(DateOrder.MDY),
    )
    return Question(Open.DATE_ORDER, asks, example, choices, "dmy" if "." in example[:6] else None)


def _sign_question(evidence: Evidence) -> Question:
    asks = Asks.WHICH_SIGN
    choices = (".", ",")
    return Question(Open.DECIMAL_SIGN, asks, evidence.examples.get(Open.DECIMAL_SIGN, ""), choices)


def _unit_question(evidence: Evidence) -> Question:
    asks = Asks.WHICH_UNIT
    choices = tuple(str(unit) for unit in EnergyUnit)
    return Question(Open.ENERGY_UNIT, asks, evidence.examples.get(Open.ENERGY_UNIT, ""), choices)


def _unit(layout: Layout) -> EnergyUnit | None:
    named = (unit_of(name) for fact in _ENERGIES for name in layout.names(fact))
    if units := {unit for unit in named if unit}:
        return units.pop() if len(units) == 1 else None
    return EnergyUnit.WH if layout.has_series and not any(layout.names(fact) for fact in _ENERGIES) else None


def _sign_by_size(evidence: Evidence, unit: EnergyUnit | None) -> str | None:
    """In kWh three digits after a sign are decimals: as thousands they would make every session a megawatt-hour."""
    if unit in {EnergyUnit.KWH, EnergyUnit.MWH} and len(evidence.three_digits) == 1:
        return next(iter(evidence.three_digits))
    return None
