"""Why a row of a file was rejected, and why a session waits for a person.

A *rejection* means that the row cannot be a session as it stands: it is kept with its line number and one or more
of these codes, and becomes a session once it has been corrected. A *flag* means that the row is possible but
unusual: it is imported, and somebody decides before it is billed.

The codes are stored and travel in files, so they never change. `portal.words.imports` has their sentences.
"""

from enum import StrEnum
from typing import Final


class Reject(StrEnum):
    """Codes of rejected rows."""

    UNREADABLE_ROW = "unreadable_row"
    LINE_TOO_LONG = "line_too_long"
    TOO_MANY_CELLS = "too_many_cells"
    CONTROL_CHARACTER = "control_character"
    LOST_SIGN = "lost_sign"
    DAMAGED_IDENTIFIER = "damaged_identifier"
    MISSING_ID = "missing_id"
    ID_TOO_LONG = "id_too_long"
    MISSING_STATION = "missing_station"
    NAME_TOO_LONG = "name_too_long"
    MISSING_START = "missing_start"
    UNREADABLE_START = "unreadable_start"
    UNREADABLE_END = "unreadable_end"
    IMPOSSIBLE_LOCAL_TIME = "impossible_local_time"
    REPEATED_LOCAL_TIME = "repeated_local_time"
    CLOCK_NOT_SET = "clock_not_set"
    FUTURE_DATE = "future_date"
    OPEN_SESSION = "open_session"
    END_BEFORE_START = "end_before_start"
    MISSING_ENERGY = "missing_energy"
    UNREADABLE_ENERGY = "unreadable_energy"
    NEGATIVE_ENERGY = "negative_energy"
    ABSURD_ENERGY = "absurd_energy"
    IMPOSSIBLE_POWER = "impossible_power"
    UNREADABLE_SERIES = "unreadable_series"
    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_STATION = "unknown_station"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105  # a charging card, not a secret
    CARD_OF_SEVERAL = "card_of_several"
    DUPLICATE_IN_FILE = "duplicate_in_file"
    CHANGED = "changed"
    PAST_IS_SUMS = "past_is_sums"


class Flag(StrEnum):
    """Codes of sessions that are imported and wait for a decision."""

    ZERO_ENERGY = "zero_energy"
    VERY_LONG = "very_long"
    ABOVE_POWER = "above_power"
    OVERLAP = "overlap"
    SERIES_MISMATCH = "series_mismatch"
    NO_TIME = "no_time"
    METER_MISMATCH = "meter_mismatch"
    DURATION_MISMATCH = "duration_mismatch"
    ABOVE_USUAL = "above_usual"
    REPEATED_ENERGY = "repeated_energy"
    NO_CHARGE = "no_charge"
    NOT_ADMITTED = "not_admitted"
    STATION_CLOCK = "station_clock"
    START_MISSING = "start_missing"
    STOP_MISSING = "stop_missing"
    METER_MISSING = "meter_missing"
    METER_BACKWARDS = "meter_backwards"
    METER_UNIT = "meter_unit"
    NOT_PROVEN = "not_proven"
    OUTLET_MISSING = "outlet_missing"
    NAME_MISSING = "name_missing"


#: Doubts that the facts of a session by themselves say or do not say: whoever changes these has them judged anew.
JUDGED: Final = frozenset(
    {
        Flag.ZERO_ENERGY,
        Flag.NO_CHARGE,
        Flag.NO_TIME,
        Flag.VERY_LONG,
        Flag.ABOVE_POWER,
        Flag.SERIES_MISMATCH,
        Flag.ABOVE_USUAL,
        Flag.OVERLAP,
    }
)
_OF_ENERGY = ("energy_wh", "meter_start_wh")
_OF_TIMES = ("started_at", "ended_at")
#: Doubts that its source alone could have, and about which facts each is: by their column names. What is about none of
#: them, no other fact dispels.
DOUBTED_FACTS: Final[dict[str, tuple[str, ...]]] = {
    Flag.METER_MISMATCH: _OF_ENERGY,
    Flag.METER_MISSING: _OF_ENERGY,
    Flag.METER_BACKWARDS: _OF_ENERGY,
    Flag.METER_UNIT: _OF_ENERGY,
    Flag.REPEATED_ENERGY: _OF_ENERGY,
    Flag.DURATION_MISMATCH: _OF_TIMES,
    Flag.STATION_CLOCK: _OF_TIMES,
    Flag.START_MISSING: ("started_at",),
    Flag.STOP_MISSING: ("ended_at", "energy_wh"),
    Flag.OUTLET_MISSING: ("connector_id",),
    Flag.NOT_ADMITTED: ("token_id",),
}


#: A remark that settles the session by itself: it is written off, and nobody need decide.
SETTLING: Final = Flag.NO_CHARGE


#: What is said of a session that is known: decided on beside it, as no cell of the row is at fault.
OF_KNOWN_SESSIONS: Final = (Reject.DUPLICATE_IN_FILE, Reject.CHANGED)
