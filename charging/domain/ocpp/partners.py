"""How a partner is asked whether its card may charge, and how its answer is read: OCPI 2.2.1 and 2.3.0, Tokens module.

Real-time authorization: `POST {address}/tokens/{uid}/authorize?type=RFID`. What a stranger answers is read in bounds.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID, uuid4, uuid5

from charging.domain.ocpp.admission import Said

#: By when the partner must have answered, in seconds: some time is left for what is done with it (`unasked.IN_TIME_S`).
LIMIT_S: Final = 2.2
#: So many of a partner's cards are asked about at a time; who comes later waits, and no longer than that.
AT_ONCE: Final = 8
#: For so long an answer holds for the charge that begins with it, and for so many cards it is remembered.
HOLDS_S, REMEMBERED = 900, 10_000
#: For so long a partner that does not know our locations is asked without one.
PLACELESS_S = 3600
#: OCPI's status codes of a success, of a question with a location that the partner cannot use (parameters that are
#: invalid, or too few, a location that it does not know), and of a card that it does not know.
_GOOD, _OTHER_PLACE, _UNKNOWN_TOKEN = range(1000, 2000), {2001, 2002, 2003}, 2004
_OK, _NOT_FOUND = 200, 404
#: With these a server refuses what stands in a question: bad request, unsupported media type, unprocessable content.
_NOT_THIS_BODY = {400, 415, 422}


class Unreadable(Exception):
    """The answer is no answer to this question."""


class UnknownPlace(Exception):
    """The partner does not know the location that it was told, or wants to be told of none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card is shown (OCPI: LocationReferences). evses: the outlets at which it may begin, those known to us."""

    location: str
    evses: tuple[str, ...]

    @classmethod
    def of(cls, site: UUID, station: UUID, outlets: Iterable[str]) -> "Place":
        """Return what partners know the place by. outlets: the numbers of those at the station that are meant."""
        return cls(str(site), tuple(str(uuid5(station, number)) for number in outlets))

    def body(self) -> bytes:
        """Return what is told of it with the question."""
        told: dict[str, object] = {"location_id": self.location}
        return json.dumps(told | ({"evse_uids": self.evses} if self.evses else {})).encode()


@dataclass(frozen=True, slots=True)
class Told:
    """What the partner says of a card. evses: the only outlets at which it may charge, in lower case; None for any."""

    said: Said
    evses: frozenset[str] | None = None

    def at(self, place: Place, *, anywhere: bool = True) -> Said:
        """Return what that comes to there. anywhere: at one of the outlets of the place is enough; else at each."""
        here = [self.evses is None or each in self.evses for each in place.evses] or [self.evses is None]
        is_here = any(here) if anywhere else all(here)
        return Said.NOT_ALLOWED if self.said is Said.ALLOWED and not is_here else self.said


def path(base: str, uid: str) -> str:
    """Return the path at which it is asked. base: that of the partner's address, of its Tokens module or one above."""
    return f"{base.rstrip('/').removesuffix('/tokens')}/tokens/{quote(uid, safe='')}/authorize?type=RFID"


def headers(token: str, body: bytes = b"") -> dict[str, str]:
    """Return what proves who asks, and what either side finds the question by."""
    proof = base64.b64encode(token.encode()).decode()
    asked = str(uuid4())
    return {
        "Authorization": f"Token {proof}",
        "X-Request-ID": asked,
        "X-Correlation-ID": asked,
        "Accept": "application/json",
        **({"Content-Type": "application/json"} if body else {}),
    }


def read(status: int, body: bytes, place: Place | None = None) -> Told:
    """Return what the partner says. A card that it does not know is not allowed.

    place: what it was told of where the card is shown; it may answer for some of the outlets alone.

    Raises:
        Unreadable: it says nothing of the card.
        UnknownPlace: it was told of a place, and refuses a question with that.
    """
    if place is not None and status in _NOT_THIS_BODY:
        raise UnknownPlace
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable from None
    code = told.get("status_code") if isinstance(told, Mapping) else None
    if not isinstance(code, int) or isinstance(code, bool):
        raise Unreadable
    if status in (_OK, _NOT_FOUND) and code == _UNKNOWN_TOKEN:
        return Told(Said.NOT_ALLOWED)
    if place is not None and status in (_OK, _NOT_FOUND) and code in _OTHER_PLACE:
        raise UnknownPlace
    data = told.get("data")
    if status != _OK or code not in _GOOD or not isinstance(data, Mapping):
        raise Unreadable
    try:
        said = Said(str(data.get("allowed")))
    except ValueError:
        raise Unreadable from None
    return Told(said, _evses(data.get("location"), place))


def _evses(location: object, place: Place | None) -> frozenset[str] | None:
    """At which outlets alone: those that are named, none of another location, any where nothing is said of them."""
    if place is None or not isinstance(location, Mapping):
        return None
    if str(location.get("location_id")).lower() != place.location:
        return frozenset()
    named = location.get("evse_uids")
    return frozenset(str(each).lower() for each in named) if isinstance(named, list) and named else None
