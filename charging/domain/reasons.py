"""Why a row of a file was rejected, and why a session waits for a person.

A *rejection* means that the row cannot be a session as it stands: it is kept with its line number and one or more
of these codes, and becomes a session once it has been corrected. A *flag* means that the row is possible but
unusual: it is imported, and somebody decides before it is billed.

The codes are stored and travel in files, so they never change; the sentences may. `_` only marks a sentence for
the catalogue: this package knows no Django, and `charging.models` wraps the sentences for translation.
"""

from enum import StrEnum


def _(sentence: str) -> str:
    return sentence


class Reject(StrEnum):
    """Codes of rejected rows."""

    UNREADABLE_ROW = "unreadable_row"
    LINE_TOO_LONG = "line_too_long"
    TOO_MANY_CELLS = "too_many_cells"
    CONTROL_CHARACTER = "control_character"
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
    UNKNOWN_STATION = "unknown_station"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105  # a charging card, not a secret
    DUPLICATE_IN_FILE = "duplicate_in_file"
    CHANGED = "changed"

    @property
    def sentence(self) -> str:
        """The reason in English, for the catalogue to translate."""
        return _REJECT_SENTENCES[self]


class Flag(StrEnum):
    """Codes of sessions that are imported and wait for a decision."""

    ZERO_ENERGY = "zero_energy"
    VERY_LONG = "very_long"
    ABOVE_POWER = "above_power"
    OVERLAP = "overlap"
    SERIES_MISMATCH = "series_mismatch"

    @property
    def sentence(self) -> str:
        """The reason in English, for the catalogue to translate."""
        return _FLAG_SENTENCES[self]


_REJECT_SENTENCES: dict[Reject, str] = {
    Reject.UNREADABLE_ROW: _(
        "The row cannot be read: a quotation mark is never closed, or it is no valid JSON, or nested more than 32 deep."
    ),
    Reject.LINE_TOO_LONG: _("The line has more than 1,000,000 characters; only its beginning is kept here."),
    Reject.TOO_MANY_CELLS: _("The row has more cells than the header, so its columns may be shifted."),
    Reject.CONTROL_CHARACTER: _("A name, id or card holds a control character, such as a tab, a line break or a zero."),
    Reject.MISSING_ID: _("The session has no id."),
    Reject.ID_TOO_LONG: _("The session id is longer than 100 characters."),
    Reject.MISSING_STATION: _("The row does not say which station was used."),
    Reject.NAME_TOO_LONG: _("The name of the site, station, connector or card is too long."),
    Reject.MISSING_START: _("The start time is missing."),
    Reject.UNREADABLE_START: _("The start time cannot be read in the chosen date order."),
    Reject.UNREADABLE_END: _("The end time cannot be read in the chosen date order."),
    Reject.IMPOSSIBLE_LOCAL_TIME: _("That local time does not exist: the clock was put forward over it."),
    Reject.REPEATED_LOCAL_TIME: _(
        "That local time happened twice when the clock was put back; the file does not say which."
    ),
    Reject.CLOCK_NOT_SET: _("The date is before the year 2000: the clock of the station was not set."),
    Reject.FUTURE_DATE: _("The date lies in the future."),
    Reject.OPEN_SESSION: _("The session has no end: it was still running, or its end was lost."),
    Reject.END_BEFORE_START: _("The session ends before it starts."),
    Reject.MISSING_ENERGY: _("The energy is missing."),
    Reject.UNREADABLE_ENERGY: _("The energy is not a number."),
    Reject.NEGATIVE_ENERGY: _("The energy is negative: the meter ran backwards or was replaced."),
    Reject.ABSURD_ENERGY: _("The energy is more than 1 MWh: probably the reading of the meter, not the session."),
    Reject.IMPOSSIBLE_POWER: _("No charger can deliver that much energy in the time of the session."),
    Reject.UNREADABLE_SERIES: _("The meter readings cannot be read, or do not lie within the session."),
    Reject.UNKNOWN_STATION: _("The station or connector is not known, and the import was not to create any."),
    Reject.UNKNOWN_TOKEN: _("The card is not known, and the import was not to create any."),
    Reject.DUPLICATE_IN_FILE: _("Another row of this file has the same session id."),
    Reject.CHANGED: _(
        "The session is known already, with another time, place, card or energy; nothing was overwritten."
    ),
}

_FLAG_SENTENCES: dict[Flag, str] = {
    Flag.ZERO_ENERGY: _("Connected for more than an hour without taking any energy."),
    Flag.VERY_LONG: _("Lasted more than 24 hours."),
    Flag.ABOVE_POWER: _("More energy than the connector can deliver in that time."),
    Flag.OVERLAP: _("Overlaps another session on the same connector."),
    Flag.SERIES_MISMATCH: _("The meter readings do not add up to the energy of the session."),
}
