"""What the columns of a file mean: the layout, kept as a profile so that it is chosen once.

A layout names, for every fact of a session, the columns that hold it, and says what columns alone cannot: the order
of day and month, the time zone, the decimal sign, the unit of energy. It is plain data: it is stored as JSON, shown
on the page, and shipped for well-known files in `charging/data/profiles`.

A fact may name several columns. For a time they are joined (a date and a time of day); for anything else the first
one with a value counts, which lets a shared charge point stand in for a private one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self, TypeVar

from charging.domain.energy import EnergyUnit
from charging.domain.errors import Code, WrongColumns
from charging.domain.local_time import Fold

Kind = TypeVar("Kind", bound=StrEnum)


class Field(StrEnum):
    """A fact of a session that a file may carry."""

    EXTERNAL_ID = "external_id"
    SITE = "site"
    STATION = "station"
    CONNECTOR = "connector"
    POWER = "power"
    TOKEN = "token"  # noqa: S105 - a charging card, not a secret
    STARTED_AT = "started_at"
    ENDED_AT = "ended_at"
    CHARGING_ENDED = "charging_ended"
    DURATION = "duration"
    CHARGING_TIME = "charging_time"
    IDLE_TIME = "idle_time"
    ENERGY = "energy"
    METER_START = "meter_start"
    METER_STOP = "meter_stop"
    STOP_REASON = "stop_reason"
    READINGS = "readings"
    SERIES_START = "series_start"
    SERIES_INTERVAL = "series_interval_s"
    SERIES_WH = "series_wh"


class DateOrder(StrEnum):
    """The order of day, month and year in a written date."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class DurationUnit(StrEnum):
    """The unit of a length of time that is written as a number."""

    MILLISECONDS = "ms"
    SECONDS = "s"
    MINUTES = "min"
    HOURS = "h"

    @property
    def seconds(self) -> float:
        """How many seconds it has."""
        return {"ms": 0.001, "s": 1, "min": 60, "h": 3600}[self.value]


#: Texts that mean "nothing" in exports of measuring systems and spreadsheets, and what people type there instead.
NOTHING = (
    "", "NA", "N/A", "n/a", "N.A.", "n.a.", "NULL", "Null", "null", "None", "none", "NaN", "nan", "nil", "-", "--", "—",
    "–", "#N/A", "#VALUE!", "#REF!", "undefined", "\\N", "?", "saknas", "Saknas", "uppgift saknas", "Uppgift saknas",
    "mangler", "Mangler", "puuttuu", "fehlt", "missing", "Missing", "not available", "Not available",
)  # fmt: skip

TIMES = (Field.STARTED_AT, Field.ENDED_AT, Field.CHARGING_ENDED)
LENGTHS = (Field.DURATION, Field.CHARGING_TIME, Field.IDLE_TIME)
ENERGIES = (Field.ENERGY, Field.METER_START, Field.METER_STOP)

