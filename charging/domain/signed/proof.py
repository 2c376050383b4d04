"""What the signed records of a charge prove: that the meter itself gave the energy that is billed, or why they do not.

The signature is asked first, over the bytes as they came, whatever they say: one bit changed is bad, not unreadable.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from charging.domain.signed import keys, ocmf
from charging.domain.signed.ocmf import Reading, Record, UnknownSignature, Unreadable


class Verdict(StrEnum):
    """What is to be thought of it."""

    GOOD = "good"
    DIFFERS = "differs"
    BAD = "bad"
    UNKNOWN_KEY = "unknown_key"
    UNREADABLE = "unreadable"
    ABSENT = "absent"
    KEPT = "kept"


class Doubt(StrEnum):
    """Why records whose signature is right do not prove what is billed; and what else is odd about bad ones."""

    ENERGY = "energy"
    NO_BEGIN = "no_begin"
    NO_END = "no_end"
    PAGES = "pages"
    REPEATED = "repeated"
    METER = "meter"
    OTHER_METER = "other_meter"
    CARD = "card"
    STATE = "state"
    ALGORITHM = "algorithm"


@dataclass(frozen=True, slots=True)
class Key:
    """A meter's public key (`keys.read`) by its number. serial: the meter's, empty where nobody entered it."""

    number: int
    serial: str
    public: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The verdict with its reasons, the signed register at begin and end, and whose key it was: 0 for nobody's."""

    verdict: Verdict
    doubts: tuple[Doubt, ...] = ()
    meter: str = ""
    begin: Reading | None = None
    end: Reading | None = None
    key: int = 0

    @property
    def energy_wh(self) -> Decimal | None:
        """The energy that the meter signed for; None while begin or end is not known."""
        return self.end.wh - self.begin.wh if self.begin and self.end else None

    @property
    def is_against(self) -> bool:
        """Whether it speaks against what is billed, as opposed to not proving it."""
        return self.verdict == Verdict.BAD or Doubt.ENERGY in self.doubts


#: How a charge ends for a meter: ended, at the spot, from afar, aborted, by loss of power.
_ENDS = {"E", "L", "R", "A", "P"}
#: Words of stations for nobody in particular.
_NO_CARD = {"", "NONE", "UNKNOWN", "UNDEFINED", "FREE"}


def judge(
    records: Sequence[str], known: Sequence[Key], *, energy_wh: int | None, card: str, is_repeated: bool = False
) -> Proof:
    """Return what the records of a charge prove, in whatever order they came.

    energy_wh: what is billed. card: whose charge it is. is_repeated: one of them was another charge's already.
    """
    if not records:
        return Proof(Verdict.ABSENT)
    try:
        parts = [ocmf.parted(ocmf.unwrapped(raw)) for raw in records]
    except Unreadable as problem:
        is_unknown = isinstance(problem, UnknownSignature)
        return Proof(Verdict.UNREADABLE, (Doubt.ALGORITHM,) if is_unknown else ())
    said, told = _whole(payload for payload, _ in parts), _readable(payload for payload, _ in parts)
    meter = told[0].meter if told else ""
    if not known:
        return _without_key(said, meter)
    signers = {_signer(payload, signature, known) for payload, signature in parts}
    if None in signers:
        is_other = bool(meter) and not any(_same(key.serial, meter) for key in known)
        return Proof(Verdict.BAD, (Doubt.OTHER_METER,) if is_other else (), meter)
    if said is None:
        return Proof(Verdict.UNREADABLE, meter=meter)
    return _weighed(said, [key for key in signers if key], energy_wh, card, is_repeated=is_repeated)


def _without_key(said: list[Record] | None, meter: str) -> Proof:
    if said is None:
        return Proof(Verdict.UNREADABLE, meter=meter)
    begin, end = _span(sorted(said, key=_page), None)
    return Proof(Verdict.UNKNOWN_KEY, meter=meter, begin=begin, end=end)


