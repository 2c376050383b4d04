"""The format of document numbers: a series, a fixed number of digits, and nothing that can repeat.

Numbers are taken by the issuing service under a lock, without gaps; here is only how a number is written and read.
A format such as `N{year}-{number:06}` keeps invoices of one series in order as text, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from billing.domain.errors import InvoiceError

_PREFIX: Final = re.compile(r"[A-Z0-9-]{0,12}")
_MAX_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How the numbers of a series look: prefix, then at least `digits` digits."""

    prefix: str = ""
    digits: int = 6

    def __post_init__(self) -> None:
        if not _PREFIX.fullmatch(self.prefix):
            message = f"A number prefix is up to 12 capital letters, digits and hyphens, not {self.prefix!r}."
            raise InvoiceError(message, field="prefix", value=self.prefix)
        if not 1 <= self.digits <= _MAX_DIGITS:
            message = f"A number has between 1 and {_MAX_DIGITS} digits, not {self.digits}."
            raise InvoiceError(message, field="digits", value=self.digits)

    def write(self, number: int) -> str:
        """The number as printed on the document. Numbers begin with 1; beyond the digits they just grow."""
        if number < 1:
            raise InvoiceError(f"A document number is at least 1, not {number}.", field="number", value=number)
        return f"{self.prefix}{number:0{self.digits}d}"

    def read(self, text: str) -> int:
        """The number behind a printed one.

        Raises:
            InvoiceError: the text is not a number of this series.
        """
        digits = text.removeprefix(self.prefix)
        if text.startswith(self.prefix) and digits.isascii() and digits.isdigit() and self._fits(digits):
            return int(digits)
        raise InvoiceError(f"{text!r} is not a number of the series {self.write(1)}.", field="number", value=text)

    def _fits(self, digits: str) -> bool:
        return int(digits) > 0 and self.write(int(digits)) == self.prefix + digits
