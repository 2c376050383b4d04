"""SIE 4I: vouchers for an accounting program, as the SIE group's format 4B says (type 4, vouchers only).

Bytes are code page 437. Signs that it lacks are written by others on purpose: a dash as a hyphen, € as EUR, a letter
with a mark as the bare letter. Texts have at most 50 signs, which is what the strictest of the programs takes.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Final

PROGRAM: Final = ("Wattledger", "1.0")
LONGEST_TEXT: Final = 50
#: The dimension that the format reserves for cost centres.
COST_CENTRE: Final = "1"
_INSTEAD: Final = str.maketrans(
    {"–": "-", "—": "-", "‑": "-", "−": "-", "’": "'", "‘": "'", "”": '"', "“": '"', "„": '"', "…": "...", "€": "EUR"}
    | {"×": "x", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D"}
)


#: Readers do not agree on how the checksum counts braces and backslashes within texts, so no text has any.
_NO_BRACES: Final = str.maketrans("{}\\", "()/")
_FIELD: Final = re.compile(rb'"((?:\\"|[^"])*)"|([^\s{}"]+)')


@dataclass(frozen=True, slots=True)
class Row:
    """An amount on an account, debit positive; `site` is the cost centre, if there is one."""

    account: str
    amount: Decimal
    site: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Voucher:
    """Rows of one day that come to nothing together."""

    series: str
    day: date
    text: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What one program takes of the format, beside what all of them do.

    instead: accounts that it books on by itself, and which one stands for them in a file of vouchers.
    has_checksum: not every program knows the record.
    """

    name: str
    instead: Mapping[str, str] = field(default_factory=dict)
    has_checksum: bool = False


#: All take texts of 50 signs, fields in quotes that are texts, and none around the fields of the head.
STANDARD: Final = "sie"
PROFILES: Final = {
    STANDARD: Profile("SIE 4I", has_checksum=True),
    "fortnox": Profile("Fortnox"),
    "visma": Profile("Visma eEkonomi, Spiris", instead={"1510": "1518"}),
    "bokio": Profile("Bokio"),
}


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the vouchers: who, when, and by number the accounts and sites that they name.

    years: the financial years that the days of the vouchers lie in, the last one first.
    """

    name: str
    organisation_number: str
    made_on: date
    accounts: dict[str, str]
    sites: dict[str, str]
    years: tuple[tuple[date, date], ...] = ()


class OutOfBalance(ValueError):
    """A voucher whose rows do not come to nothing: a fault of ours, never written."""


def lines(head: Head, vouchers: Iterable[Voucher], profile: Profile = PROFILES[STANDARD]) -> Iterator[bytes]:
    """The file, record by record; with a checksum it ends with that of what stands between its marks."""
    yield encoded("#FLAGGA 0")
    if not profile.has_checksum:
        yield from map(encoded, chain(_head(head), chain.from_iterable(map(_voucher, vouchers))))
        return
    yield encoded("#KSUMMA")
    checksum = 0
    for record in chain(_head(head), chain.from_iterable(map(_voucher, vouchers))):
        line = encoded(record)
        checksum = zlib.crc32(_counted(line), checksum)
        yield line
    yield encoded(f"#KSUMMA {checksum}")


def _counted(line: bytes) -> bytes:
    """What the checksum counts of a record: label and fields, without blanks between, quotes around them and braces."""
    return b"".join(quoted.replace(b'\\"', b'"') or plain for quoted, plain in _FIELD.findall(line))


def encoded(record: str) -> bytes:
    """A record in code page 437, with its line end."""
    return "".join(_sign(sign) for sign in record.translate(_INSTEAD)).encode("cp437", "replace") + b"\r\n"


def _sign(sign: str) -> str:
    if sign.isascii() or sign in _KNOWN:
        return sign
    bare = unicodedata.normalize("NFKD", sign)[0]
    return bare if bare.isascii() and bare.isprintable() else "?"


#: What code page 437 holds beyond ASCII, box drawings and the like left out.
_KNOWN: Final = frozenset(bytes(range(0x80, 0xA9)).decode("cp437"))


def _head(head: Head) -> Iterator[str]:
    yield f"#PROGRAM {' '.join(map(_text, PROGRAM))}"
    yield "#FORMAT PC8"
    yield f"#GEN {_day(head.made_on)}"
    yield "#SIETYP 4"
    if head.organisation_number:
        yield f"#ORGNR {head.organisation_number}"
    yield f"#FNAMN {_text(head.name)}"
    for back, (first, last) in enumerate(head.years):
        yield f"#RAR {-back} {_day(first)} {_day(last)}"
    for number, name in sorted(head.accounts.items()):
        yield f"#KONTO {number} {_text(name)}"
    if head.sites:
        yield f'#DIM {COST_CENTRE} "Kostnadsställe"'
    for number, name in sorted(head.sites.items()):
        yield f"#OBJEKT {COST_CENTRE} {_text(number)} {_text(name)}"


def _voucher(voucher: Voucher) -> Iterator[str]:
    if sum((row.amount for row in voucher.rows), Decimal(0)) != 0:
        raise OutOfBalance(voucher.text)
    yield f'#VER {_text(voucher.series)} "" {_day(voucher.day)} {_text(voucher.text)}'
    yield "{"
    for row in voucher.rows:
        named = f"{COST_CENTRE} {_text(row.site)}" if row.site else ""
        yield f"#TRANS {row.account} {{{named}}} {row.amount:.2f} {_day(voucher.day)} {_text(row.text)}"
    yield "}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _text(text: str) -> str:
    """A text as a field: one line, in quotes, none of its own open."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()).translate(_NO_BRACES)
    return '"{}"'.format(plain.translate(_INSTEAD)[:LONGEST_TEXT].rstrip().replace('"', '\\"'))
