"""Organisation and VAT numbers: written plainly, and checked by the rules of their country (python-stdnum).

That a number has the right form and check digits, not that anybody has it. A country whose rules are not known has its
numbers taken as they are.
"""

import re
from importlib import import_module
from typing import Final

from stdnum.exceptions import ValidationError
from stdnum.util import clean

from tenants.errors import Code, Refused

# A sole trader in Sweden is registered by their personal number.
_ORGANISATIONS = {
    "CH": ("ch.uid",),
    "DK": ("dk.cvr",),
    "EE": ("ee.registrikood",),
    "FI": ("fi.ytunnus",),
    "FR": ("fr.siren", "fr.siret"),
    "NO": ("no.orgnr",),
    "SE": ("se.orgnr", "se.personnummer"),
}
#: What VAT numbers begin with where it is not the country's own two letters.
PREFIXES = {"GR": "EL"}
#: The member states of the union.
UNION = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
#: Letters of others that a country's VAT numbers may have as well: Northern Ireland's, in trade with the union, and
#: Switzerland's, whose territory for VAT is Liechtenstein's too.
_ALSO: Final = {"GB": ("XI",), "LI": ("CH",)}
_VAT_OUTSIDE_THE_EU = {"NO": "no.mva", "CH": "ch.vat", "GB": "gb.vat"}
#: Five digits, without a check digit.
_LIECHTENSTEIN: Final = re.compile(r"LI[0-9]{5}")


def compact(number: str) -> str:
    """The number without the signs that people put into it, in capitals: `se 556036-0793 01` is `SE556036079301`."""
    return str(clean(number, " -–./")).strip().upper()


def written(number: str, country: str) -> str:
    """An organisation number as people of the country write it: `556036-0793` in Sweden; others as they are kept."""
    plain = compact(number)
    if country.upper() == "SE" and plain.isdecimal() and len(plain) in (10, 12):
        return f"{plain[:-4]}-{plain[-4:]}"
    return number


def organisation(number: str, *, country: str) -> str:
    """The organisation number, written plainly; empty stays empty.

    Raises:
        Refused: it is none of the country's.
    """
    plain = compact(number)
    rules = _ORGANISATIONS.get(country.upper(), ())
    if plain and rules and not any(_holds(rule, plain) for rule in rules):
        raise Refused(
            Code.ORGANISATION_NUMBER_WRONG, field="organisation_number", number=number, country=country.upper()
        )
    return plain


def vat(number: str) -> str:
    """The VAT number with the two letters of its country, written plainly; empty stays empty.

    Raises:
        Refused: it begins with no country's letters, or does not follow that country's rules.
    """
    plain = compact(number)
    # Norwegians write the letters after the number.
    if plain.endswith("MVA") and plain[:9].isdecimal():
        plain = f"NO{plain}"
    # Who types the letters of Greece by ISO 3166 means its number all the same; documents and VIES know it by EL alone.
    if plain[:2] in PREFIXES:
        plain = PREFIXES[plain[:2]] + plain[2:]
    if plain and not _follows_its_country(plain):
        raise Refused(Code.VAT_NUMBER_WRONG, field="vat_number", number=number)
    return plain


def vat_of(country: str, number: str) -> bool:
    """Whether a VAT number, written plainly, is the country's."""
    country = country.upper()
    return number[:2] in (PREFIXES.get(country, country), *_ALSO.get(country, ()))


def _follows_its_country(number: str) -> bool:
    if number.startswith("LI"):
        return _LIECHTENSTEIN.fullmatch(number) is not None
    rule = _VAT_OUTSIDE_THE_EU.get(number[:2], "eu.vat")
    return _holds(rule, number.removeprefix("NO").removeprefix("GB"))


def gln(number: str) -> str:
    """The location number of GS1 by which a place or department is found, written plainly; empty stays empty.

    Raises:
        Refused: it does not have thirteen digits, the last of which fits the others.
    """
    plain = compact(number)
    if plain and not (len(plain) == 13 and _holds("ean", plain)):
        raise Refused(Code.GLN_WRONG, field="gln", number=number)
    return plain


def _holds(rule: str, number: str) -> bool:
    try:
        import_module(f"stdnum.{rule}").validate(number)
    except ValidationError:
        return False
    return True