_NEEDED = (Field.STATION, Field.STARTED_AT)
#: The name of a source that nobody gave one.
NAMELESS = "file"
_SERIES = (Field.READINGS, Field.SERIES_WH)


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read one kind of file. See the module's text.

    `date_order`, `time_zone`, `decimal_sign` and `energy_unit` are None while neither the file nor a person has
    said them; an import refuses to start on such a layout. `energy_unit` is that of the energy; a meter whose heading
    names another keeps its own. `duration_unit` is None when no length of time is a bare number, or when nothing
    proves it: then those columns are left alone. `default_station` is the station of a file that names none.
    `guess_others`: the columns named are only some, and the others may be guessed.
    """

    columns: Mapping[Field, tuple[str, ...]]
    source: str = NAMELESS
    date_order: DateOrder | None = None
    time_zone: str | None = None
    fold: Fold = Fold.REJECT
    decimal_sign: str | None = None
    energy_unit: EnergyUnit | None = None
    duration_unit: DurationUnit | None = None
    delimiter: str | None = None
    encoding: str | None = None
    nothing: tuple[str, ...] = NOTHING
    default_site: str = ""
    default_station: str = ""
    default_connector: str = "1"
    guess_others: bool = False

    def __post_init__(self) -> None:
        for name, kind in (
            ("date_order", DateOrder),
            ("energy_unit", EnergyUnit),
            ("duration_unit", DurationUnit),
            ("fold", Fold),
        ):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, _choice(kind, name, value))

    def to_json(self) -> dict[str, Any]:
        """Return the layout as data that JSON can hold."""
        said = {item.name: getattr(self, item.name) for item in fields(self)}
        said["columns"] = {str(fact): list(names) for fact, names in self.columns.items()}
        said["nothing"] = list(self.nothing)
        return {name: str(value) if isinstance(value, StrEnum) else value for name, value in said.items()}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Return the layout that data describes.

        Raises:
            WrongColumns: a name or a value is not one a layout knows.
        """
        unknown = set(said) - {item.name for item in fields(cls)}
        if unknown:
            raise WrongColumns(Code.NO_SUCH_SETTING, name=min(unknown))
        values = dict(said)
        values["columns"] = _columns_of(said.get("columns", {}))
        values["nothing"] = tuple(said.get("nothing", NOTHING))
        return cls(**values)

    def saying(self, **answers: Any) -> Self:
        """Return the layout with some settings answered; None leaves a setting as it is."""
        return replace(self, **{name: answer for name, answer in answers.items() if answer is not None})

    def fitted(self, header: Sequence[str]) -> Self:
        """Return the layout without the optional columns this file lacks.

        Raises:
            WrongColumns: a column that is named, and needed, is not in the file.
        """
        present = {fact: tuple(name for name in names if name in header) for fact, names in self.columns.items()}
        fitting = replace(self, columns={fact: names for fact, names in present.items() if names})
        for fact in (Field.STARTED_AT, Field.ENDED_AT):
            if len(fitting.columns.get(fact, ())) != len(self.columns.get(fact, ())):
                raise WrongColumns(Code.COLUMN_LACKING, fact=fact, columns=self.columns[fact])
        lacking = {fact: self.columns[fact] for fact in fitting.missing() if self.columns.get(fact)}
        if lacking:
            raise WrongColumns(Code.FACTS_WITHOUT_COLUMN, lacking=lacking, columns=header)
        return fitting

    def fits(self, header: Sequence[str]) -> bool:
        """Whether a file with this header has the columns that are needed."""
        try:
            self.fitted(header)
        except WrongColumns:
            return False
        return True

    def missing(self) -> list[Field]:
        """Return the facts no session can do without and no column is named for."""
        missing = [fact for fact in _NEEDED if fact not in self.columns]
        if Field.STATION in missing and self.default_station:
            missing.remove(Field.STATION)
        if not any(fact in self.columns for fact in (Field.ENDED_AT, Field.DURATION)):
            missing.append(Field.ENDED_AT)
        meters = Field.METER_START in self.columns and Field.METER_STOP in self.columns
        if not meters and not any(fact in self.columns for fact in (Field.ENERGY, *_SERIES)):
            missing.append(Field.ENERGY)
        return missing

    def names(self, fact: Field) -> tuple[str, ...]:
        """Return the columns that hold a fact; none if the file does not carry it."""
        return self.columns.get(fact, ())

    @property
    def has_series(self) -> bool:
        """Whether the file carries meter readings."""
        return any(fact in self.columns for fact in _SERIES)


def _columns_of(said: Mapping[str, Any]) -> dict[Field, tuple[str, ...]]:
    columns = {}
    for fact, names in said.items():
        listed = (names,) if isinstance(names, str) else tuple(names)
        if listed:
            columns[_choice(Field, "column", fact)] = listed
    return columns


def _choice(kind: type[Kind], name: str, value: Any) -> Kind:
    try:
        return kind(value)
    except ValueError:
        raise WrongColumns(Code.SETTING_VALUE, name=name, value=str(value), choices=list(kind)) from None
