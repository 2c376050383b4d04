"""What Skatteverket is told of the sales: the VAT return (eSKDUpload 6.0) and the EC sales list (SKV 574008).

Amounts are whole kronor, öre dropped towards zero. Box 49 is what the other boxes come to as they are written, and the
boxes of the EC sales list (35, 39) are the sums of its rows, so that the two files and the form agree. Electricity that
a dealer in another member state accounts for, and electricity sold at another country's VAT, stand in the box that the
operator chooses (`BOXES_ABROAD`): the law does not say it plainly. Fees to businesses there are services (39).

Of purchases hosts' own invoices are known alone: input VAT (48) is theirs and what the operator says beside it, and no
box of purchases is written.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from billing.documents import categories
from billing.domain.errors import BillingError, Code
from tenants.company_numbers import compact

#: The boxes that are written, in the order that the file asks for.
ELEMENTS: Final = {
    "05": "ForsMomsEjAnnan",
    "35": "ForsVaruAnnatEg",
    "36": "ForsVaruUtomEg",
    "39": "ForsTjSkskAnnatEg",
    "40": "ForsTjOvrUtomEg",
    "42": "ForsOvrigt",
    "10": "MomsUtgHog",
    "11": "MomsUtgMedel",
    "12": "MomsUtgLag",
    "48": "MomsIngAvdr",
    "49": "MomsBetala",
}
BOXES_ABROAD: Final = ("42", "36", "40", "35")
_VAT_BOXES: Final = {Decimal(25): "10", Decimal(12): "11", Decimal(6): "12"}
_DOCTYPE: Final = (
    '<!DOCTYPE eSKDUpload PUBLIC "-//Skatteverket, Sweden//DTD Skatteverket eSKDUpload-DTD Version 6.0//SV"'
    ' "https://www1.skatteverket.se/demoeskd/eSKDUpload_6p0.dtd">'
)
_ENCODING: Final = "ISO-8859-1"
#: What both files are written in.
CURRENCY: Final = "SEK"
LONGEST_NAME, LONGEST_PHONE = 35, 17

Row = Mapping[str, Any]


def boxes(
    vat: Iterable[Row], sales: Iterable[Row], *, abroad: str = BOXES_ABROAD[0], input_vat: int = 0
) -> dict[str, int]:
    """What stands in each box, of the rows of the tables `VAT_BY_COUNTRY` and `EC_SALES`.

    Raises:
        BillingError: something was sold in another currency.
    """
    exact: dict[str, Decimal] = {}
    for row in vat:
        _in_kronor(row)
        for box, amount in _of_rate(row, abroad):
            exact[box] = exact.get(box, Decimal(0)) + amount
    found = {box: int(amount) for box, amount in exact.items()}
    told = list(ec_rows(sales, abroad=abroad))
    found["39"] = sum(services for _number, _goods, services in told)
    found[abroad] = found.get(abroad, 0) + sum(goods for _number, goods, _services in told)
    found["48"] = input_vat
    found["49"] = sum(found.get(box, 0) for box in ("10", "11", "12")) - input_vat
    return {box: found.get(box, 0) for box in ELEMENTS if found.get(box) or box == "49"}


def _of_rate(row: Row, abroad: str) -> list[tuple[str, Decimal]]:
    """The boxes that a rate stands in; what a buyer abroad accounts for stands by buyer in the other table."""
    rate, category = row["vat_rate"], row["category"]
    if category == categories.STANDARD and rate in _VAT_BOXES and not row.get("country"):
        return [("05", row["amount_excl_vat"]), (_VAT_BOXES[rate], row["vat"])]
    if category == categories.STANDARD:
        return [(abroad, row["amount_excl_vat"])]
    return [("42", row["amount_excl_vat"])] if category in (categories.EXEMPT, categories.ZERO) else []


def ec_rows(sales: Iterable[Row], *, abroad: str = BOXES_ABROAD[0]) -> Iterable[tuple[str, int, int]]:
    """VAT number, goods and services of each buyer in whole kronor.

    Raises:
        BillingError: something was sold in another currency.
    """
    for row in sales:
        _in_kronor(row)
        yield row["vat_number"], int(row["goods"]), int(row["services"])


def whole_kronor(amounts: Mapping[str, Decimal]) -> int:
    """The amount, by currency, in whole kronor.

    Raises:
        BillingError: some of it is in another currency.
    """
    for currency in amounts:
        _in_kronor({"currency": currency})
    return int(amounts.get(CURRENCY, Decimal(0)))


def _in_kronor(row: Row) -> None:
    if row["currency"] != CURRENCY:
        raise BillingError(Code.RETURN_IN_KRONOR, field="currency", value=row["currency"])


def vat_return(found: Mapping[str, int], *, organisation_number: str, last_day: date, text: str = "") -> bytes:
    """The VAT return of the period that ends on the day."""
    root = etree.Element("eSKDUpload", Version="6.0")
    number = compact(organisation_number)
    etree.SubElement(root, "OrgNr").text = f"{number[:6]}-{number[6:]}"
    vat = etree.SubElement(root, "Moms")
    etree.SubElement(vat, "Period").text = f"{last_day:%Y%m}"
    for box, name in ELEMENTS.items():
        if box in found:
            etree.SubElement(vat, name).text = str(found[box])
    if text:
        etree.SubElement(vat, "TextUpplysningMoms").text = text
    written = etree.tostring(root, xml_declaration=True, encoding=_ENCODING, doctype=_DOCTYPE, pretty_print=True)
    return bytes(written)  # type: ignore[arg-type]  # in this encoding it is no text


def ec_list(
    sales: Iterable[Row], *, vat_number: str, days: tuple[date, date], name: str, phone: str, email: str, abroad: str
) -> bytes:
    """The EC sales list of a month or a quarter. Goods are in it where they stand in box 35.

    Raises:
        BillingError: the days are neither a month nor a quarter, or something was sold in another currency.
    """
    number = compact(vat_number)
    head = [number, period(days), _plain(name)[:LONGEST_NAME], _phone(phone), _plain(email)]
    rows = (
        f"{buyer};{goods if abroad == '35' and goods else ''};;{services or ''};"
        for buyer, goods, services in ec_rows(sales)
        if services or (goods and abroad == "35")
    )
    return "\r\n".join(["SKV574008;", ";".join(head), *rows, ""]).encode(_ENCODING, "replace")


def period(days: tuple[date, date]) -> str:
    """A month as `2611`, a quarter as `26-4`."""
    first, last = days
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%y%m}"
    if first.year == last.year and first.month % 3 == 1 and last.month == first.month + 2:
        return f"{first:%y}-{last.month // 3}"
    raise BillingError(Code.RETURN_PERIOD, field="days", value=f"{first}–{last}")


def _plain(text: str) -> str:
    return " ".join(text.replace(";", ",").split())


def _phone(text: str) -> str:
    """Digits, with a hyphen or a plus where they were."""
    return "".join(sign for sign in text if sign.isdecimal() or sign in "+-")[:LONGEST_PHONE]
