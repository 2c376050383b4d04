"""What a file of payments tells: payments, what it tells besides, and how the sums it names are held against them.

Amounts are whole coins (minor units): 12550 is SEK 125.50.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final, Self

from billing.domain import money
from billing.domain.errors import BillingError, Code
from tenants.bounds import tidy

#: Digits of an amount, more than which no bank books.
MOST_DIGITS: Final = 15
#: How much is kept of what a payer wrote.
LONGEST_TEXT, LONGEST_NAME, LONGEST_REFERENCE = 500, 140, 140
#: More references than these are no list of invoices.
MOST_REFERENCES: Final = 200
#: No operator is paid to more accounts than these in one file.
MOST_ACCOUNTS: Final = 100
_AMOUNT: Final = re.compile(r"[+]?([0-9]{1,18})(?:\.([0-9]{0,10}))?")


class Reason(StrEnum):
    """Why something in a file is no incoming payment. Stored, so none changes; `portal.words.payments` says them."""

    OUTGOING = "outgoing"
    PENDING = "pending"
    REVERSAL = "reversal"
    BUNDLE = "bundle"
    NOTHING = "nothing"


class UnreadablePayments(BillingError):
    """A file of payments that cannot be read to its end, or that contradicts itself. Nothing of it is booked."""

    usual = Code.PAYMENT_FILE_UNKNOWN


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as a file tells it.

    entry, key: which booking of the bank's it belongs to, counted through the file, and what tells that booking from
        all others wherever it is told. item: its number within the booking.
    amount: negative for what was taken off or given back.
    references: what the payer gave, as written; parts: how much is for each, if that was told.
    """

    entry: int
    key: str
    item: int
    amount: int
    currency: str
    paid_on: str
    to_account: str = ""
    references: list[str] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    text: str = ""
    payer_name: str = ""
    payer_account: str = ""

    def to_json(self) -> list[Any]:
        """The values in the order of the fields."""
        return list(_VALUES(self))

    @classmethod
    def from_json(cls, values: Iterable[Any]) -> Self:
        """What `to_json` wrote."""
        return cls(*values)


_VALUES: Final = attrgetter(*(each.name for each in fields(Payment)))


@dataclass(slots=True)
class Told:
    """What a whole file comes to: its form, how many payments, their sums, and what was left out and why.

    A sum is in whole coins of its currency: {"SEK": 57500}; left out: {"outgoing": {"count": 2, "SEK": 9900}}.
    accounts: to which the money came.
    """

    form: str
    payments: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    accounts: list[str] = field(default_factory=list)

    def add(self, payment: Payment) -> None:
        """Count a payment.

        Raises:
            UnreadablePayments: it is to one account too many.
        """
        if payment.to_account and payment.to_account not in self.accounts:
            if len(self.accounts) >= MOST_ACCOUNTS:
                raise UnreadablePayments(Code.PAYMENT_FIELD, field="Acct", value=payment.to_account)
            self.accounts.append(payment.to_account)
        self.payments += 1
        self.sums[payment.currency] += payment.amount

    def leave_out(self, reason: str, currency: str, amount: int) -> None:
        """Count what is no payment."""
        counts = self.left_out.setdefault(reason, Counter())
        counts["count"] += 1
        counts[currency] += amount

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        left_out = {reason: dict(counts) for reason, counts in self.left_out.items()}
        return {
            "form": self.form,
            "payments": self.payments,
            "sums": dict(self.sums),
            "left_out": left_out,
            "accounts": self.accounts,
        }


def key(*parts: object) -> str:
    """What tells a booking from all others, short and of one length."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


def minor(text: str, currency: str, *, field: str) -> int:
    """An amount as written in XML, in whole coins.

    Raises:
        UnreadablePayments: it is no amount of this currency.
    """
    units = None
    if found := _AMOUNT.fullmatch(text):
        digits, decimals = money.minor_digits(currency), (found[2] or "").rstrip("0")
        if len(decimals) <= digits:
            units = int(found[1] + decimals.ljust(digits, "0"))
    if units is None or len(str(units)) > MOST_DIGITS:
        raise UnreadablePayments(Code.PAYMENT_FIELD, field=field, value=f"{text} {currency}"[:40])
    return units


def day(text: str, *, field: str) -> str:
    """A day as ISO 8601 has it, of a day or of a moment (then by the clock of the bank, as it wrote it).

    Raises:
        UnreadablePayments: there is no such day.
    """
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise UnreadablePayments(Code.PAYMENT_FIELD, field=field, value=text[:40]) from None


def cut(text: str, most: int) -> str:
    """Somebody's words on one line, without signs that no table takes."""
    fit = text if text.isascii() and text.isprintable() else tidy(text)
    return " ".join(fit.split())[:most]


def hold(what: str, *, told: object, found: object, where: str) -> None:
    """Refuse a file that says one thing and holds another.

    Raises:
        UnreadablePayments: naming both.
    """
    if told != found:
        raise UnreadablePayments(Code.PAYMENT_SUMS, field=what, value=told, found=str(found), where=where[:60])
