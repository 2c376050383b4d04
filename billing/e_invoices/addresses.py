"""Where an e-invoice is sent to and from: addresses in the Peppol network, made of organisation and VAT numbers.

The schemes are those of the code list "Electronic Address Scheme" (EAS). Where businesses of a country are found by
their organisation number it is that, elsewhere their VAT number.
"""

from typing import Final, NamedTuple

GLN: Final = "0088"
BY_ORGANISATION: Final = {"SE": "0007", "NO": "0192", "DK": "0184"}
BY_VAT: Final = {
    "AT": "9914",
    "BE": "9925",
    "BG": "9926",
    "CH": "9927",
    "CY": "9928",
    "CZ": "9929",
    "DE": "9930",
    "EE": "9931",
    "EL": "9933",
    "ES": "9920",
    "FI": "0213",
    "FR": "9957",
    "GB": "9932",
    "HR": "9934",
    "HU": "9910",
    "IE": "9935",
    "IT": "0211",
    "LI": "9936",
    "LT": "9937",
    "LU": "9938",
    "LV": "9939",
    "MT": "9943",
    "NL": "9944",
    "PL": "9945",
    "PT": "9946",
    "RO": "9947",
    "SI": "9949",
    "SK": "9950",
}


class Address(NamedTuple):
    """An address in the network (BT-34, BT-49): the scheme says what the number is."""

    scheme: str
    number: str


def address(country: str, organisation_number: str, vat_number: str, gln: str = "") -> Address | None:
    """The address of a business; None where its numbers give none. All are written plainly, in capitals.

    gln: of a part of it that is found by its own number.
    """
    if gln:
        return Address(GLN, gln)
    scheme = BY_ORGANISATION.get(country)
    if scheme is not None:
        return Address(scheme, organisation_number) if organisation_number else None
    scheme = BY_VAT.get(vat_number[:2])
    return Address(scheme, vat_number) if scheme else None