def _weighed(said: list[Record], signers: list[Key], energy_wh: int | None, card: str, *, is_repeated: bool) -> Proof:
    """What records prove whose signatures are right."""
    said = sorted(said, key=_page)
    begin, end = _span(said, energy_wh)
    meters = {record.meter for record in said}
    doubts = {
        Doubt.NO_BEGIN: begin is None,
        Doubt.NO_END: end is None,
        Doubt.ENERGY: not _agrees(begin, end, energy_wh),
        Doubt.PAGES: not _in_order(said),
        Doubt.REPEATED: is_repeated,
        Doubt.METER: len(meters) > 1 or len(signers) > 1,
        Doubt.OTHER_METER: any(not _same(key.serial, meter) for key in signers for meter in meters),
        Doubt.CARD: any(not _same_card(record.identity, card) for record in said),
        Doubt.STATE: any(_is_faulty(reading) for reading in (begin, end) if reading),
    }
    found = tuple(doubt for doubt, is_so in doubts.items() if is_so)
    return Proof(Verdict.DIFFERS if found else Verdict.GOOD, found, said[0].meter, begin, end, signers[0].number)


def _signer(payload: bytes, signature: bytes, known: Iterable[Key]) -> Key | None:
    return next((key for key in known if keys.is_signed(payload, signature, key.public)), None)


def _whole(payloads: Iterable[bytes]) -> list[Record] | None:
    try:
        return [ocmf.read(payload) for payload in payloads]
    except Unreadable:
        return None


def _readable(payloads: Iterable[bytes]) -> list[Record]:
    return [record for payload in payloads if (read := _whole([payload])) for record in read]


def _span(said: list[Record], energy_wh: int | None) -> tuple[Reading | None, Reading | None]:
    """The readings at begin and end of one register: the one that agrees with what is billed, else the first.

    Meters sign for several: before and after the losses of the cable, of the charge and since they were made.
    """
    spans = list(_spans(said))
    agreeing = (span for span in spans if energy_wh is not None and all(span) and _agrees(*span, energy_wh))
    complete = (span for span in spans if all(span))
    return next(agreeing, None) or next(complete, None) or next(iter(spans), (None, None))


def _spans(said: list[Record]) -> Iterator[tuple[Reading | None, Reading | None]]:
    every = [reading for record in said for reading in record.readings]
    for register in dict.fromkeys(reading.register for reading in every):
        rows = [reading for reading in every if reading.register == register]
        first = next((index for index, reading in enumerate(rows) if reading.kind == "B"), None)
        ends = [reading for reading in rows[first or 0 :] if reading.kind in _ENDS]
        yield rows[first] if first is not None else None, ends[-1] if ends else None


def _agrees(begin: Reading | None, end: Reading | None, energy_wh: int | None) -> bool:
    """Whether what was signed is what is billed, to the last digit of the meter. What is not known agrees with all."""
    if begin is None or end is None or energy_wh is None:
        return True
    step = max(begin.step_wh, end.step_wh, Decimal(1))
    return abs(end.wh - begin.wh - energy_wh) <= step


def _page(record: Record) -> int:
    number = record.page[1:]
    return int(number) if number.isascii() and number.isdigit() else -1


def _in_order(said: list[Record]) -> bool:
    """Whether the meter counted them one after the other: a gap is a record that is missing, or another charge's."""
    if not any(record.page for record in said):
        return True
    counted = [_page(record) for record in said]
    is_one_kind = len({record.page[:1] for record in said}) == 1
    return is_one_kind and counted[0] >= 0 and all(later - earlier in {0, 1} for earlier, later in pairwise(counted))


def _same(serial: str, meter: str) -> bool:
    """Whether a meter's number may be the one that was entered: some write zeros before it."""
    return not serial or serial.casefold().lstrip("0") == meter.casefold().lstrip("0")


def _same_card(identity: str, card: str) -> bool:
    """Whether a record may be about the card: either may be written with more around it."""
    told, meant = ("".join(sign for sign in text if sign.isalnum()).casefold() for text in (identity, card))
    return told.upper() in _NO_CARD or not meant or told in meant or meant in told


def _is_faulty(reading: Reading) -> bool:
    return reading.state not in {"", "G"} or "E" in reading.faults
