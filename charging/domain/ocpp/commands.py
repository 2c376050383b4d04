"""What people ask of a station, in no protocol's words; `v16` says it to stations. And what may become of it."""

from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What is asked. Stored, so the codes never change."""

    START = "start"
    STOP = "stop"
    UNLOCK = "unlock"
    RESET = "reset"
    AVAILABILITY = "availability"
    TRIGGER = "trigger"
    READ_SETTINGS = "read_settings"
    CHANGE_SETTING = "change_setting"


class State(StrEnum):
    """How far it has come. Stored, so the codes never change."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENT = "sent"
    ANSWERED = "answered"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


#: It is not over yet: it waits, or its connection has it.
OPEN = (State.QUEUED, State.CLAIMED, State.SENT)
#: Sent, and nothing came back: an answer that is late is still the truth.
UNANSWERED = (State.SENT, State.TIMED_OUT, State.UNKNOWN)
#: Asked again by itself when nobody knows whether it arrived: asking twice does nothing that asking once does not.
HARMLESS = (Kind.TRIGGER, Kind.READ_SETTINGS)
#: For how long it is worth sending. Whoever stands at an outlet does not wait longer.
AT_THE_OUTLET, OTHERWISE = timedelta(minutes=1), timedelta(minutes=15)
#: What protocols call an outlet.
NUMBER = r"^[0-9]{1,4}$"
#: How long a station may take for its answer.
ANSWER_S = 30


def patience(kind: Kind) -> timedelta:
    """Return for how long the station may be away before it is not sent any more."""
    return AT_THE_OUTLET if kind in {Kind.START, Kind.STOP, Kind.UNLOCK} else OTHERWISE
