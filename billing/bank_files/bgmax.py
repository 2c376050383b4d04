"""BgMax, the file of Bankgirot: lines of 80 characters in ISO 8859-1, deposits with their payments.

Positions are those of Bankgirot's manual, counted from 1. A kind of record that is not known says nothing. What must
agree before the file is believed: the sum and number of payments of each deposit, and the four counts at the end.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from billing.bank_files.told import (
    LONGEST_NAME,
    LONGEST_TEXT,
    MOST_REFERENCES,
    Payment,
    Reason,
    Told,
    UnreadablePayments,
    cut,
    day,
    hold,
    key,
)
from billing.domain.errors import Code

_LONGEST_LINE: Final = 1_000
_BLOCK: Final = 500
_PAYMENT, _DEDUCTION, _REFERENCE, _NEGATIVE_REFERENCE = "20", "21", "22", "23"
#: What may stand in a file, of which each record says how many there are at its end.
_COUNTED: Final = {_PAYMENT: "20", _DEDUCTION: "21", _REFERENCE: "22", _NEGATIVE_REFERENCE: "22", "15": "15"}


@dataclass(slots=True)
class _Open:
    """A payment whose records are being read."""

    kind: str
    amount: int
    serial: str
    payer_giro: str
    references: list[str] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    name: str = ""


@dataclass(slots=True)
class _Deposit:
    """A section: what was paid to one giro number with one deposit."""

    to_giro: str
    currency: str
    payments: list[_Open] = field(default_factory=list)


class _Line:
    """One record, by positions from 1."""

    def __init__(self, number: int, text: str) -> None:
        self.number, self.kind, self._text = number, text[:2], text.ljust(80)

    def text(self, first: int, last: int) -> str:
        return self._text[first - 1 : last].strip()

    def digits(self, first: int, last: int) -> str:
        """What has to be a number.

        Raises:
            UnreadablePayments: it is none.
        """
        found = self._text[first - 1 : last]
        if not (found.isascii() and found.isdecimal()):
            where = f"{self.kind}: {first}–{last}"
            raise UnreadablePayments(Code.PAYMENT_FIELD, field=where, value=found[:40], line=self.number)
        return found


def is_bgmax(beginning: bytes) -> bool:
    """Whether a file begins as BgMax does."""
    return beginning.removeprefix(b"\xef\xbb\xbf").startswith(b"01BGMAX")


def read(stored: BinaryIO, told: Told) -> Iterator[list[Payment]]:
    """Yield the payments of a file, a deposit at a time; `told` is whole when they have ended.

    Raises:
        UnreadablePayments: the file is cut off or contradicts itself.
    """
    counts: Counter[str] = Counter()
    deposit: _Deposit | None = None
    last = _Line(0, "")
    for line in _lines(stored):
        _follows(line, last)
        counts[_COUNTED.get(line.kind, "")] += 1
        match line.kind:
            case "01":
                _begin(line, told)
            case "05":
                deposit = _Deposit(line.text(3, 12).lstrip("0"), line.text(23, 25) or "SEK")
            case "15" if deposit is not None:
                yield _closed(deposit, line, told)
                deposit = None
            case _ if deposit is not None:
                _add(deposit, line)
        last = line
    _ended(last, counts, is_open=deposit is not None)


def _follows(line: _Line, last: _Line) -> None:
    """Nothing comes before the first record, nor after the last."""
    if last.kind == "70" or (line.kind == "01") != (last.number == 0):
        raise UnreadablePayments(Code.PAYMENT_FILE_CUT, field=line.kind, value="", line=line.number)


def _ended(last: _Line, counts: Counter[str], *, is_open: bool) -> None:
    if last.kind != "70" or is_open:
        raise UnreadablePayments(Code.PAYMENT_FILE_CUT, field="70", value="", line=last.number)
    for kind, first in (("20", 3), ("21", 11), ("22", 19), ("15", 27)):
        hold(f"70: {kind}", told=int(last.digits(first, first + 7)), found=counts[kind], where="70")


def _lines(stored: BinaryIO) -> Iterator[_Line]:
    number = 0
    while raw := stored.readline(_LONGEST_LINE):
        number += 1
        text = raw.decode("iso-8859-1").rstrip("\r\n\x1a")
        if text.strip():
            yield _Line(number, text)


def _begin(line: _Line, told: Told) -> None:
    if line.text(3, 22) != "BGMAX":
        raise UnreadablePayments(Code.PAYMENT_FILE_CUT, field="01", value="", line=line.number)
    if line.text(45, 45) == "T":
        raise UnreadablePayments(Code.PAYMENT_FILE_TEST, field="01: 45", value="T")
    told.form = "BgMax"


def _add(deposit: _Deposit, line: _Line) -> None:
    """A record within a section. Names are of the payment above them, and a payment may have none."""
    open_ = deposit.payments[-1] if deposit.payments else None
    if line.kind in (_PAYMENT, _DEDUCTION):
        amount = int(line.digits(38, 55))
        found = _Open(line.kind, amount, line.text(58, 69), line.text(3, 12).lstrip("0"))
        if reference := line.text(13, 37):
            found.references.append(reference)
            found.parts.append(amount)
        deposit.payments.append(found)
    elif open_ is not None and line.kind in (_REFERENCE, _NEGATIVE_REFERENCE):
        if (reference := line.text(13, 37)) and len(open_.references) < MOST_REFERENCES:
            sign = -1 if line.kind == _NEGATIVE_REFERENCE else 1
            open_.references.append(reference)
            open_.parts.append(sign * int(line.digits(38, 55)))
    elif open_ is not None and line.kind == "25" and len(open_.text) < MOST_REFERENCES:
        open_.text.append(line.text(3, 52))
    elif open_ is not None and line.kind == "26":
        open_.name = line.text(3, 37)


def _closed(deposit: _Deposit, line: _Line, told: Told) -> list[Payment]:
    """A section has ended: its sum and number have to be those of its payments."""
    paid_on = day(f"{line.text(38, 41)}-{line.text(42, 43)}-{line.text(44, 45)}", field="15: 38–45")
    where = f"{deposit.to_giro} {line.text(46, 50)}"
    total = sum(-each.amount if each.kind == _DEDUCTION else each.amount for each in deposit.payments)
    hold("15: 51–68", told=int(line.digits(51, 68)), found=total, where=where)
    hold("15: 72–79", told=int(line.digits(72, 79)), found=len(deposit.payments), where=where)
    hold("15: 69–71", told=line.text(69, 71) or deposit.currency, found=deposit.currency, where=where)
    payments: list[Payment] = []
    for each in deposit.payments:
        if each.amount == 0:
            told.leave_out(Reason.NOTHING, deposit.currency, 0)
            continue
        payments.append(_payment(each, deposit, paid_on, told.payments + 1))
        told.add(payments[-1])
    return payments


def _payment(each: _Open, deposit: _Deposit, paid_on: str, number: int) -> Payment:
    sign = -1 if each.kind == _DEDUCTION else 1
    # Further references have an amount only by a special agreement: then they are the parts of the payment.
    shared = each.parts[1:] if len(each.parts) > 1 and sum(each.parts[1:]) == each.amount else []
    references = each.references[1:] if shared else each.references
    return Payment(
        entry=number,
        key=key("BgMax", deposit.to_giro, each.serial, each.kind, paid_on, each.amount),
        item=0,
        amount=sign * each.amount,
        currency=deposit.currency,
        paid_on=paid_on,
        to_account=deposit.to_giro,
        references=references,
        parts=[sign * part for part in shared],
        text=cut(" ".join(each.text), LONGEST_TEXT),
        payer_name=cut(each.name, LONGEST_NAME),
        payer_account=each.payer_giro,
    )
