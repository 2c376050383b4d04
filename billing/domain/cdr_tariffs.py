"""The tariffs of a line: read once per distinct text, and which of them prices each period.

A peer sends the same few tariff objects with thousands of CDRs, so a set of tariffs is remembered by its text. A
period names its tariff by id (compared without regard to case, as OCPI's CiString asks); where an id occurs twice, the
one valid at the start of the session is meant. If no period of a CDR names a tariff, the first valid one is taken and
flagged (OCPI 2.1.1 has no such field, there it is the rule); if only some do, the others have no tariff and cost
nothing, flagged too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np

from billing.domain.cdr import Cdr, Line, Period
from billing.domain.columns import NO_TARIFF, Flag, Ints
from billing.domain.documents import Document, bad, instant, sequence
from billing.domain.errors import BillingError, TariffError
from billing.domain.tariff import Tariff, parse_tariff

_ABSENT: Final = (b"", b"null")
#: Prices keep the digits that were written.
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class TariffSet:
    """The tariffs of some lines, ready for the kernel."""

    tariffs: tuple[Tariff, ...]

    def named(self, tariff_id: str | None, start: str) -> int:
        """The index of the tariff with this id that is valid at `start`; beyond the last if there is none."""
        if tariff_id is None:
            return NO_TARIFF
        wanted = tariff_id.casefold()
        places = [place for place, one in enumerate(self.tariffs) if one.id.casefold() == wanted]
        return next(
            (place for place in places if self._valid(place, start)), places[0] if places else len(self.tariffs)
        )

    def first_valid(self, start: str) -> int:
        """The first tariff valid at `start`, or the first of all."""
        return next((place for place in range(len(self.tariffs)) if self._valid(place, start)), 0)

    def _valid(self, place: int, start: str) -> bool:
        try:
            return self.tariffs[place].valid_at(instant(start, "start_date_time"))
        except BillingError:
            return False


def key_of(line: Line) -> tuple[bytes, bool]:
    """The text of a line's tariffs, and whether they are of OCPI 2.1.1."""
    for found in (line.tariff, line.tariffs, line.cdr.tariffs):
        text = bytes(found)
        if text not in _ABSENT:
            return text, line.cdr.is_211
    return b"", line.cdr.is_211


@lru_cache(maxsize=4096)
def read_set(key: tuple[bytes, bool]) -> TariffSet | BillingError:
    """The tariffs of this text, or the error that they are."""
    text, is_211 = key
    if not text:
        return TariffError("The line has no tariff.", field="tariff")
    document = _decoder.decode(text)
    try:
        if isinstance(document, dict):
            return TariffSet((_parsed(document, "tariff", is_211=is_211),))
        listed = sequence(document, "tariffs")
        if not listed:
            raise bad("tariffs", listed, "a list with at least one tariff")
        return TariffSet(tuple(_parsed(one, f"tariffs[{place}]", is_211=is_211) for place, one in enumerate(listed)))
    except BillingError as problem:
        return problem


def _parsed(document: Document, path: str, *, is_211: bool) -> Tariff:
    """One tariff; an error names the field's path from the line on."""
    try:
        return parse_tariff(document, has_vat=not is_211)
    except BillingError as problem:
        problem.field = f"{path}.{problem.field}"
        problem.message = f"{path}.{problem.message}"
        raise


def assign(tariffs: TariffSet, cdrs: Sequence[Cdr], periods: Sequence[Period]) -> tuple[Ints | None, Ints]:
    """The tariff of every period by index (None: all by the only one), and what is to be flagged of each CDR."""
    flags = np.zeros(len(cdrs), dtype=np.int64)
    names = {period.tariff_id for period in periods}
    if len(tariffs.tariffs) == 1 and names == {tariffs.tariffs[0].id}:
        return None, flags
    chosen: list[int] = []
    for place, cdr in enumerate(cdrs):
        named = [period.tariff_id for period in cdr.charging_periods]
        if any(name is not None for name in named):
            chosen += [tariffs.named(name, cdr.start_date_time) for name in named]
        else:
            chosen += [tariffs.first_valid(cdr.start_date_time)] * len(named)
            flags[place] |= 0 if cdr.is_211 else Flag.TARIFF_ASSUMED
    return np.array(chosen, dtype=np.int64), flags
