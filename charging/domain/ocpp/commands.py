"""What people ask of a station, in no protocol's words; `v16` says it to stations. And what may become of it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any


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
    UPDATE_FIRMWARE = "update_firmware"
    GET_LOG = "get_log"
    RESERVE = "reserve"
    CANCEL_RESERVATION = "cancel_reservation"
    LIMIT = "limit"
    CLEAR_LIMIT = "clear_limit"
    READ_NAMED = "read_named"
    GET_SCHEDULE = "get_schedule"
    FORGET_CARDS = "forget_cards"
    EMPTY_LIST = "empty_list"


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
HARMLESS = (
    Kind.TRIGGER,
    Kind.READ_SETTINGS,
    Kind.READ_NAMED,
    Kind.GET_SCHEDULE,
    Kind.FORGET_CARDS,
    Kind.EMPTY_LIST,
)
#: By what a station lets cards in without asking: what it remembers, and a list that an earlier operator left there.
DEADLY = (Kind.FORGET_CARDS, Kind.EMPTY_LIST)
#: What a station is not asked before it is accepted: nobody charges there.
CHARGING = (Kind.START, Kind.STOP, Kind.RESERVE)
#: A station's words for having no list at all, so that there is none to empty.
LISTLESS = ("NotSupported", "NotImplemented")
#: What a station goes on with after its answer, and the messages in which it says how far it has come.
PROGRESS = {
    "FirmwareStatusNotification": Kind.UPDATE_FIRMWARE,
    "SignedFirmwareStatusNotification": Kind.UPDATE_FIRMWARE,
    "DiagnosticsStatusNotification": Kind.GET_LOG,
    "LogStatusNotification": Kind.GET_LOG,
}
#: Which carry a number of ours, by which stations refer to them later.
NUMBERED = (Kind.UPDATE_FIRMWARE, Kind.GET_LOG, Kind.RESERVE, Kind.START)
LARGEST_REQUEST = 2**31 - 1
#: For how long it is worth sending. Whoever stands at an outlet does not wait longer.
AT_THE_OUTLET, OTHERWISE = timedelta(minutes=1), timedelta(minutes=15)
#: A lost card is to be dead also at a station that was away for days.
FORGETTING = timedelta(days=7)
_PASSWORD = re.compile(r"authorizationkey|basicauthpassword", re.IGNORECASE)
#: A name of a setting that is longer is nobody's: OCPP 1.6 has 50 signs, 2.0.1 a component and a variable of 50 each.
LONGEST_SETTING = 200
#: So many settings are asked for by name at once: stations that take fewer refuse more.
MOST_NAMED = 20
#: Of what time a station tells what it may draw.
SCHEDULED = timedelta(days=1)
#: The number of our limit for a whole station: beyond those of outlets.
WHOLE_STATION = 10_000
#: What protocols call an outlet.
NUMBER = r"^[0-9]{1,4}$"
#: How long a station may take for its answer.
ANSWER_S = 30


def is_secret(setting: str) -> bool:
    """Whether a setting holds the station's password: that is made and shown elsewhere, and never kept."""
    return bool(_PASSWORD.search(setting))


def written(at: datetime) -> str:
    """Return an instant as protocols write it; as texts, later ones come after earlier ones."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def profile(wanted: Mapping[str, Any]) -> int:
    """Return the number of the one limit that we set for an outlet, or for the whole station."""
    return int(wanted["connector"]) if wanted.get("connector") else WHOLE_STATION


def patience(kind: Kind) -> timedelta:
    """Return for how long the station may be away before it is not sent any more."""
    if kind in DEADLY:
        return FORGETTING
    return AT_THE_OUTLET if kind in {Kind.START, Kind.STOP, Kind.UNLOCK, Kind.RESERVE} else OTHERWISE
