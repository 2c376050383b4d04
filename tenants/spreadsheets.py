"""What every file for a spreadsheet keeps to: one line end, one mark, and no text that would be run.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`; in Japanese and Chinese settings also with the
full-width forms. Where a cell begins is decided by the reader's machine, not by the file: with Sweden's settings a
file with commas is split at `;`, whatever is quoted. So a text is guarded at each place where some setting could begin
a cell. The guard is an apostrophe right before the sign. A plain number, also a negative one, stays a number.

The rule is written once, as regular expressions that mean the same to Python and to PostgreSQL.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

import polars as pl

#: Spreadsheets read a text file as UTF-8 only when it begins with this mark.
MARK: Final = "\ufeff"
LINE_END: Final = "\n"


def _starters() -> str:
    """Every sign that is one of `= + - @`, or becomes one where compatible forms are folded together."""
    signs = "=+-@\N{MINUS SIGN}\N{HYPHEN}"
    return signs + "".join(chr(at) for at in range(0x80, 0x10000) if unicodedata.normalize("NFKC", chr(at)) in signs)


def _unseen() -> str:
    """Every sign that does not show, and that a spreadsheet may drop before it looks: blanks, controls, marks."""
    return "".join(
        chr(code) for code in range(1, 0x10000) if unicodedata.category(chr(code)) in {"Cc", "Cf", "Zs", "Zl", "Zp"}
    )


def _class(signs: str) -> str:
    """Write the signs so that they stand in brackets, in ASCII alone."""
    return "".join(f"\\u{ord(sign):04x}" for sign in dict.fromkeys(signs))


_STARTERS: Final = _class(_starters())
_AHEAD: Final = _class(_unseen() + '"')
_SEPARATORS: Final = _class(";,|\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029")
RISKY: Final = f"((?:^|[{_SEPARATORS}])[{_AHEAD}]*)(?=[{_STARTERS}])"
_GUARDED: Final = f"((?:^|[{_SEPARATORS}])[{_AHEAD}]*)'([{_STARTERS}])"
NUMBER: Final = "[+\\u2212-]?[0-9][0-9 .,\\u00a0\\u202f]*([eE][+-]?[0-9]+)?"

_risky = re.compile(RISKY)
_number = re.compile(NUMBER)


def harmless(cell: object) -> object:
    """Return the cell; in a text each sign that could begin a formula gets an apostrophe before it."""
    if not isinstance(cell, str) or _number.fullmatch(cell):
        return cell
    return _risky.sub(r"\1'", cell.replace("\0", ""))  # no text of PostgreSQL holds that sign


def harmless_sql(sql: str) -> str:
    """Return the SQL of a text, guarded by the same rule. It holds no `%`, so it may stand in a query with values."""
    guarded = f"regexp_replace({sql}, '{RISKY}', '\\1''', 'g')"
    return f"CASE WHEN {sql} !~ '[{_STARTERS}]' OR {sql} ~ '^{NUMBER}$' THEN {sql} ELSE {guarded} END"


def csv_text(lines: Iterable[Sequence[object]], *, delimiter: str = ",") -> str:
    """Return the lines as CSV, every text made harmless."""
    text = StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=LINE_END)
    writer.writerows([harmless(cell) for cell in line] for line in lines)
    return text.getvalue()


def unguarded(texts: pl.Series) -> pl.Series:
    """Return a column of texts as they were before `harmless` guarded them."""
    if not texts.str.contains("'", literal=True).any():
        return texts
    return texts.str.replace_all(_GUARDED, "${1}${2}")
