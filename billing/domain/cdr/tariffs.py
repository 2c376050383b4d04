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
from typing import Final, Self

import msgspec
import numpy as np

from billing.domain.arrays import Ints
from billing.domain.cdr.decoded import Cdr, Line
from billing.domain.documents import Document, Wanted, bad, instant, sequence
from billing.domain.errors import BillingError
from billing.domain.kernel.plan import asks_clock, plan_for
from billing.domain.sessions.columns import NO_TARIFF, Flag
from billing.domain.tariff.model import Tariff, parse_tariff

_ABSENT: Final = (b"", b"null")
#: Prices keep the digits that were written.
_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)


#: Tariffs of more decimals, or whose prices include VAT, are priced apart, because finer units make every amount of a
#: batch larger.
_FINE: Final = 6
#: An index that no tariff has.
_NO_SUCH: Final = 2**30


@dataclass(frozen=True, slots=True)
class TariffSet:
    """The tariffs of some lines, ready for the kernel.

    `by_id` has the ids that occur once; `kind` tells which sets may be priced in one batch; `asks_clock` whether a
    price depends on local time.
    """

    tariffs: tuple[Tariff, ...]
    by_id: dict[str | None, int]
    kind: tuple[bool, bool, bool]
    asks_clock: bool

    @classmethod
    def of(cls, tariffs: tuple[Tariff, ...]) -> Self:
        ids = [one.id for one in tariffs]
        digits = [plan_for((one,)).price_digits for one in tariffs]
        return cls(
            tariffs=tariffs,
            by_id={one: number for number, one in enumerate(ids) if ids.count(one) == 1},
            kind=(tariffs[0].has_vat, max(digits) > _FINE, any(one.tax_included for one in tariffs)),
            asks_clock=any(asks_clock(plan_for((one,))) for one in tariffs),
        )

    def named(self, tariff_id: str | None, start: str) -> int:
        """The index of the tariff with this id that is valid at `start`; `_NO_SUCH` if there is none."""
        if tariff_id is None:
            return NO_TARIFF
        wanted = tariff_id.casefold()
        numbers = [number for number, one in enumerate(self.tariffs) if one.id.casefold() == wanted]
        return next((number for number in numbers if self._valid(number, start)), numbers[0] if numbers else _NO_SUCH)

    def first_valid(self, start: str) -> int:
        """The first tariff valid at `start`, or the first of all."""
        return next((number for number in range(len(self.tariffs)) if self._valid(number, start)), 0)

    def _valid(self, number: int, start: str) -> bool:
        try:
            return self.tariffs[number].valid_at(instant(start, "start_date_time"))
        except BillingError:
            return False


def key_of(line: Line) -> tuple[bytes, bool]:
    """The text of a line's tariffs, and whether they are of OCPI 2.1.1."""
    cdr = line.cdr
    for found in (line.tariff, line.tariffs, cdr.tariffs):
        text = bytes(found)
        if text not in _ABSENT:
            return text, cdr.is_211
    return b"", cdr.is_211


def read_set(key: tuple[bytes, bool]) -> TariffSet:
    """The tariffs of this text.

    Raises:
        BillingError: they cannot be read.
    """
    found = _read_set(key)
    if isinstance(found, BillingError):
        raise found.with_traceback(None)  # one remembered error, raised for many lines
    return found


@lru_cache(maxsize=4096)
def _read_set(key: tuple[bytes, bool]) -> TariffSet | BillingError:
    """The same, remembered: an error too, so that a broken tariff is not read a thousand times."""
    text, is_211 = key
    if not text:
        return bad("tariff", None, Wanted.TARIFF)
    document = _decoder.decode(text)
    try:
        if isinstance(document, dict):
            return TariffSet.of((_parsed(document, "tariff", is_211=is_211),))
        listed = sequence(document, "tariffs")
        if not listed:
            raise bad("tariffs", listed, Wanted.TARIFFS)
        parsed = (_parsed(one, f"tariffs[{number}]", is_211=is_211) for number, one in enumerate(listed))
        return TariffSet.of(tuple(parsed))
    except BillingError as problem:
        return problem


def _parsed(document: Document, path: str, *, is_211: bool) -> Tariff:
    """One tariff; an error names the field's path from the line on."""
    try:
        return parse_tariff(document, has_vat=not is_211)
    except BillingError as problem:
        problem.within(path)
        raise


def assign(sets: Sequence[TariffSet], begins: Sequence[int], cdrs: Sequence[Cdr]) -> tuple[Ints, Ints]:
    """The tariff of every period by index, and what is to be flagged of each CDR.

    `begins` is where the tariffs of each CDR's set begin among all tariffs of the batch.
    """
    chosen: list[int] = []
    flags = np.zeros(len(cdrs), dtype=np.int64)
    for number, (tariffs, begin, cdr) in enumerate(zip(sets, begins, cdrs, strict=True)):
        by_id = tariffs.by_id
        try:
            chosen += [begin + by_id[period.tariff_id] for period in cdr.charging_periods]
        except KeyError:
            found, flags[number] = _search(tariffs, cdr)
            chosen += [index if index == NO_TARIFF else begin + index for index in found]
    return np.array(chosen, dtype=np.int64), flags


def _search(tariffs: TariffSet, cdr: Cdr) -> tuple[list[int], int]:
    """The tariff of each period of a CDR that does not simply name them, and its flags."""
    named = [period.tariff_id for period in cdr.charging_periods]
    if any(name is not None for name in named):
        return [tariffs.named(name, cdr.start_date_time) for name in named], Flag.NONE
    assumed = Flag.NONE if cdr.is_211 else Flag.TARIFF_ASSUMED
    return [tariffs.first_valid(cdr.start_date_time)] * len(named), assumed
