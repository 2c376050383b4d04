"""What a file proves about itself, and the questions it leaves open.

`06/09/2018` is a day in June or in September. If any date of a column has a first number above 12 the file has proved
its order; if none has, only a person knows, and guessing right nine times is not good enough for invoices. The same
holds for a comma that may set apart thousands, for a unit nobody wrote, and for the time zone of a local time unless
its heading says it.

A conclusion belongs to the columns it was drawn from: it is drawn anew at every look, and nothing is concluded about a
fact without a column. What a person says is taken, unless the file disproves it; then the row that does is named.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import available_timezones

import polars as pl

from charging.domain.energy import EnergyUnit
from charging.domain.errors import Code, WrongColumns
from charging.ingest.columns import text_of, time_text
from charging.ingest.headers import unit_of, words
from charging.ingest.layout import ENERGIES, TIMES, DateOrder, Field, Layout
from charging.ingest.raw import RawChunk
from charging.ingest.sizes import SIZES
from charging.ingest.written_times import is_absolute, taken_apart
from tenants.bounds import tidy

_WITH_UNIT = r"(?i)\s*(k|M)?Wh$"
_COMMA_DECIMAL = r"^[+-]?\d*,(?:\d{0,2}|\d{4,})$|\d\.\d{3},\d|^[+-]?0,|\d\.\d{3}\.\d{3}$|\d['’ ]\d{3},\d"
_POINT_DECIMAL = r"^[+-]?\d*\.(?:\d{0,2}|\d{4,})$|\d,\d{3}\.\d|^[+-]?0\.|\d,\d{3},\d{3}$|\d['’ ]\d{3}\.\d"
#: From this on the usual energy of a session is taken to be in Wh, as a proposal.
_LOOKS_LIKE_WH = 500
_OFFSET_IN_HEADING = re.compile(r"(?:utc|gmt)\s*([+-])\s*(\d{1,2})(?!\d)", re.IGNORECASE)
_ZONE_IN_HEADING = re.compile(r"[A-Za-z]+(?:/[A-Za-z_]+)+")
_UTC_WORDS = frozenset(["utc", "gmt", "zulu"])
_ZONE_WORDS = frozenset(
    ["timezone", "tz", "zone", "tidszon", "tidssone", "tidszone", "zeitzone", "fuseau", "fuso", "tijdzone"]
)
_ABBREVIATED = {
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "MST": "America/Denver", "MDT": "America/Denver",
    "CST": "America/Chicago", "CDT": "America/Chicago", "EST": "America/New_York", "EDT": "America/New_York",
    "BST": "Europe/London", "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "UTC": "UTC", "GMT": "UTC",
}  # fmt: skip


class Asks(StrEnum):
    """The questions; `portal.words.imports` has their sentences."""

    WHICH_COLUMN = "which_column"
    WHICH_STATION = "which_station"
    WHICH_ZONE = "which_zone"
    WHICH_ORDER = "which_order"
    WHICH_OF_BOTH_ORDERS = "which_of_both_orders"
    WHICH_SIGN = "which_sign"
    WHICH_OF_BOTH_SIGNS = "which_of_both_signs"
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
class Proof:
    """How many texts prove something, and the first that does."""

    count: int = 0
    line: int = 0
    text: str = ""

    def add(self, texts: pl.Series, lines: pl.Series, proving: pl.Series) -> None:
        """Add the texts that `proving` marks."""
        where = proving.fill_null(value=False).arg_true()
        if not len(where):
            return
        if not self.count:
            self.line, self.text = int(lines[where[0]]), tidy(str(texts[where[0]])[: SIZES.shown])
        self.count += len(where)


@dataclass(slots=True)
class Evidence:
    """What the texts of the columns prove, gathered chunk by chunk.

    not_orders: the dates that cannot be read in each order. unclear: dates in need of an order that would be others in
    another one. thousands: numbers with three digits after their only sign.
    """

    rows: int = 0
    times: Proof = field(default_factory=Proof)
    local_times: Proof = field(default_factory=Proof)
    in_need: Proof = field(default_factory=Proof)
    unclear: Proof = field(default_factory=Proof)
    not_orders: dict[DateOrder, Proof] = field(default_factory=lambda: {order: Proof() for order in DateOrder})
    signs: dict[str, Proof] = field(default_factory=lambda: {sign: Proof() for sign in ".,"})
    thousands: dict[str, Proof] = field(default_factory=lambda: {sign: Proof() for sign in ".,"})
    units: dict[EnergyUnit, Proof] = field(default_factory=lambda: {unit: Proof() for unit in EnergyUnit})
    numbers: Proof = field(default_factory=Proof)
    usual: float | None = None
    zone: str | None = None

    def read(self, raw: RawChunk, layout: Layout) -> None:
        """Add what the rows of a chunk prove."""
        self.rows += raw.frame.height
        for fact in TIMES:
            if layout.names(fact):
                self._read_times(time_text(raw, layout, fact), raw.lines)
        for fact in ENERGIES:
            if layout.names(fact):
                self._read_numbers(text_of(raw, layout, fact), raw.lines)
        if self.zone is None:
            self.zone = _zone_in_a_column(raw.frame)

    @property
    def orders(self) -> list[DateOrder]:
        """The orders in which every date can be read."""
        return [order for order, disproof in self.not_orders.items() if not disproof.count]

    @property
    def date_order(self) -> DateOrder | None:
        """The order of dates, if the file proves it, or needs none."""
        if not self.in_need.count:
            return DateOrder.YMD if self.times.count else None
        if len(self.orders) == 1:
            return self.orders[0]
        return self.orders[0] if self.orders and not self.unclear.count else None

    @property
    def decimal_sign(self) -> str | None:
        """The decimal sign, if the file proves it or uses none."""
        proved = [sign for sign, proof in self.signs.items() if proof.count]
        if len(proved) == 1:
            return proved[0]
        doubtful = proved or any(proof.count for proof in self.thousands.values())
        return None if doubtful or not self.numbers.count else "."

    @property
    def sign_is_proved(self) -> bool:
        """Whether reading on could prove no more about the sign."""
        return any(proof.count for proof in self.signs.values()) or not self.numbers.count

    @property
    def energy_unit(self) -> EnergyUnit | None:
        """The unit that stands beside the numbers themselves."""
        written = [unit for unit, proof in self.units.items() if proof.count]
        return written[0] if len(written) == 1 else None

    @property
    def contradictory(self) -> bool:
        """Whether some dates prove one order and some the other."""
        return not self.orders

    def _read_times(self, texts: pl.Series, lines: pl.Series) -> None:
        apart = taken_apart(texts)
        dated = apart["a"].is_not_null()
        in_need = dated & ~apart["sure"].fill_null(value=False)
        self.times.add(texts, lines, texts.is_not_null())
        self.local_times.add(texts, lines, texts.is_not_null() & ~is_absolute(apart))
        self.in_need.add(texts, lines, in_need)
        if not in_need.any():
            return
        day, month, short = apart["a"] <= 31, apart["a"] <= 12, apart["short"].fill_null(value=False)
        second, third = apart["b"], apart["c"]
        fits = {
            DateOrder.DMY: day & (second <= 12),
            DateOrder.MDY: month & (second <= 31),
            DateOrder.YMD: short & (second <= 12) & (third <= 31),
        }
        for order, fitting in fits.items():
            self.not_orders[order].add(texts, lines, in_need & ~fitting)
        several = pl.DataFrame({order.value: fitting for order, fitting in fits.items()}).sum_horizontal() > 1
        differ = (apart["a"] != second) | (short & (apart["a"] != third))
        self.unclear.add(texts, lines, in_need & several & differ)

    def _read_numbers(self, texts: pl.Series, lines: pl.Series) -> None:
        """Count numbers whose sign can only be the decimal one: not followed by exactly three digits, or repeated."""
        written = texts.str.extract(_WITH_UNIT, 0).str.strip_chars().str.to_lowercase()
        for unit, proof in self.units.items():
            proof.add(texts, lines, written == unit.value.lower())
        bare = texts.str.replace(_WITH_UNIT, "").str.replace_all("[\\s\u00a0\u202f\u2009]", " ")
        self.numbers.add(texts, lines, bare.str.contains(r"[1-9]"))
        for sign, pattern in ((",", _COMMA_DECIMAL), (".", _POINT_DECIMAL)):
            self.signs[sign].add(texts, lines, bare.str.contains(pattern))
            self.thousands[sign].add(texts, lines, bare.str.contains(rf"^[+-]?[1-9]\d{{0,2}}\{sign}\d{{3}}$"))
        if self.usual is None:
            self.usual = bare.str.extract(r"^\+?(\d+)", 1).cast(pl.Float64, strict=False).median()  # type: ignore[assignment]


def gathered(chunks: Iterable[RawChunk], layout: Layout) -> Evidence:
    """Read chunks until the file has proved all it can, at most the whole file; of what is all said, the first one."""
    evidence = Evidence()
    for chunk in chunks:
        evidence.read(chunk, layout)
        dates = layout.date_order or evidence.date_order or evidence.contradictory
        if dates and (layout.decimal_sign or evidence.sign_is_proved):
            break
    return evidence


def concluded(layout: Layout, evidence: Evidence) -> Layout:
    """Return the layout with everything filled in that the file proves or its headings say.

    Raises:
        WrongColumns: the file disproves what somebody said.
    """
    _check(layout, evidence)
    unit = layout.energy_unit or _unit(layout) or evidence.energy_unit
    sign = layout.decimal_sign or evidence.decimal_sign or _sign_by_size(evidence, unit)
    return layout.saying(
        date_order=layout.date_order or evidence.date_order,
        time_zone=layout.time_zone or _zone_of_headings(layout, evidence),
        decimal_sign=sign,
        energy_unit=unit,
    )


def questions(layout: Layout, evidence: Evidence, header: list[str], *, home_zone: str) -> list[Question]:
    """Return what is still open after `concluded`, with a suggestion where there is a sensible one."""
    asked = [_column_question(fact, header) for fact in layout.missing()]
    if layout.date_order is None and evidence.times.count:
        asked.append(_date_question(evidence))
    if layout.time_zone is None and evidence.local_times.count:
        zone = _suggested_zone(layout) or evidence.zone or home_zone
        asked.append(Question(Open.TIME_ZONE, Asks.WHICH_ZONE, evidence.local_times.text, suggestion=zone))
    if layout.decimal_sign is None and evidence.numbers.count:
        asked.append(_sign_question(evidence))
    if layout.energy_unit is None and any(layout.names(fact) for fact in ENERGIES):
        asked.append(_unit_question(evidence))
    return asked


def _check(layout: Layout, evidence: Evidence) -> None:
    said = layout.date_order
    if said and (disproof := evidence.not_orders[said]).count and evidence.orders:
        raise WrongColumns(Code.ORDER_DISPROVED, order={"code": said}, line=disproof.line, text=disproof.text)
    sign = layout.decimal_sign
    if sign and not evidence.signs[sign].count:
        other = evidence.signs["," if sign == "." else "."]
        if other.count:
            raise WrongColumns(Code.SIGN_DISPROVED, sign=sign, line=other.line, text=other.text)


def _column_question(fact: Field, header: list[str]) -> Question:
    asks = Asks.WHICH_STATION if fact is Field.STATION else Asks.WHICH_COLUMN
    return Question(Open.COLUMN, asks, choices=tuple(header), fact=fact)


def _date_question(evidence: Evidence) -> Question:
    asks, orders = Asks.WHICH_ORDER, evidence.orders
    example = evidence.unclear.text or evidence.in_need.text
    if not orders:
        asks, orders = Asks.WHICH_OF_BOTH_ORDERS, [DateOrder.DMY, DateOrder.MDY]
    return Question(
        Open.DATE_ORDER, asks, example, tuple(map(str, orders)), "dmy" if "." in example[:6] and orders else None
    )


def _sign_question(evidence: Evidence) -> Question:
    both = [proof for proof in evidence.signs.values() if proof.count]
    if len(both) > 1:
        rarer = min(both, key=lambda proof: proof.count)
        return Question(Open.DECIMAL_SIGN, Asks.WHICH_OF_BOTH_SIGNS, rarer.text, (".", ","))
    example = next((proof.text for proof in evidence.thousands.values() if proof.count), "")
    return Question(Open.DECIMAL_SIGN, Asks.WHICH_SIGN, example, (".", ","))


def _unit_question(evidence: Evidence) -> Question:
    usual = evidence.usual
    suggestion = None if usual is None else EnergyUnit.WH if usual >= _LOOKS_LIKE_WH else EnergyUnit.KWH
    choices = tuple(str(unit) for unit in EnergyUnit)
    return Question(Open.ENERGY_UNIT, Asks.WHICH_UNIT, evidence.numbers.text, choices, suggestion)


def _unit(layout: Layout) -> EnergyUnit | None:
    """Return the unit that the headings of the energy name; that of the meters, when there is no energy but theirs."""
    facts = (Field.ENERGY,) if layout.names(Field.ENERGY) else ENERGIES
    named = (unit_of(name) for fact in facts for name in layout.names(fact))
    if units := {unit for unit in named if unit}:
        return units.pop() if len(units) == 1 else None
    return EnergyUnit.WH if layout.has_series and not any(layout.names(fact) for fact in ENERGIES) else None


def _sign_by_size(evidence: Evidence, unit: EnergyUnit | None) -> str | None:
    """In kWh three digits after a sign are decimals: as thousands they would make every session a megawatt-hour."""
    doubtful = [sign for sign, proof in evidence.thousands.items() if proof.count]
    proved = any(proof.count for proof in evidence.signs.values())
    return doubtful[0] if unit in {EnergyUnit.KWH, EnergyUnit.MWH} and len(doubtful) == 1 and not proved else None


def _headings(layout: Layout) -> list[str]:
    return [" ".join(layout.names(fact)) for fact in TIMES if layout.names(fact)]


def _zone_of_headings(layout: Layout, evidence: Evidence) -> str | None:
    """Return the zone that every heading of a time names, or UTC where every one says so."""
    headings = _headings(layout)
    if zone := _zone_named_in_all(headings):
        return zone
    said = [not _UTC_WORDS.isdisjoint(words(one)) and not _OFFSET_IN_HEADING.search(one) for one in headings]
    return "UTC" if evidence.local_times.count and said and all(said) else None


def _zone_named_in_all(headings: list[str]) -> str | None:
    named = {found[0] if (found := _ZONE_IN_HEADING.search(heading)) else "" for heading in headings}
    return zone if len(named) == 1 and (zone := named.pop()) in available_timezones() else None


def _suggested_zone(layout: Layout) -> str | None:
    for heading in _headings(layout):
        if found := _OFFSET_IN_HEADING.search(heading):
            sign, hours = found.groups()
            return f"Etc/GMT{'-' if sign == '+' else '+'}{int(hours)}" if int(hours) else "UTC"
        if not _UTC_WORDS.isdisjoint(words(heading)):
            return "UTC"
    return None


def _zone_in_a_column(frame: pl.DataFrame) -> str | None:
    """Return the one zone that a column of zones names."""
    for name in frame.columns:
        if _ZONE_WORDS.isdisjoint(words(name)):
            continue
        values = frame[name].str.strip_chars().unique()
        found = {_ABBREVIATED.get(value.upper(), value if "/" in value else "") for value in values.head(5) if value}
        if len(found) == 1 and (zone := found.pop()):
            return zone
    return None
