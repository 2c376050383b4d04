"""Countries and languages by their names in the reader's language (CLDR), where codes are stored."""

import unicodedata
from functools import cache

from babel import Locale
from django.utils.translation import get_language

#: Of CLDR's territories with two letters, those that are no country: unions, inventions, the unknown one.
_NO_COUNTRY = frozenset(["EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"])
#: Letters of their own, after z: whatever else has an accent stands with its letter.
_LAST = {"Å": "zzå", "Ä": "zzä", "Ö": "zzö"}


def country(code: str) -> str:
    """The country's name; the code itself where there is no such country."""
    return str(_locale().territories.get(code, code))


def language(code: str) -> str:
    """The language's name as it stands within a sentence."""
    return str(_locale().languages.get(code, code))


def countries() -> list[tuple[str, str]]:
    """Every country as (code, name), by name."""
    return _countries(get_language() or "en")


@cache
def _countries(tongue: str) -> list[tuple[str, str]]:
    named = Locale.parse(tongue).territories.items()
    found = [(code, name) for code, name in named if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRY]
    return sorted(found, key=lambda row: _rank(row[1], tongue))


def _rank(name: str, tongue: str) -> str:
    upper = name.upper()
    if tongue == "sv":
        upper = "".join(_LAST.get(letter, letter) for letter in upper)
    return "".join(letter for letter in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(letter))


def _locale() -> Locale:
    return Locale.parse(get_language() or "en")
